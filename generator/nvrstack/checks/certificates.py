"""How the certificates stand: certbot's, as its keeper noted, and those that nvrstack keeps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from nvrstack.checks.noted import entry_of
from nvrstack.checks.verdict import Level, Verdict, in_words

OVERDUE = 0.25
"""The part of its life below which a certificate should have been renewed long since."""
RENEW_BELOW = 1 / 3
FIELDS = frozenset(
    {"result", "reason", "last_success", "next_attempt", "next_look", "not_before", "not_after"}
)


@dataclass(frozen=True)
class Life:
    """From when and until when a certificate is valid."""

    begins: datetime
    ends: datetime

    def left(self, now: datetime) -> timedelta:
        """How long it is still valid; negative once it is over."""
        return self.ends - now

    def part_left(self, now: datetime) -> float:
        """The part of its life that is to come."""
        return self.left(now) / (self.ends - self.begins)


def certbot_verdicts(
    names: tuple[str, ...], state: Mapping[str, Any] | None, now: datetime
) -> Iterator[Verdict]:
    """One verdict for each certificate that certbot keeps.

    `names` are those of the lineages, `state` what the keeper wrote into `state.json` (its `State`,
    by name), None when there is nothing to read yet.
    """
    for name in names:
        about = f"certificate {name}"
        noted = entry_of(state, "certificates", name, FIELDS)
        if noted is None:
            yield Verdict(
                about,
                Level.UNKNOWN,
                "certbot has not looked after it yet",
                "start it: docker compose up -d",
            )
            continue
        told = _attempt(noted, now)
        if noted["not_after"] is None:
            waiting = noted["result"] in {"never tried", "authority unreachable", "interrupted"}
            level = Level.WARNING if waiting else Level.PROBLEM
            yield Verdict(about, level, f"not there yet; {told}", _remedy(level))
            continue
        life = Life(_moment(noted["not_before"]), _moment(noted["not_after"]))
        level = _level(life, noted, now)
        yield Verdict(about, level, f"{_valid(life, now)}; {told}", _remedy(level))


def kept_verdict(name: str, life: Life | None, *, local: bool, now: datetime) -> Verdict:
    """The verdict on a certificate that `render` keeps: a local authority's, or one's own.

    `life` is None when there is none that can be read.
    """
    about = f"certificate {name}"
    remedy = (
        "run `nvrstack render`"
        if local
        else (
            "replace the files that certificate.chain_file and certificate.key_file name, then run "
            "`nvrstack render`"
        )
    )
    if life is None:
        return Verdict(about, Level.PROBLEM, "is not there, or damaged", remedy)
    part = life.part_left(now)
    level = Level.FINE if part >= RENEW_BELOW else Level.WARNING if part > 0 else Level.PROBLEM
    return Verdict(about, level, _valid(life, now), "" if level is Level.FINE else remedy)


def _level(life: Life, noted: Mapping[str, Any], now: datetime) -> Level:
    if life.part_left(now) < OVERDUE:
        return Level.PROBLEM
    return Level.FINE if noted["result"] == "ok" else Level.WARNING


def _valid(life: Life, now: datetime) -> str:
    left = life.left(now)
    if left <= timedelta(0):
        return f"ended {life.ends:%Y-%m-%d}"
    # Authorities let a certificate begin an hour before they issue it, so that hours tell nothing.
    days = (now - life.begins).days
    age = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
    return f"valid for {in_words(left)} more, until {life.ends:%Y-%m-%d}; issued {age}"


def _attempt(noted: Mapping[str, Any], now: datetime) -> str:
    words = f"{noted['result']}: {noted['reason']}" if noted["reason"] else noted["result"]
    if noted["result"] == "ok" and noted["last_success"] is not None:
        return f"looked after {in_words(now - _moment(noted['last_success']))} ago"
    wait = _moment(max(noted["next_attempt"], noted["next_look"])) - now
    when = f"; next attempt in {in_words(wait)}" if wait > timedelta(0) else ""
    return f"{words}{when}"


def _remedy(level: Level) -> str:
    return "" if level is Level.FINE else "docker compose logs certbot"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
