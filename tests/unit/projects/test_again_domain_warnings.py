"""What `nvrstack domain` points out: what browsers and phones still know of the old name."""

from pathlib import Path

import pytest

from tests.unit.projects.made import NEW, OLD, domain, made


def test_the_browsers_memory_of_the_old_name_is_pointed_out(tmp_path: Path) -> None:
    said = domain(made(tmp_path / "p"), NEW).stderr
    assert f"{OLD} becomes {NEW}." in said
    assert "Browsers were told to use https alone for the old name for 30d" in said


@pytest.mark.parametrize(
    ("setting", "options"),
    [
        ("access.hsts=0s", ()),
        ("certificate.authority=letsencrypt-staging", ()),
        ("access.hsts=30d", ("--keep-old-as-redirect",)),
    ],
)
def test_where_browsers_remember_nothing_or_the_name_stays_nothing_is_said_of_it(
    tmp_path: Path, setting: str, options: tuple[str, ...]
) -> None:
    folder = made(tmp_path / "p", setting)
    done = domain(folder, NEW, *options)
    assert (done.code, done.stderr) == (0, f"{OLD} becomes {NEW}.\n")


def test_a_short_memory_is_told_in_its_own_length(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", "access.hsts=12h")
    assert "for 12h;" in domain(folder, NEW).stderr


@pytest.mark.parametrize(
    ("name", "anew"), [("x.nvr.home.arpa", False), ("cams.home.arpa", True)], ids=["below", "other"]
)
def test_a_root_is_to_be_installed_again_only_where_it_is_made_anew(
    tmp_path: Path, name: str, *, anew: bool
) -> None:
    folder = made(tmp_path / "p", stack="lan")
    root = (folder / "tls/authority/root.pem").read_bytes()
    done = domain(folder, name)
    assert ("install its root again on each device" in done.stderr) == anew
    assert ((folder / "tls/authority/root.pem").read_bytes() != root) == anew
    kept = list((folder / ".nvrstack/backups").glob("*/tls/authority/root.pem"))
    assert [path.read_bytes() for path in kept] == ([root] if anew else [])


def test_a_conflict_is_settled_by_the_same_command(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    conf = folder / "nginx/sites/moonfire.conf"
    edited = conf.read_text().replace(f"server_name {OLD};", "server_name mine.example.com;")
    conf.write_text(edited)
    refused = domain(folder, NEW)
    assert (refused.code, "--theirs" in refused.stderr) == (1, True)
    assert f'domain = "{OLD}"' in (folder / "nvrstack.toml").read_text()
    assert conf.read_text() == edited
    assert domain(folder, NEW, "--theirs").code == 0
    assert f"server_name {NEW};" in conf.read_text()
    assert "mine.example.com" not in conf.read_text()
