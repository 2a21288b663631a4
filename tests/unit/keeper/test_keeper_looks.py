"""certbot's keeper over days: restarts, outages, changed wishes, retired lineages."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.keeper import asking, keeper, schedule
from tests.unit.letsencrypt import lineage

START = 1.7e9
HOUR = 3600
DOWN = schedule.Obstacle(schedule.UNREACHABLE, "down", certain=True)
CLOSED = schedule.Obstacle(schedule.NOT_READY, "port 80 is closed", certain=False)


@dataclass
class World:
    """The keeper's surroundings: a clock, the authority, certbot, and the rendered wishes."""

    folder: Path
    now: float = START
    authority: schedule.Obstacle | None = None
    challenge: schedule.Obstacle | None = None
    code: int = 0
    """certbot's exit code."""
    ran: list[str] = field(default_factory=list)
    """The names that certbot was asked for."""
    keeper: Any = None

    def want(self, *names: str, **common: Any) -> None:
        """Render other wishes."""
        data = {
            "server": "s",
            "email": None,
            "key_type": "rsa",
            "authenticator": "webroot",
            "options": [],
            "environment": {},
            "secrets": [],
            **common,
            "certificates": [{"name": name, "domains": [name]} for name in names],
        }
        (self.folder / "certificates.json").write_text(json.dumps(data))

    def restart(self) -> None:
        self.keeper = keeper.Keeper()

    def look(self, after: float = 0.0) -> list[str]:
        """Look after so many seconds; give the names for which certbot ran."""
        self.now += after
        self.ran.clear()
        self.keeper.look()
        return list(self.ran)

    def certbot(self, wanted: Any) -> tuple[int, str]:
        self.ran.append(wanted.name)
        if self.code == 0 and not self.live(wanted.name):
            made = datetime.fromtimestamp(self.now, UTC)
            lineage(self.letsencrypt, wanted.name, wanted.domains, made)
        return self.code, "words of certbot's"

    @property
    def letsencrypt(self) -> Path:
        return self.folder / "letsencrypt"

    def live(self, name: str) -> bool:
        return (self.letsencrypt / "live" / name).exists()

    @property
    def state_file(self) -> Path:
        return self.folder / "state.json"

    def state(self, name: str = "a") -> Mapping[str, Any]:
        entry: Mapping[str, Any] = json.loads(self.state_file.read_text())["certificates"][name]
        return entry


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path)
    for name, file in {
        "WANTED": "certificates.json",
        "STATE": "state.json",
        "LETSENCRYPT": "letsencrypt",
        "WEBROOT": "webroot",
    }.items():
        monkeypatch.setattr(keeper, name, tmp_path / file)
    monkeypatch.setattr(time, "time", lambda: made.now)
    monkeypatch.setattr(keeper, "authority_obstacle", lambda _: made.authority)
    monkeypatch.setattr(keeper, "challenge_obstacle", lambda *_: made.challenge)
    monkeypatch.setattr(asking.Certbot, "ask", lambda _, wanted: made.certbot(wanted))
    made.want("a")
    made.restart()
    return made


def test_restarts_and_outages_together(world: World) -> None:
    def restarted_look(after: float) -> bool:
        world.restart()
        return bool(world.look(after))

    world.authority, world.code = DOWN, 1
    assert not restarted_look(0)
    world.authority = None
    assert restarted_look(60)
    assert not any(restarted_look(7) for _ in range(8))
    assert restarted_look(24)
    assert not restarted_look(240)
    world.code = 0
    assert restarted_look(200)
    assert not restarted_look(11 * HOUR)
    assert restarted_look(4 * HOUR)


def test_what_is_killed_is_remembered_as_an_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(asking.Certbot, "ask", power_cut)
    with pytest.raises(KeyboardInterrupt):
        world.look()
    monkeypatch.undo()
    assert json.loads((world.folder / "state.json").read_text())["certificates"]["a"][
        "attempts"
    ] == [START]
    assert world.state()["result"] == "interrupted"
    assert world.state()["next_attempt"] >= START + 60


def test_a_disk_that_is_full_before_certbot_runs_brings_no_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(keeper, "save_states", full)
        for _ in range(3):
            with pytest.raises(OSError, match="No space"):
                world.look(5)
    assert world.ran == []


@pytest.mark.parametrize("code", [0, 1])
def test_a_changed_request_is_made_once_it_has_settled(world: World, code: int) -> None:
    assert world.look() == ["a"]
    world.want("a", key_type="ecdsa")
    world.code = code
    assert world.look(5) == []
    assert world.look(keeper.SETTLE_SECONDS) == ["a"]
    assert world.look(keeper.SETTLE_SECONDS) == []


def test_another_secret_is_another_request(world: World) -> None:
    (world.folder / "eab.ini").write_text("a")
    world.want("a", secrets=["eab.ini"])
    assert world.look() == ["a"]
    (world.folder / "eab.ini").write_text("b")
    assert world.look(5) == []
    assert world.look(keeper.SETTLE_SECONDS) == ["a"]


def test_a_further_certificate_is_asked_for_once_nginx_knows_its_name(world: World) -> None:
    assert world.look() == ["a"]
    world.want("a", "b")
    assert world.look(5) == []
    assert world.look(keeper.SETTLE_SECONDS - 1) == []
    assert world.look(1) == ["b"]
    assert world.look(2 * keeper.SETTLE_SECONDS) == []


def test_the_very_first_certificates_are_asked_for_at_once(world: World) -> None:
    world.want("a", "b")
    assert world.look() == ["a", "b"]
    assert (world.state("a")["result"], world.state("b")["result"]) == ("ok", "ok")


def test_a_request_that_keeps_changing_is_waited_for(world: World) -> None:
    assert world.look() == ["a"]
    for number in range(10):
        world.want("a", email=f"me{number}@example.com")
        assert world.look(keeper.SETTLE_SECONDS - 1) == []


@pytest.mark.parametrize("code", [0, 1])
def test_a_clock_that_was_ahead_puts_nothing_off_for_good(world: World, code: int) -> None:
    world.now, world.code = 4e9, code
    assert world.look() == ["a"]
    world.now = START
    assert world.look() == ["a"]
    assert world.look(1) == []


def test_what_is_known_of_the_certificate_survives_an_outage(world: World) -> None:
    world.look()
    issued = world.state()
    world.authority = DOWN
    world.look(15 * HOUR)
    state = world.state()
    assert (state["result"], state["reason"]) == ("authority unreachable", "down")
    for key in ("names", "not_before", "not_after", "last_success"):
        assert state[key] == issued[key]


def test_the_state_file_tells_all_that_a_reader_needs(world: World) -> None:
    world.look()
    state = world.state()
    made = int(START)
    assert (state["result"], state["reason"], state["names"]) == ("ok", "", ["a"])
    assert (state["last_attempt"], state["last_success"]) == (START, START)
    assert START + 12 * HOUR <= state["next_attempt"] <= START + 14.5 * HOUR
    assert state["not_before"] <= made < state["not_after"]
    world.code = 1
    world.look(15 * HOUR)
    state = world.state()
    assert (state["result"], state["reason"]) == ("failed", "words of certbot's")
    assert (state["last_attempt"], state["last_success"]) == (START + 15 * HOUR, START)
    assert 60 <= state["next_attempt"] - world.now <= 72
    assert state["names"] == ["a"]


def test_what_stands_in_the_way_of_the_first_certificate_is_told(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.challenge = CLOSED
    assert world.look() == []
    assert (world.state()["result"], world.state()["reason"]) == (CLOSED.result, CLOSED.reason)
    said = capsys.readouterr().out
    assert said == "a: not yet reachable: port 80 is closed\n"
    world.look(30)
    assert capsys.readouterr().out == ""
    world.challenge = None
    assert world.look(40) == ["a"]
    assert "a: ok (next attempt 2023-11-1" in capsys.readouterr().out


def test_success_without_a_whole_certificate_is_none(world: World) -> None:
    world.look()
    (world.letsencrypt / "archive/a/chain1.pem").write_bytes(b"")
    assert world.look(15 * HOUR) == ["a"]
    assert world.state()["result"] == "failed"
    assert "not whole" in world.state()["reason"]


def test_the_state_file_is_written_only_for_a_change_or_as_a_sign_of_life(world: World) -> None:
    world.look()
    before = world.state_file.read_bytes()
    first = world.state_file.stat().st_ino
    for _ in range(50):
        world.look(5)
    assert world.state_file.stat().st_ino == first
    assert world.state_file.read_bytes() == before
    world.look(keeper.WRITE_SECONDS)
    assert world.state_file.stat().st_ino != first
    # The health check counts a file of twenty minutes as nobody's.
    assert keeper.WRITE_SECONDS < 1200 / 2


def retired(world: World) -> list[str]:
    folder = world.letsencrypt / "retired"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_a_lineage_is_retired_an_hour_after_nobody_wants_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.want("a", "b")
    world.look()
    world.want("a")
    world.look(5)
    world.look(schedule.RETIRE_SECONDS - 1)
    assert world.live("b")
    world.look(1)
    assert (world.live("a"), world.live("b")) == (True, False)
    assert len(retired(world)) == 1
    assert retired(world)[0].startswith("b-2023-11-1")
    assert f"b: no longer wanted; kept in {world.letsencrypt}/retired/b-" in capsys.readouterr().out
    assert list(json.loads(world.state_file.read_text())["certificates"]) == ["a"]


def test_restarts_do_not_prolong_the_hour(world: World) -> None:
    world.want("a", "b")
    world.look()
    world.want("a")
    for _ in range(7):
        world.restart()
        world.look(schedule.RETIRE_SECONDS / 6)
    assert not world.live("b")


def test_what_is_wanted_again_stays(world: World) -> None:
    world.want("a", "b")
    world.look()
    world.want("a")
    world.look(5)
    world.look(schedule.RETIRE_SECONDS - 60)
    world.want("a", "b")
    assert world.look(5) == []
    world.want("a")
    world.look(schedule.RETIRE_SECONDS)
    world.look(schedule.RETIRE_SECONDS - 1)
    assert world.live("b")
    assert retired(world) == []


def test_the_old_lineage_stays_until_the_new_one_is_there(world: World) -> None:
    world.look()
    world.want("b")
    world.challenge = schedule.Obstacle(schedule.NOT_READY, "no address", certain=True)
    for _ in range(30):
        assert world.look(HOUR) == []
    assert world.live("a")
    world.challenge = None
    assert world.look(HOUR) == ["b"]
    assert (world.live("a"), world.live("b")) == (False, True)


def test_a_lineage_of_somebody_elses_is_never_retired(world: World) -> None:
    lineage(world.letsencrypt, "other.example.com")
    world.look()
    for _ in range(5):
        world.look(HOUR)
    assert world.live("other.example.com")


def test_a_certificate_that_was_retired_is_asked_for_anew(world: World) -> None:
    world.want("a", "b")
    world.look()
    world.want("a")
    world.look(5)
    world.look(schedule.RETIRE_SECONDS)
    world.want("a", "b")
    assert world.look(5) == []
    assert world.look(keeper.SETTLE_SECONDS) == ["b"]
    assert world.live("b")


def test_a_look_that_breaks_is_told_of_and_followed_by_another(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    looks: list[Callable[[], None]] = []

    def broken() -> None:
        looks.append(broken)
        if len(looks) == 3:
            world.keeper.stop()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeper, "SECONDS_BETWEEN_LOOKS", 0.01)
    world.keeper.keep(broken)
    assert len(looks) == 3
    assert capsys.readouterr().out.count("No space left on device") == 3
