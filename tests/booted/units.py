"""The host's units in a move: stopped, disabled, and brought back as they were."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from nvrstack.errors import HostError
from nvrstack.host.systemd import restart_drop_in
from nvrstack.host.systemd import units as systemd
from nvrstack.host.systemd.units import UnitState
from nvrstack.migration.execution import preparing
from nvrstack.migration.execution.old_moonfire import old_moonfire
from nvrstack.migration.execution.preparing import Backup
from nvrstack.migration.execution.units import NginxFiles, Units
from nvrstack.migration.plan.move import HostNginx
from tests.bed.process import wait_for
from tests.unit.moves import work_in

SYSTEM = Path("/etc/systemd/system")
OLD, SOCKET = "moonfire-nvr.service", "moonfire-nvr.socket"
SLEEPER = "[Service]\nExecStart=sleep 600\n[Install]\nWantedBy=multi-user.target\n"
STATES = [UnitState(enabled, active) for enabled in (True, False) for active in (True, False)]


@pytest.fixture(autouse=True)
def _units() -> Iterator[None]:
    """Units that a test makes go with it."""
    before = {*SYSTEM.rglob("*")}
    yield
    made = sorted({*SYSTEM.rglob("*")} - before, reverse=True)
    names = [path.name for path in made if path.suffix in {".service", ".socket"}]
    for name in (*names, "nginx.service", "certbot.timer"):
        subprocess.run(["systemctl", "stop", name], check=False, capture_output=True)
    for path in made:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "reset-failed"], check=True)


def make_unit(name: str, text: str = SLEEPER, *, enabled: bool = False, active: bool) -> None:
    (SYSTEM / name).write_text(text)
    systemd.reload_manager()
    if enabled:
        systemd.enable(name)
    if active:
        systemd.start(name)


def links() -> dict[str, str]:
    """The links of this test's units."""
    found = (path for path in SYSTEM.rglob("*") if path.is_symlink())
    own = (path for path in found if path.name in {OLD, SOCKET, "ddclient.service"})
    return {str(path): str(path.readlink()) for path in own}


@pytest.mark.parametrize("before", STATES, ids=str)
def test_a_unit_is_stopped_and_is_as_before(tmp_path: Path, before: UnitState) -> None:
    timer = "certbot.timer"
    if before.enabled:
        systemd.enable(timer)
    if before.active:
        systemd.start(timer)
    cron = tmp_path / "cron-certbot"
    cron.write_text("0 0 * * * root certbot renew\n")
    names, files = (timer, "gone.timer"), (PurePosixPath(cron),)
    work = work_in(tmp_path, unit="x.service", renewal_units=names, renewal_files=files)
    action = Units(work, names, (cron,))
    Backup(work).do()
    for _ in range(2):
        assert action.do() is None
        assert action.done()
        assert systemd.state(timer) == UnitState(enabled=False, active=False)
        assert not cron.exists()
    Backup(work).do()
    for _ in range(2):
        action.undo()
        assert systemd.state(timer) == before
        assert cron.read_text().endswith("certbot renew\n")
    assert systemd.state("gone.timer") is None


def test_an_nginx_that_goes_on_reads_the_rest(tmp_path: Path) -> None:
    site, link = tmp_path / "site", Path("/etc/nginx/sites-enabled/nvr")
    site.write_text("server { listen 127.0.0.1:8001; }\n")
    link.symlink_to(site)
    systemd.start("nginx.service")
    nginx = HostNginx(site_files=(PurePosixPath(link),))
    work = work_in(tmp_path, unit="x.service", nginx=nginx)
    Backup(work).do()
    action = NginxFiles(work, nginx.unit, (link,))
    try:
        assert wait_for(lambda: listens(8001), seconds=10)
        assert action.do() is None
        assert not link.is_symlink()
        assert wait_for(lambda: not listens(8001), seconds=10)
        action.undo()
        assert str(link.readlink()) == str(site)
        assert wait_for(lambda: listens(8001), seconds=10)
    finally:
        link.unlink(missing_ok=True)


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(2)
        return client.connect_ex(("127.0.0.1", port)) == 0


def recorded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What systemctl is asked from now on, without the looks."""
    asked: list[str] = []
    really = systemd._systemctl

    def ask(*words: str) -> str:
        if words[0] != "show":
            asked.append(" ".join(words))
        return really(*words)

    monkeypatch.setattr(systemd, "_systemctl", ask)
    return asked


def test_an_old_unit_that_was_not_enabled_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_unit(OLD, active=True)
    work = work_in(tmp_path, unit=OLD)
    Backup(work).do()
    old = old_moonfire(work)
    old.hold()
    old.stop()
    with pytest.raises(HostError, match=f"Unit {OLD} not loaded"):
        systemd.reset_failed(OLD)
    asked = recorded(monkeypatch)
    old.linger()
    old.start()
    old.release()
    assert asked == ["daemon-reload", f"reset-failed {OLD}", f"start {OLD}", "daemon-reload"]
    assert systemd.state(OLD) == UnitState(enabled=False, active=True)


def link_unit(folder: Path, name: str) -> dict[str, str]:
    """A unit that `systemctl link` and two targets made links to, and these links."""
    file = folder / f"home/{name}"
    file.parent.mkdir()
    file.write_text(SLEEPER)
    for words in (["link", str(file)], ["add-wants", "graphical.target", name]):
        subprocess.run(["systemctl", *words], check=True)
    systemd.enable(name)
    systemd.start(name)
    return links()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that systemd may link to: units below /tmp are refused."""
    path = Path("/srv/units")
    path.mkdir()
    yield path
    subprocess.run(["rm", "-r", str(path)], check=True)


def test_an_old_unit_that_is_a_link_comes_back_with_all_its_links(
    tmp_path: Path, folder: Path
) -> None:
    before = link_unit(folder, OLD)
    assert len(before) == 3
    work = work_in(tmp_path, unit=OLD)
    Backup(work).do()
    old = old_moonfire(work)
    old.hold()
    # Its file is gone and it still runs, so that it must be stopped.
    assert links() == {}
    assert systemd.state(OLD) == UnitState(enabled=False, active=True)
    assert old.runs()
    old.stop()
    assert systemd.state(OLD) is None
    assert old.missing() == []
    for _ in range(2):
        old.linger()
        assert links() == before
    old.start()
    old.release()
    assert systemd.state(OLD) == UnitState(enabled=True, active=True)
    assert links() == before

    old.hold()
    old.stop()
    (folder / "home" / OLD).unlink()
    assert old.missing() == [
        f"systemd does not know {OLD} any more",
        f"{folder / 'home' / OLD}, which was its unit file, is gone",
    ]


def test_a_unit_of_the_host_that_is_a_link_comes_back(tmp_path: Path, folder: Path) -> None:
    name = "own-ddclient.service"
    before = link_unit(folder, name)
    work = work_in(tmp_path, unit="x.service", ddclient_units=(name,))
    Backup(work).do()
    action = Units(work, (name,))
    for _ in range(2):
        action.do()
        assert action.done()
        assert links() == {}
    for _ in range(2):
        action.undo()
        assert links() == before
        assert systemd.state(name) == UnitState(enabled=True, active=True)


def test_an_old_unit_starts_again_by_itself_until_the_way_back_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_unit(OLD, enabled=True, active=True)
    work = work_in(tmp_path, unit=OLD)
    Backup(work).do()
    old = old_moonfire(work)
    drop_in = systemd.BOOTED / f"{OLD}.d/zz-nvrstack.conf"
    asked = recorded(monkeypatch)
    for end, first, second in (
        (old.release, ["daemon-reload", "daemon-reload"], ["daemon-reload"]),
        (old.hold, ["daemon-reload", f"disable {OLD}"], []),
    ):
        for _ in range(2):
            old.linger()
            assert drop_in.read_text() == (
                "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=1\n"
            )
            assert systemd.state(OLD) == UnitState(enabled=True, active=True)
        asked.clear()
        end()
        assert asked == first
        assert not drop_in.parent.exists()
        asked.clear()
        end()
        assert asked == second
    old.linger()
    (drop_in.parent / "other.conf").write_text("")
    old.release()
    assert [path.name for path in drop_in.parent.iterdir()] == ["other.conf"]
    (drop_in.parent / "other.conf").unlink()


def test_a_unit_that_gives_up_after_two_starts_goes_on_until_it_is_released(
    tmp_path: Path,
) -> None:
    limits = "[Unit]\nStartLimitIntervalSec=600\nStartLimitBurst=2\n"
    count, stops = tmp_path / "starts", tmp_path / "stops"
    command = f"ExecStart=sh -c 'echo >> {count}; test ! -e {stops} && exec sleep 600'\n"
    make_unit(OLD, f"{limits}[Service]\nRestart=on-failure\n{command}", active=True)
    work = work_in(tmp_path, unit=OLD)
    Backup(work).do()
    old = old_moonfire(work)
    old.hold()
    old.stop()
    # As long as the new one has the database, it ends as soon as it was started.
    stops.touch()
    old.linger()
    old.start()
    assert wait_for(lambda: len(count.read_text().splitlines()) > 4, seconds=20)
    stops.unlink()
    assert wait_for(old.runs, seconds=10)
    old.start()
    old.release()
    assert old.runs()


def test_a_socket_does_not_start_the_old_unit_again_and_comes_back_before_it(
    tmp_path: Path,
) -> None:
    # Without the socket, the program ends, as Moonfire does.
    command = "ExecStart=sh -c 'test \"$LISTEN_FDNAMES\" = moonfire-nvr.socket && exec sleep 600'\n"
    make_unit(OLD, f"[Service]\n{command}[Install]\nWantedBy=multi-user.target\n", active=False)
    listening = "[Socket]\nListenStream=127.0.0.1:8081\n[Install]\nWantedBy=sockets.target\n"
    make_unit(SOCKET, listening, enabled=True, active=True)
    systemd.enable(OLD)
    systemd.start(OLD)
    before = links()
    triggers = systemd.triggers(OLD)
    assert triggers == (SOCKET,)
    work = work_in(tmp_path, unit=OLD, triggers={OLD: triggers})
    Backup(work).do()
    old = old_moonfire(work)
    for _ in range(2):
        old.hold()
        old.stop()
        assert links() == {}
        assert not listens(8081)
        assert not old.runs()
    for _ in range(2):
        old.linger()
        old.start()
        old.release()
        assert links() == before
        assert listens(8081)
        for unit in (OLD, SOCKET):
            assert systemd.state(unit) == UnitState(enabled=True, active=True)
    action = Units(work, (SOCKET, OLD))
    action.do()
    assert action.done()
    assert not listens(8081)
    action.undo()
    assert links() == before
    assert old.runs()
    assert listens(8081)


def test_a_unit_that_ends_after_its_work_is_not_started_again_and_again() -> None:
    text = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=true\n"
    make_unit(OLD, text, active=True)
    restart_drop_in.restart_always(OLD)
    assert not (systemd.BOOTED / f"{OLD}.d").exists()
    assert systemd.state(OLD) == UnitState(enabled=False, active=True)


def test_unit_files_and_all_of_nginx_are_kept_as_they_are(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link_unit(folder, OLD)
    (SYSTEM / f"{OLD}.d").mkdir()
    (SYSTEM / f"{OLD}.d/own.conf").write_text("[Service]\nNice=5\n")
    systemd.reload_manager()
    nginx = tmp_path / "nginx"
    (nginx / "sites-enabled").mkdir(parents=True)
    (nginx / "nginx.conf").write_text("events {}\n")
    (nginx / "sites-enabled/nvr").symlink_to("../sites-available/nvr")
    (nginx / "modules").symlink_to("/usr/lib/nginx/modules")
    os.mkfifo(nginx / "pipe")
    monkeypatch.setattr(preparing, "NGINX", nginx)
    work = work_in(tmp_path, unit=OLD, nginx=HostNginx())
    Backup(work).do()
    kept = {
        f"/{path.relative_to(work.kept)}"
        for path in work.kept.rglob("*")
        if path.is_symlink() or path.is_file()
    }
    assert kept == {
        str(path)
        for path in (
            SYSTEM / OLD,
            folder / f"home/{OLD}",
            SYSTEM / f"{OLD}.d/own.conf",
            "/lib/systemd/system/nginx.service",
            "/usr/lib/systemd/system/nginx.service",
            nginx / "nginx.conf",
            nginx / "sites-enabled/nvr",
            nginx / "modules",
        )
    }
    assert work.found.stat().st_mode & 0o077 == 0
    for name in ("units.json", "unit-links.json"):
        assert (work.found / name).stat().st_mode & 0o777 == 0o600


def test_a_unit_that_systemd_refuses_is_named() -> None:
    make_unit("broken.service", "[Service]\nType=oneshot\nExecStart=false\n", active=False)
    with pytest.raises(HostError, match=r"systemctl start broken\.service: "):
        systemd.start("broken.service")
