"""The host's files below a root that is not this machine's."""

import os
import socket
from contextlib import closing
from pathlib import Path

import pytest

from nvrstack.errors import HostError
from nvrstack.host import rooted_files
from nvrstack.host.install_files import (
    CertbotFiles,
    ComposeFile,
    certbot_files,
    compose_file,
    ddclient_conf,
    nginx_files,
)
from nvrstack.host.network.sockets import listeners, programs
from nvrstack.host.rooted_files import files_below, names_in, read_bytes, read_text, resolved
from nvrstack.host.unit_files import Trigger, Unit, services


def put(root: Path, path: str, content: str | bytes = "") -> Path:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return place


def link(root: Path, path: str, target: str) -> None:
    place = root / path.lstrip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    return found


@pytest.mark.parametrize(
    ("target", "text"),
    [
        ("/etc/real", "inside"),
        ("real", "inside"),
        ("../etc/real", "inside"),
        ("../../../../../../etc/real", "inside"),
        ("/etc/first", "inside"),
        ("/absent", None),
        ("link", None),
        ("/etc", None),
    ],
)
def test_links_stay_inside_the_root(root: Path, target: str, text: str | None) -> None:
    put(root, "/etc/real", "inside")
    put(root.parent, "etc/real", "outside")
    link(root, "/etc/first", "/second")
    link(root, "/second", "etc/real")
    link(root, "/etc/link", target)
    assert read_text(root, "/etc/link") == text


def test_a_linked_directory_on_the_way(root: Path) -> None:
    put(root, "/usr/lib/a/file", "text")
    link(root, "/lib", "usr/lib")
    assert read_text(root, "/lib/a/file") == "text"
    assert read_text(root, "/lib/a/../a/./file") == "text"
    assert names_in(root, "/lib/a") == ("file",)
    assert resolved(root, "/lib/a") == root / "usr/lib/a"


@pytest.mark.parametrize("path", ["/absent", "/file/below", "/", "/pipe"])
def test_what_is_no_file_has_no_text(root: Path, path: str) -> None:
    put(root, "/file", "x")
    os.mkfifo(root / "pipe")
    assert read_bytes(root, path) is None
    assert path == "/" or names_in(root, path) == ()


def test_bytes_that_are_no_text(root: Path) -> None:
    put(root, "/file", b"a\xffb")
    assert read_text(root, "/file") == "a\ufffdb"


def test_a_huge_file_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooted_files, "LONGEST", 3)
    put(root, "/file", "four")
    with pytest.raises(HostError, match="/file: is larger than"):
        read_text(root, "/file")


def test_what_may_not_be_read_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(root, "/secret/file", "x")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "iterdir", refuse)
    for read in (read_text, names_in):
        with pytest.raises(HostError, match="/secret/file: Permission denied") as caught:
            read(root, "/secret/file")
        assert "sudo" in caught.value.hint


def test_files_below_a_directory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("/a/1", "/a/b/2", "/a/b/c/3", "/other/4"):
        put(root, path)
    link(root, "/a/linked", "/other/4")
    link(root, "/a/folder", "/other")
    link(root, "/a/lost", "/nowhere")
    link(root, "/a/b/up", "..")
    link(root, "/a/again", "/a/folder")
    found = ["/a/1", "/a/again/4", "/a/b/2", "/a/b/c/3", "/a/linked"]
    assert sorted(files_below(root, "/a")) == found
    monkeypatch.setattr(rooted_files, "MOST_FILES", 2)
    assert len([*files_below(root, "/a")]) == 2


def test_nginx_files_are_read_through_debians_links_but_no_keys(root: Path) -> None:
    put(root, "/etc/nginx/nginx.conf", "main")
    put(root, "/etc/nginx/sites-available/nvr", "site")
    put(root, "/etc/nginx/ssl/private.key", "secret")
    link(root, "/etc/nginx/sites-enabled/nvr", "/etc/nginx/sites-available/nvr")
    assert nginx_files(root) == {
        "/etc/nginx/nginx.conf": "main",
        "/etc/nginx/sites-available/nvr": "site",
        "/etc/nginx/sites-enabled/nvr": "site",
    }


UNIT = "[Service]\nExecStart=/usr/local/bin/moonfire-nvr run\n"


def test_units(root: Path) -> None:
    etc, usr = "/etc/systemd/system", "/usr/lib/systemd/system"
    put(root, f"{etc}/moonfire-nvr.service", UNIT)
    put(root, f"{usr}/moonfire-nvr.service", "hidden by the one in /etc")
    put(root, f"{usr}/moonfire-nvr.service.d/20-b.conf", "b of the package")
    put(root, f"{etc}/moonfire-nvr.service.d/20-b.conf", "b")
    put(root, f"{etc}/moonfire-nvr.service.d/10-a.conf", "a")
    put(root, f"{etc}/moonfire-nvr.service.d/README", "no drop-in")
    put(root, f"{usr}/cameras.service", UNIT)
    put(root, f"{usr}/ssh.service", "[Service]\nExecStart=/usr/sbin/sshd\n")
    link(root, f"{etc}/multi-user.target.wants/moonfire-nvr.service", "../moonfire-nvr.service")
    put(root, f"{usr}/masked.service", UNIT)
    link(root, f"{etc}/masked.service", "/dev/null")
    link(root, "/lib", "usr/lib")
    link(root, f"{etc}/nvr.service", f"{etc}/moonfire-nvr.service")
    assert services(root) == (
        Unit("moonfire-nvr.service", UNIT, ("a", "b"), enabled=True),
        Unit("cameras.service", UNIT, (), enabled=False),
    )


def test_an_enabled_instance_stands_in_its_templates_place(root: Path) -> None:
    etc = "/etc/systemd/system"
    put(root, f"{etc}/compose@.service", "text")
    put(root, f"{etc}/compose@.service.d/10.conf", "of all")
    put(root, f"{etc}/compose@nvr.service.d/20.conf", "of one")
    put(root, "/lib/systemd/system/moonfire@.service", UNIT)
    for name in ("compose@nvr.service", "compose@web.service"):
        link(root, f"{etc}/multi-user.target.wants/{name}", f"{etc}/compose@.service")
    assert services(root) == (
        Unit("moonfire@.service", UNIT, (), enabled=False),
        Unit("compose@nvr.service", "text", ("of all", "of one"), enabled=True),
        Unit("compose@web.service", "text", ("of all",), enabled=True),
    )


def test_what_triggers_a_unit(root: Path) -> None:
    etc = "/etc/systemd/system"
    put(root, f"{etc}/moonfire-nvr.service", UNIT)
    put(root, f"{etc}/moonfire-nvr.timer", "[Timer]\nOnBootSec=60\n")
    put(root, f"{etc}/page.socket", "[Socket]\nListenStream=80\n Service = moonfire-nvr.service\n")
    put(root, f"{etc}/other.socket", "[Socket]\nListenStream=81\n")
    link(root, f"{etc}/sockets.target.wants/page.socket", "../page.socket")
    (unit,) = services(root)
    assert [(t.name, t.enabled) for t in unit.triggers] == [
        ("page.socket", True),
        ("moonfire-nvr.timer", False),
    ]
    assert isinstance(unit.triggers[0], Trigger)


def test_certbots_files(root: Path) -> None:
    put(root, "/etc/letsencrypt/renewal/a.example.conf", "renewal")
    put(root, "/etc/letsencrypt/renewal/b.example.conf", "no certificate")
    put(root, "/etc/letsencrypt/renewal/README", "x")
    put(root, "/etc/letsencrypt/archive/a.example/cert2.pem", "certificate")
    put(root, "/etc/letsencrypt/archive/a.example/privkey2.pem", "key")
    link(root, "/etc/letsencrypt/live/a.example/cert.pem", "../../archive/a.example/cert2.pem")
    server = "acme.example/directory"
    for account in ("two", "one"):
        put(root, f"/etc/letsencrypt/accounts/{server}/{account}/regr.json", "{}")
        put(root, f"/etc/letsencrypt/accounts/{server}/{account}/private_key.json", "{}")
    assert certbot_files(root) == CertbotFiles(
        {"a.example": "renewal", "b.example": "no certificate"},
        {"a.example": b"certificate"},
        {server: ("one", "two")},
    )
    assert certbot_files(root / "empty") == CertbotFiles({}, {}, {})


def test_ddclient_and_compose(root: Path) -> None:
    assert ddclient_conf(root) is None
    assert compose_file(root, "/srv/nvr") is None
    put(root, "/etc/ddclient/ddclient.conf", "new place")
    assert ddclient_conf(root) == "new place"
    put(root, "/etc/ddclient.conf", "old place")
    assert ddclient_conf(root) == "old place"
    put(root, "/srv/nvr/docker-compose.yml", "old name")
    assert compose_file(root, "/srv/nvr") == ComposeFile(
        "/srv/nvr/docker-compose.yml", "old name", ""
    )
    put(root, "/srv/nvr/compose.yaml", "name")
    put(root, "/srv/nvr/.env", "A=1")
    assert compose_file(root, "/srv/nvr") == ComposeFile("/srv/nvr/compose.yaml", "name", "A=1")
    beside = put(root, "/srv/nvr/docker-compose.override.yml", "services: {}")
    found = compose_file(root, "/srv/nvr")
    assert found is not None
    assert found.overrides == (f"/srv/nvr/{beside.name}",)


def test_who_listens_here(root: Path) -> None:
    assert listeners(root) == ()
    assert programs([1], root) == {}
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        (found,) = listeners(ports=[port])
        name = Path("/proc/self/comm").read_text().strip()
        assert programs([found.inode]) == {found.inode: name}
    assert programs([]) == {}
