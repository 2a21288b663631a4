"""Verdicts from recorded facts, one for each branch."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from nvrstack.checks.certificates import Life, certbot_verdicts, kept_verdict
from nvrstack.checks.ddns import ddns_verdicts
from nvrstack.checks.files import drift_verdict, version_verdicts
from nvrstack.checks.recordings import SampleDirectory, recording_verdicts
from nvrstack.checks.services import service_verdicts
from nvrstack.checks.verdict import in_words
from nvrstack.host.moonfire.sample_dirs import sample_directories
from nvrstack.surroundings import Service
from tests.unit.keeper import schedule

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = 86400.0
HOUR = 3600.0


def noted(**fields: Any) -> dict[str, Any]:
    """What certbot's keeper would have written of one certificate."""
    from dataclasses import asdict

    return {"certificates": {"nvr.example.com": asdict(schedule.State(**fields))}}


def issued(days_left: float, **fields: Any) -> dict[str, Any]:
    """The same for a ninety-day certificate."""
    ends = NOW.timestamp() + days_left * DAY
    return noted(not_before=ends - 90 * DAY, not_after=ends, **fields)


SECONDS = NOW.timestamp()
PORT = "port 80 of nvr.example.com does not answer from here"


@pytest.mark.parametrize(
    ("state", "level", "text", "remedy"),
    [
        (None, "unknown", "certbot has not looked after it yet", "docker compose up -d"),
        ({"certificates": {}}, "unknown", "not looked after it yet", "docker compose up -d"),
        # Damaged, or another version's.
        ({"certificates": []}, "unknown", "not looked after it yet", "docker compose up -d"),
        (
            {"certificates": {"nvr.example.com": {"result": "ok"}}},
            "unknown",
            "not looked after it yet",
            "docker compose up -d",
        ),
        (
            noted(result="not yet reachable", reason=PORT, next_look=SECONDS + 30),
            "problem",
            f"not there yet; not yet reachable: {PORT}; next attempt in less than a minute",
            "docker compose logs certbot",
        ),
        (
            noted(result="rate limited", reason="too many", next_attempt=SECONDS + 5 * HOUR),
            "problem",
            "not there yet; rate limited: too many; next attempt in 5 hours",
            "docker compose logs certbot",
        ),
        (
            noted(result="authority unreachable", reason="no route"),
            "warning",
            "not there yet; authority unreachable: no route",
            "docker compose logs certbot",
        ),
        (
            issued(63.5, result="ok", last_success=SECONDS - 3 * HOUR),
            "fine",
            "63 days more, until 2027-01-26; issued 26 days ago; looked after 3 hours ago",
            "",
        ),
        (
            issued(25, result="not yet reachable", reason=PORT, next_attempt=SECONDS + 90),
            "warning",
            f"until 2026-12-18; issued 65 days ago; not yet reachable: {PORT}; next attempt in",
            "docker compose logs certbot",
        ),
        (
            issued(20, result="refused", reason="caa"),
            "problem",
            "valid for 20 days more, until 2026-12-13; issued 70 days ago; refused: caa",
            "docker compose logs certbot",
        ),
        (
            issued(-2, result="ok", last_success=SECONDS),
            "problem",
            "ended 2026-11-21",
            "docker compose logs certbot",
        ),
    ],
)
def test_certbots_certificates(state: Any, level: str, text: str, remedy: str) -> None:
    (verdict,) = certbot_verdicts(("nvr.example.com",), state, NOW)
    assert verdict.about == "certificate nvr.example.com"
    assert verdict.level == level
    assert text in verdict.text
    assert remedy in verdict.remedy
    assert bool(remedy) == bool(verdict.remedy)


@pytest.mark.parametrize(
    ("days_left", "local", "level", "remedy"),
    [
        (396, True, "fine", ""),
        (100, True, "warning", "run `nvrstack render`"),
        (-1, True, "problem", "run `nvrstack render`"),
        (100, False, "warning", "replace the files"),
        (None, False, "problem", "replace the files"),
    ],
)
def test_certificates_that_nvrstack_keeps(
    days_left: float | None, local: bool, level: str, remedy: str
) -> None:
    life = None
    if days_left is not None:
        ends = NOW + timedelta(days=days_left)
        life = Life(ends - timedelta(days=397), ends)
    verdict = kept_verdict("nvr.home.arpa", life, local=local, now=NOW)
    assert verdict.level == level
    assert verdict.remedy.startswith(remedy)
    assert bool(verdict.remedy) == bool(remedy)


@pytest.mark.parametrize(
    ("hours", "words"), [(1, "today"), (25, "yesterday"), (240, "10 days ago")]
)
def test_when_a_certificate_was_issued(hours: int, words: str) -> None:
    begins = NOW - timedelta(hours=hours)
    life = Life(begins, begins + timedelta(days=90, minutes=1))
    verdict = kept_verdict("nvr.example.com", life, local=False, now=NOW)
    assert verdict.text.endswith(f"; issued {words}")


def told(**host: Any) -> dict[str, Any]:
    """What run.pl would have written of one name."""
    known = {"in_order": None, "last_success": None, "next_attempt": 0, "failures": 0}
    return {"addresses": {"ipv4": "203.0.113.9"}, "hosts": {"nvr": {**known, **host}}}


AGREE = {"verdict": "agree", "answer": "ns1.example.net", "since": SECONDS}
OTHER = {"verdict": "other", "answer": "ns1.example.net says 203.0.113.1", "since": SECONDS - 60}
SILENT = {"verdict": "unknown", "answer": "ns1.example.net timed out", "since": SECONDS}


@pytest.mark.parametrize(
    ("state", "level", "text"),
    [
        (None, "unknown", "was not told to the provider yet"),
        ({"hosts": {}}, "unknown", "was not told to the provider yet"),
        ({"hosts": []}, "unknown", "was not told to the provider yet"),
        ({"hosts": {"nvr": {"result": "good"}}}, "unknown", "was not told to the provider yet"),
        (
            told(result="good", answer="good 203.0.113.9", in_order=SECONDS - 130),
            "unknown",
            "the provider has 203.0.113.9; its name servers are not asked yet",
        ),
        (
            told(result="good", answer="", in_order=SECONDS - 130, name_servers=AGREE),
            "fine",
            "leads to 203.0.113.9, say its name servers; in order 2 minutes ago",
        ),
        (
            told(result="good", answer="", in_order=SECONDS, name_servers=OTHER),
            "unknown",
            (
                "the provider has 203.0.113.9, which its name servers do not say yet: "
                "ns1.example.net says 203.0.113.1"
            ),
        ),
        (
            told(
                result="good",
                answer="",
                in_order=SECONDS,
                name_servers={**OTHER, "since": SECONDS - 2 * HOUR},
            ),
            "problem",
            (
                "the provider has 203.0.113.9, which its name servers do not say for 2 hours: "
                "ns1.example.net says 203.0.113.1"
            ),
        ),
        (
            told(result="good", answer="", in_order=SECONDS, name_servers=SILENT),
            "unknown",
            (
                "the provider has 203.0.113.9; whether its name servers say so is not known: "
                "ns1.example.net timed out"
            ),
        ),
        (
            told(result="badauth", answer="badauth", next_attempt=SECONDS + 7 * HOUR),
            "problem",
            "badauth: badauth; next attempt in 7 hours",
        ),
        (told(result="no-address", answer="nobody says"), "problem", "no-address: nobody says"),
    ],
)
def test_dynamic_dns(state: Any, level: str, text: str) -> None:
    (verdict,) = ddns_verdicts(("nvr",), state, NOW)
    assert (verdict.about, verdict.level, verdict.text) == ("dynamic DNS nvr", level, text)
    assert bool(verdict.remedy) == (level != "fine" and "not asked yet" not in text)


def test_services() -> None:
    found = {
        "moonfire-nvr": Service("running", ""),
        "nginx": Service("running", "healthy"),
        "certbot": Service("running", "unhealthy", "no certificate yet: why"),
        "ddclient": Service("exited", ""),
    }
    expected = (*found, "further")
    verdicts = {v.about: v for v in service_verdicts(expected, found)}
    assert [v.level for v in verdicts.values()] == ["fine", "fine", "problem", "problem", "problem"]
    assert verdicts["certbot"].text == "unhealthy: no certificate yet: why"
    assert verdicts["certbot"].remedy == "docker compose logs certbot"
    assert verdicts["ddclient"].text == "exited"
    assert verdicts["further"].text == "not there"
    (starting,) = service_verdicts(("nginx",), {"nginx": Service("running", "starting")})
    assert (starting.level, starting.text) == ("fine", "running, its health is not known yet")


def test_without_an_engine_nothing_is_said_to_be_fine() -> None:
    assert {v.level for v in service_verdicts(("nginx", "certbot"), None)} == {"unknown"}


def test_files_and_versions() -> None:
    assert drift_verdict([], []).text == "as nvrstack.toml says"
    assert drift_verdict([], ["compose.yaml"]).text.endswith("edited by hand: compose.yaml")
    changed = drift_verdict(["nginx/nginx.conf"], [])
    assert (changed.level, changed.remedy.split()[1]) == ("warning", "render")
    (old,) = version_verdicts({"images.nginx": ("nginx:1.30.4", "nginx:1.30.6")})
    assert old.text == "nginx:1.30.4; this nvrstack knows nginx:1.30.6"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "less than a minute"),
        (59, "less than a minute"),
        (60, "a minute"),
        (119, "a minute"),
        (120, "2 minutes"),
        (2 * HOUR - 1, "119 minutes"),
        (2 * HOUR, "2 hours"),
        (2 * DAY, "2 days"),
    ],
)
def test_lengths_of_time(seconds: float, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


def recorded(**changes: Any) -> SampleDirectory:
    facts: dict[str, Any] = {
        "path": "/media/nvr",
        "last": NOW - timedelta(seconds=40),
        "holds_recordings": True,
        "free_bytes": 30 * 1024**3,
        "total_bytes": 900 * 1024**3,
    }
    return SampleDirectory(**{**facts, **changes})


@pytest.mark.parametrize(
    ("found", "level", "text", "remedy"),
    [
        (None, "unknown", "could not be told", "sudo nvrstack status"),
        ([], "warning", "no directory for recordings yet", "moonfire-nvr config"),
        ([recorded()], "fine", "begun less than a minute ago; 30 of 900 GiB free", ""),
        (
            [recorded(last=NOW - timedelta(minutes=6))],
            "problem",
            "last one begun 6 minutes ago",
            "docker compose logs moonfire-nvr",
        ),
        ([recorded(free_bytes=1024**3 - 1)], "warning", "1 of 900 GiB free", "retention"),
        (
            [recorded(holds_recordings=False, last=NOW - timedelta(days=3))],
            "warning",
            "nothing is recorded here yet",
            "let a stream record",
        ),
    ],
)
def test_recordings(
    found: list[SampleDirectory] | None, level: str, text: str, remedy: str
) -> None:
    (verdict,) = recording_verdicts(found, NOW)
    assert verdict.about.startswith("recordings")
    assert verdict.level == level
    assert text in verdict.text
    assert remedy in verdict.remedy
    assert bool(remedy) == bool(verdict.remedy)


def test_directories_of_recordings_are_found_where_moonfire_left_its_mark(tmp_path: Path) -> None:
    state, disk, empty = tmp_path / "state", tmp_path / "disk", tmp_path / "empty"
    for path in (state / "sample", disk, empty / "a" / "b" / "c"):
        path.mkdir(parents=True)
        (path / "meta").write_bytes(b"\0" * 512)
    (disk / "0000000100000002").touch()
    # What lies beside the recordings is not looked through.
    (disk / "sub").mkdir()
    (disk / "sub" / "meta").touch()
    found = sample_directories([state, disk, empty, tmp_path / "absent"])
    assert found is not None
    assert [(seen.path, seen.holds_recordings) for seen in found] == [
        (disk, True),
        (state / "sample", False),
    ]
    assert found[0].free_bytes <= found[0].total_bytes
