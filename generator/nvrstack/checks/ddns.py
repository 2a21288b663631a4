"""How dynamic DNS stands, as ddclient's keeper noted."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from nvrstack.checks.noted import entry_of
from nvrstack.checks.verdict import Level, Verdict, in_words

GOOD = "good"
FIELDS = frozenset({"result", "answer", "in_order", "last_success", "next_attempt"})
REMEDY = "docker compose logs ddclient"


def ddns_verdicts(
    names: tuple[str, ...], state: Mapping[str, Any] | None, now: datetime
) -> Iterator[Verdict]:
    """One verdict for each name that is told to the provider.

    `names` are those of the records, `state` is what `run.pl` wrote into `state.json`, None
    when there is nothing to read yet.
    """
    for name in names:
        about = f"dynamic DNS {name}"
        host = entry_of(state, "hosts", name, FIELDS)
        if host is None or not host["result"]:
            text = "was not told to the provider yet"
            yield Verdict(about, Level.UNKNOWN, text, "start it: docker compose up -d")
        elif host["result"] == GOOD:
            addresses = " and ".join(sorted((state or {}).get("addresses", {}).values()))
            ago = in_words(now - _moment(host["in_order"] or host["last_success"]))
            yield Verdict(about, Level.FINE, f"leads to {addresses}; in order {ago} ago")
        else:
            wait = _moment(host["next_attempt"]) - now
            then = f"; next attempt in {in_words(wait)}" if wait > timedelta(0) else ""
            text = f"{host['result']}: {host['answer']}{then}"
            yield Verdict(about, Level.PROBLEM, text, REMEDY)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
