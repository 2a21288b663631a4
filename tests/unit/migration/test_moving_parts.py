"""The actions of a move that need no engine, on a host made of directories."""

import io
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import cast

import pytest

from nvrstack.cli.console import Console
from nvrstack.cli.progress import Progress
from nvrstack.errors import HostError, InputError
from nvrstack.host.docker import containers, engine
from nvrstack.host.file_copies import write_private
from nvrstack.host.lineages import COPYING
from nvrstack.host.network.site import Answer
from nvrstack.host.systemd import unit_links
from nvrstack.host.systemd import units as systemd
from nvrstack.migration.execution import proof, taking_over
from nvrstack.migration.execution.actions import actions
from nvrstack.migration.execution.certificates import LETSENCRYPT, Certificates
from nvrstack.migration.execution.journal import Journal, State
from nvrstack.migration.execution.old_moonfire import OldMoonfire, old_moonfire
from nvrstack.migration.execution.preflight import problems, reasons_for_root
from nvrstack.migration.execution.preparing import Backup, Project
from nvrstack.migration.execution.report import as_json, in_words
from nvrstack.migration.execution.store import move_from, text_of
from nvrstack.migration.execution.units import Units
from nvrstack.migration.execution.work import Work
from nvrstack.migration.plan.move import Certificate, HostNginx, Move
from nvrstack.migration.plan.steps import steps
from tests.unit.moves import move_in, work_in

DOMAIN = "nvr.example.com"
ACCOUNT = "acme-v02.api.letsencrypt.org/directory/0123abcd"


def full_move(folder: Path) -> Move:
    """A move with everything that a move may have."""
    return move_in(
        folder,
        secrets={"ddns_password": "hunter2"},
        script=PurePosixPath(folder / "nvr"),
        config=PurePosixPath(folder / "moonfire-nvr.toml"),
        nginx=HostNginx(site_files=(PurePosixPath(folder / "sites-enabled/nvr"),)),
        certificates=(Certificate(DOMAIN, DOMAIN, "renewal\n", ACCOUNT),),
        renewal_units=("certbot.timer",),
        ddclient_units=("ddclient.service",),
        docker_host="unix:///run/other.sock",
    )


def test_a_move_is_the_same_after_a_crash(tmp_path: Path) -> None:
    move = full_move(tmp_path)
    assert move_from(text_of(move), "move.json") == move
    with pytest.raises(InputError, match=r"move\.json: is no move"):
        move_from("{}", "move.json")


def test_every_step_has_what_carries_it_out(tmp_path: Path) -> None:
    nowhere = Journal(NoLines(), lambda: pytest.fail("nothing is written"))
    for move in (full_move(tmp_path), replace(full_move(tmp_path), unit="moonfire-nvr.service")):
        work = Work(move, work_in(tmp_path).settings, lambda: None)
        assert [step for step, _ in actions(work, nowhere)] == list(steps(move))


class NoLines:
    def read(self) -> list[str]:
        return []

    def append(self, line: str) -> None:
        pytest.fail(line)


@pytest.fixture
def letsencrypt(tmp_path: Path) -> Path:
    """What certbot has on a host, after three issues and with a second lineage."""
    base = tmp_path / "letsencrypt"
    for name in (DOMAIN, "other.example.com"):
        for directory in (f"archive/{name}", f"live/{name}", "renewal"):
            (base / directory).mkdir(parents=True, exist_ok=True)
        for part in ("cert", "chain", "fullchain", "privkey"):
            for number in (1, 3):
                (base / f"archive/{name}/{part}{number}.pem").write_text(f"{name} {part}{number}")
            (base / f"live/{name}/{part}.pem").symlink_to(f"../../archive/{name}/{part}3.pem")
        (base / f"archive/{name}/privkey3.pem").chmod(0o600)
    (base / "accounts" / ACCOUNT).mkdir(parents=True)
    (base / "accounts" / ACCOUNT / "private_key.json").write_text("{}")
    return base


@pytest.mark.parametrize("source", [DOMAIN, "other.example.com"])
def test_a_lineage_is_copied_under_the_name_of_its_site(
    tmp_path: Path, letsencrypt: Path, source: str
) -> None:
    work = work_in(tmp_path, certificates=(Certificate(source, DOMAIN, "renewal\n", ACCOUNT),))
    target = work.project / LETSENCRYPT
    target.mkdir(parents=True)
    action = Certificates(work)
    assert not action.done()
    (work.project / f"{LETSENCRYPT}{COPYING}").mkdir()
    action.do()
    assert action.done()
    assert (target / f"live/{DOMAIN}/privkey.pem").read_text() == f"{source} privkey3"
    assert (target / f"live/{DOMAIN}/cert.pem").readlink().is_relative_to(f"../../archive/{DOMAIN}")
    assert (target / f"archive/{DOMAIN}/privkey3.pem").stat().st_mode & 0o077 == 0
    assert (target / f"renewal/{DOMAIN}.conf").read_text() == "renewal\n"
    assert (target / "accounts" / ACCOUNT / "private_key.json").exists()
    assert {path.name for path in (target / "live").iterdir()} == {DOMAIN}
    assert (target / "archive").stat().st_mode & 0o077 == 0
    assert (letsencrypt / f"live/{source}/cert.pem").is_symlink()
    if os.geteuid() == 0:
        owners = {path.lstat().st_uid for path in target.rglob("*")}
        assert owners == {work.settings.project.uid}


@pytest.mark.parametrize(("archived", "number"), [(True, 4), (False, 1)])
def test_plain_files_in_live_become_the_newest_of_a_lineage(
    archived: bool, number: int, tmp_path: Path, letsencrypt: Path
) -> None:
    for link in (letsencrypt / "live" / DOMAIN).iterdir():
        link.unlink()
        link.write_text(f"served {link.stem}")
    if not archived:
        shutil.rmtree(letsencrypt / "archive")
    work = work_in(tmp_path, certificates=(Certificate(DOMAIN, DOMAIN, "renewal\n", None),))
    target = work.project / LETSENCRYPT
    target.mkdir(parents=True)
    Certificates(work).do()
    for part in ("cert", "chain", "fullchain", "privkey"):
        link = target / f"live/{DOMAIN}/{part}.pem"
        assert str(link.readlink()) == f"../../archive/{DOMAIN}/{part}{number}.pem"
        assert link.read_text() == f"served {part}"


def test_a_lineage_that_is_gone_is_named_and_nothing_is_half_copied(
    tmp_path: Path, letsencrypt: Path
) -> None:
    shutil.rmtree(letsencrypt / "archive")
    work = work_in(tmp_path, certificates=(Certificate(DOMAIN, DOMAIN, "", None),))
    (work.project / LETSENCRYPT).mkdir(parents=True)
    with pytest.raises(HostError, match=f"archive/{DOMAIN}: is not there any more"):
        Certificates(work).do()
    assert not any((work.project / LETSENCRYPT).iterdir())


@pytest.mark.parametrize("text", ["", "[", '{"x.service": {"enabled": 1}}'])
def test_damaged_states_are_told_with_what_to_do(tmp_path: Path, text: str) -> None:
    work = work_in(tmp_path, unit="x.service")
    write_private(work.found / "units.json", text)
    with pytest.raises(HostError, match=r"units\.json: cannot be read") as told:
        old_moonfire(work).ran()
    assert "systemctl enable --now" in told.value.hint
    write_private(work.found / "units.json", "{}")
    with pytest.raises(HostError, match=r"does not say how x\.service was before"):
        old_moonfire(work).release()


def test_without_systemd_a_unit_is_left_alone_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(systemd, "BOOTED", tmp_path / "absent")
    work = work_in(tmp_path, unit="x.service", ddclient_units=("ddclient.service",))
    told = Units(work, ("ddclient.service",)).do()
    assert told is not None
    assert "ddclient.service is left alone" in told
    assert Units(work, ("ddclient.service",)).undo() is None
    assert Backup(work).do() is None


OLD = "moonfire-nvr.service"


def test_links_by_another_name_are_links_to_the_unit_and_a_file_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_links, "ADMINISTRATORS", tmp_path)
    (tmp_path / "a.target.requires").mkdir()
    (tmp_path / "dbus-nvr.service").symlink_to(f"/lib/systemd/system/{OLD}")
    (tmp_path / "a.target.requires/dbus-nvr.service").symlink_to("../dbus-nvr.service")
    (tmp_path / "other.service").symlink_to("/lib/systemd/system/nginx.service")
    found = unit_links.links_to(OLD)
    assert found == {
        str(tmp_path / "dbus-nvr.service"): f"/lib/systemd/system/{OLD}",
        str(tmp_path / "a.target.requires/dbus-nvr.service"): "../dbus-nvr.service",
    }
    (tmp_path / "dbus-nvr.service").unlink()
    (tmp_path / "dbus-nvr.service").write_text("mine")
    with pytest.raises(HostError, match=r"dbus-nvr\.service: is a file by now") as told:
        unit_links.restore_links(found)
    assert "move the file away" in told.value.hint
    assert (tmp_path / "dbus-nvr.service").read_text() == "mine"


def test_the_old_one_is_let_go_only_when_it_has_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Old:
        def __getattr__(self, name: str) -> object:
            return lambda: told.append(name)

    monkeypatch.setattr(taking_over, "stop_new", lambda _: told.append("the new one stops"))
    monkeypatch.setattr(taking_over, "start_again", lambda *_: told.append("has the database"))
    work = work_in(tmp_path)
    old = cast("OldMoonfire", Old())
    taking_over.Takeover(
        work, old, Journal(NoLines(), lambda: pytest.fail("nothing is written"))
    ).undo()
    assert told == ["linger", "start", "the new one stops", "has the database", "release"]


@pytest.mark.parametrize("text", ["", '{"x.service": 1}'])
def test_damaged_links_are_told_with_what_to_do(tmp_path: Path, text: str) -> None:
    work = work_in(tmp_path, unit="x.service")
    write_private(work.found / "units.json", '{"x.service": {"enabled": true, "active": true}}')
    write_private(work.found / "unit-links.json", text)
    with pytest.raises(HostError, match=r"unit-links\.json: cannot be read") as told:
        old_moonfire(work).release()
    assert "systemctl enable" in told.value.hint


def test_the_project_goes_aside_with_all_that_came_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = ["project-nginx-1"]
    monkeypatch.setattr(containers, "of_project", lambda name: tuple(left))
    work = work_in(tmp_path)
    (work.project / "compose.yaml").write_text("services: {}\n")
    (work.project / "data").mkdir()
    (work.project / "data/new.pem").write_text("new")
    (work.project / ".nvrstack/manifest.json").write_text("{}")
    with pytest.raises(HostError, match="still used by project-nginx-1"):
        Project(work).undo()
    assert (work.project / "compose.yaml").exists()
    left.clear()
    told = Project(work).undo()
    assert told is not None
    assert {path.name for path in work.project.iterdir()} == {".nvrstack"}
    (aside,) = (work.project / ".nvrstack/undone").iterdir()
    assert (aside / "data/new.pem").read_text() == "new"
    assert not (work.project / ".nvrstack/manifest.json").exists()
    assert Project(work).undo() is None


def test_why_root_is_needed_is_told_before_anything_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(reasons_for_root(move_in(tmp_path))) == []
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    monkeypatch.setattr(os, "access", lambda *_: False)
    told = "\n".join(reasons_for_root(full_move(tmp_path)))
    for part in ("moonfire/db", "stop and disable services", "read the keys in", "may replace"):
        assert part in told


def test_a_state_is_told_in_words_that_say_what_to_do(tmp_path: Path) -> None:
    move = full_move(tmp_path)
    ids = [step.id for step in steps(move)]
    cut = State("forward", frozenset(ids[:3]), frozenset(ids[:2]), "no room")
    words = in_words(move, cut, ())
    assert "2 of" in words
    assert f"begun: Write the project into {move.project}" in words
    assert "it failed: no room" in words
    assert "migrate resume" in words
    assert "migrate rollback" in words
    states = [step["state"] for step in as_json(move, cut, ())["steps"]]
    assert states[:4] == ["done", "done", "begun", "open"]
    back = in_words(move, replace(cut, phase="backward"), ())
    assert "Set the project's files aside" in back
    moved = in_words(move, State("moved"), ("Without recording for 1.0 seconds at most.",))
    assert "1.0 seconds" in moved
    assert f"would remove {move.kept_name}" in moved
    assert "its compose file" not in moved
    composed = replace(move, install=replace(move.install, source="compose"))
    assert "its compose file" in in_words(composed, State("moved"), ())
    unit = replace(move, unit="moonfire-nvr.service")
    assert "would remove" not in in_words(unit, State("moved"), ())
    assert "migrate finish" in moved
    assert "hunter2" not in json.dumps(as_json(move, cut, ()))


class Screen(io.StringIO):
    """A terminal, as far as it says that it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO, Screen])
def test_each_step_is_followed_by_a_line(tmp_path: Path, stream: type[io.StringIO]) -> None:
    console = Console(stderr=stream(), environ={"TERM": "xterm"})
    first, *_, last = steps(full_move(tmp_path))
    progress = Progress(console)
    with progress.shown(steps(full_move(tmp_path))):
        progress.forward(first)
        progress.say("[bold]a note")
        progress.backward(last)
    assert isinstance(console.stderr, io.StringIO)
    text = " ".join(console.stderr.getvalue().split())
    number = len(steps(full_move(tmp_path)))
    assert f"[1/{number}] Check that this host" in text
    assert "[bold]a note" in text
    assert f"[{number}/{number}] back: Put the old script back" in text
    assert ("at work" in text) == (stream is Screen)


def test_an_upgrade_wants_four_times_the_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "engine_problem", lambda: None)
    monkeypatch.setattr(containers, "inspect", lambda name: None)
    monkeypatch.setattr(containers, "of_project", lambda name: ())
    work = work_in(tmp_path, upgrades_schema=True)
    database = Path(work.move.database)
    database.mkdir(parents=True)
    (database / "db").write_bytes(bytes(100 * 1024**2))
    free = 300 * 1024**2
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    told = [line for line in problems(work) if "the upgrade" in line]
    assert told == [
        f"{database} has room for 300 MiB; the upgrade of the database may need 400 MiB"
    ]
    without = work_in(tmp_path, upgrades_schema=False)
    assert not [line for line in problems(without) if "the upgrade" in line]


def test_a_project_of_the_same_name_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "engine_problem", lambda: None)
    monkeypatch.setattr(containers, "inspect", lambda name: None)
    work = work_in(tmp_path)
    others = {work.settings.project.name: ("moonfire-nvr-moonfire-nvr-1",)}
    monkeypatch.setattr(containers, "of_project", lambda name: others.get(name, ()))
    (told,) = [line for line in problems(work) if "Compose project" in line]
    assert told.startswith("moonfire-nvr-moonfire-nvr-1 belong")
    assert "--set project.name=NAME" in told


def test_a_damaged_copy_of_a_certificate_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = work_in(tmp_path, certificates=(Certificate(DOMAIN, DOMAIN, "", None),))
    file = work.project / LETSENCRYPT / "live" / DOMAIN / "cert.pem"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"")
    monkeypatch.setattr(proof, "_ask", lambda work, path: Answer(200, b"", b""))
    assert proof.certificate_problem(work) == f"{file}: is damaged"


def test_an_engine_without_roots_rights_is_refused_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "engine_problem", lambda: None)
    (told,) = problems(work_in(tmp_path, rootless=True))
    assert "without root's rights" in told
    monkeypatch.setattr(engine, "engine_problem", lambda: "docker is not installed")
    assert problems(work_in(tmp_path)) == ["docker is not installed"]
