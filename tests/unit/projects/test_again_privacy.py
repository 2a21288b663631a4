"""Secrets that somebody made readable for others: `render` tells of it, and closes them."""

import stat
from pathlib import Path

import pytest

from tests.unit.projects.made import edit, files, made, render, traces
from tests.unit.samples import PASSWORD

DDCLIENT = "ddclient/ddclient.conf"
SECRET = "secrets/ddns_password"
KEY = "tls/placeholder/privkey.pem"
SETTINGS = "nvrstack.toml"


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A project of the stack that has secrets of each kind."""
    return made(tmp_path / "p", stack="public")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("path", [DDCLIENT, SECRET, KEY])
@pytest.mark.parametrize("wide", [0o644, 0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_is_told_of_and_closed(
    public: Path, path: str, wide: int
) -> None:
    before = files(public)
    (public / path).chmod(wide)
    touched = traces(public)
    shown = render(public, "--check")
    assert shown.code == 1
    assert shown.stdout == f"{path}: mode {wide:04o} becomes 0600\n1 would change: {path}\n"
    assert traces(public) == touched
    done = render(public, "--yes", "--json")
    assert done.json() == {
        "schema": 1,
        "changes": [{"path": path, "kind": "mode"}],
        "applied": True,
    }
    assert files(public) == before
    assert render(public, "--check").code == 0
    # Nothing was replaced, so there is nothing to restore.
    assert not (public / ".nvrstack/backups").exists()


def test_the_key_of_the_houses_own_authority_is_closed(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", stack="lan")
    before = files(folder)
    keys = ["tls/authority/root.key", "tls/local/privkey.pem", KEY]
    for key in keys:
        (folder / key).chmod(0o644)
    assert render(folder, "--check").stdout.endswith(f"3 would change: {', '.join(keys)}\n")
    assert render(folder, "--yes").code == 0
    assert files(folder) == before


def test_any_file_of_a_site_and_any_further_secret_is_closed(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    with (folder / SETTINGS).open("a") as settings:
        settings.write(
            '\n[[sites]]\ndomain = "b.example.com"\nupstream = "http://nas"\nbasic_auth = true\n'
        )
    (folder / "secrets/htpasswd_b.example.com").write_text("me:$5$salt$hash\n")
    (folder / "secrets/of-my-own").write_text("s3cret\n")
    assert render(folder, "--yes").code == 0
    rendered = "nginx/htpasswd/b.example.com"
    (folder / rendered).chmod(0o644)
    assert render(folder, "--yes").code == 0
    private = [rendered, "secrets/htpasswd_b.example.com", "secrets/of-my-own"]
    assert [mode(folder / path) for path in private] == [0o600, 0o600, 0o600]


def test_an_edited_secret_keeps_its_content_and_gets_its_mode(public: Path) -> None:
    with (public / DDCLIENT).open("a") as stream:
        stream.write("# my 0wn note\n")
    (public / DDCLIENT).chmod(0o644)
    mine = (public / DDCLIENT).read_bytes()
    done = render(public, "--check")
    assert done.code == 1
    assert f"{DDCLIENT}: mode 0644 becomes 0600" in done.stdout
    assert "0wn" not in done.stdout
    assert render(public, "--yes").code == 0
    assert (mode(public / DDCLIENT), (public / DDCLIENT).read_bytes()) == (0o600, mine)
    # It is still an edit.
    again = render(public, "--yes")
    assert f"{DDCLIENT}: edited by hand, left as it is" in again.stdout


def test_a_conflict_settled_for_the_edit_closes_it_too(public: Path) -> None:
    with (public / DDCLIENT).open("a") as stream:
        stream.write("# mine\n")
    (public / DDCLIENT).chmod(0o644)
    mine = (public / DDCLIENT).read_bytes()
    (public / SECRET).write_text("an0ther\n")
    assert render(public, "--yes").code == 1
    assert render(public, "--yes", "--mine").code == 0
    assert (mode(public / DDCLIENT), (public / DDCLIENT).read_bytes()) == (0o600, mine)


def test_an_edited_secret_that_is_no_longer_rendered_is_closed(public: Path) -> None:
    with (public / DDCLIENT).open("a") as stream:
        stream.write("# mine\n")
    (public / DDCLIENT).chmod(0o644)
    edit(public / SETTINGS, 'stack = "public"', 'stack = "router-ddns"')
    edit(public / SETTINGS, 'updater = "ddclient"', 'updater = "router"')
    done = render(public, "--yes")
    assert done.code == 0
    assert PASSWORD not in done.stdout
    assert mode(public / DDCLIENT) == 0o600


@pytest.mark.parametrize("folder", ["secrets", "tls", "tls/placeholder", "data", ".nvrstack"])
def test_a_directory_that_others_may_enter_is_told_of_and_closed(public: Path, folder: str) -> None:
    (public / folder).chmod(0o755)
    shown = render(public, "--check")
    assert shown.code == 1
    assert shown.stdout == f"{folder}: mode 0755 becomes 0700\n1 would change: {folder}\n"
    assert mode(public / folder) == 0o755
    done = render(public, "--yes", "--json")
    assert done.json()["changes"] == [{"path": folder, "kind": "mode"}]
    assert mode(public / folder) == 0o700
    assert render(public, "--check").code == 0


def test_without_a_terminal_no_mode_is_changed_unasked(public: Path) -> None:
    (public / "secrets").chmod(0o755)
    (public / SECRET).chmod(0o644)
    assert render(public).code == 2
    assert (mode(public / "secrets"), mode(public / SECRET)) == (0o755, 0o644)


def test_an_edited_file_without_a_secret_may_have_any_mode(public: Path) -> None:
    path = public / "nginx/nginx.conf"
    edit(path, "server_tokens off;", "server_tokens off;\n    gzip on;")
    path.chmod(0o664)
    assert render(public, "--yes").stdout.endswith("left as it is\nNothing to change.\n")
    assert mode(path) == 0o664


def test_moonfires_directory_and_linked_secrets_are_their_owners_business(
    public: Path, tmp_path: Path
) -> None:
    (public / "data/moonfire").chmod(0o750)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(f"{PASSWORD}\n")
    elsewhere.chmod(0o644)
    (public / SECRET).unlink()
    (public / SECRET).symlink_to(elsewhere)
    assert render(public, "--check").stdout == "Nothing to change.\n"
