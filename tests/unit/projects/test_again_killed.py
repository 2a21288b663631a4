"""Killed at any call to the operating system: the old tree or the new one, never a mixture."""

import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.commands import Listing, nvrstack
from tests.unit.projects.made import NGINX, edit, files, laid, made, render, taken

CALLS = (
    "chmod", "fsync", "mkdir", "open", "remove", "rename", "replace", "rmdir", "unlink", "write"
)  # fmt: skip
JOURNAL = ".nvrstack/apply.json"
SETTINGS = "nvrstack.toml"
SITE = """
[[sites]]
domain = "nas.example.com"
upstream = "http://192.168.1.30:5000"
basic_auth = true
"""


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which a render has to add, update, merge and remove, secret files too."""
    folder = made(tmp_path_factory.mktemp("killed") / "p", "site.redirects=old.example.com")
    edit(folder / SETTINGS, 'redirects = ["old.example.com"]', "redirects = []")
    edit(folder / SETTINGS, "login_rate = 10", "login_rate = 11")
    edit(folder / NGINX, "server_tokens off;", "server_tokens off;\n    gzip on;")
    (folder / SETTINGS).write_text((folder / SETTINGS).read_text() + SITE)
    (folder / "secrets/htpasswd_nas.example.com").write_text("me:$5$salt$hash\n")
    (folder / "nginx/custom.d/mine.conf").write_text("# mine\n")
    return folder


def copied(folder: Path, to: Path) -> Path:
    """The same project elsewhere."""
    return laid(taken(folder), to)


def killed(when: Callable[[str, str], bool], folder: Path, *arguments: str) -> int | None:
    """Run a command in a process of its own that is killed at the call of which `when` is true.

    That is given the call's name and the path that it is about to make or change. The command's
    exit code, or None when it was killed.
    """
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        code = 99
        try:
            # What it leaves behind there goes with the test.
            tempfile.tempdir = str(folder.parent)
            for name in CALLS:
                setattr(os, name, killing(name, getattr(os, name), when))
            code = nvrstack("--project", folder, *arguments).code
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


def killing(
    name: str, real: Callable[..., Any], when: Callable[[str, str], bool]
) -> Callable[..., Any]:
    def call(*given: Any, **options: Any) -> Any:
        path = given[1 if name in {"rename", "replace"} else 0]
        folder = options.get("dst_dir_fd", options.get("dir_fd"))
        if folder is not None:
            path = Path(f"/proc/self/fd/{folder}").readlink() / path
        if when(name, str(path)):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*given, **options)

    return call


def at_call(number: int) -> Callable[[str, str], bool]:
    counted = itertools.count(1)
    return lambda _name, _path: next(counted) == number


def rendered(folder: Path) -> Listing:
    """The project's files without the certificates, each of which has a key of its own."""
    return {path: file for path, file in files(folder).items() if not path.startswith("tls/")}


def certificates_fit(folder: Path, *names: str) -> bool:
    """Whether the placeholder is for `names` and goes with its key."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from nvrstack.pki.certificates import names_of

    pem = (folder / "tls/placeholder/fullchain.pem").read_bytes()
    key = load_pem_private_key((folder / "tls/placeholder/privkey.pem").read_bytes(), None)
    fits = x509.load_pem_x509_certificate(pem).public_key() == key.public_key()
    return fits and set(names_of(pem)) == set(names)


OLD_NAMES = ("nvr.example.com", "old.example.com")
NEW_NAMES = ("nvr.example.com", "nas.example.com")


def test_a_render_that_is_killed_leaves_the_old_tree_or_the_new_one(
    edited: Path, tmp_path: Path
) -> None:
    old = rendered(edited)
    whole = copied(edited, tmp_path / "whole")
    assert render(whole, "--yes").code == 0
    new = rendered(whole)
    assert certificates_fit(whole, *NEW_NAMES)
    seen = []
    for number in range(1, 1000):
        folder = copied(edited, tmp_path / str(number))
        if (code := killed(at_call(number), folder, "render", "--yes")) is not None:
            break
        if (folder / JOURNAL).exists():
            # Whatever command comes next completes it, even one that is to change nothing.
            assert render(folder, "--check").stdout.count("@@") == 0, number
            seen.append("half done")
        elif rendered(folder) == old:
            assert certificates_fit(folder, *OLD_NAMES), number
            seen.append("old")
            if number % 8:
                # Where nothing was changed, one look at what comes next serves for several.
                shutil.rmtree(folder)
                continue
            assert render(folder, "--yes").code == 0, number
        else:
            assert render(folder, "--yes").stdout.endswith("Nothing to change.\n"), number
            seen.append("new")
        assert rendered(folder) == new, number
        assert certificates_fit(folder, *NEW_NAMES), number
        assert not (folder / JOURNAL).exists()
        shutil.rmtree(folder)
    assert code == 0
    assert min(seen.count("old"), seen.count("half done")) > 30
    # Once it is new, it is not old again.
    assert seen == sorted(seen, key=["old", "half done", "new"].index)


@pytest.fixture(scope="module")
def half_done(edited: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose render was killed when some files were in their places and some not."""
    folder = copied(edited, tmp_path_factory.mktemp("half") / "p")

    def fourth(name: str, path: str) -> bool:
        return name == "replace" and "/.nvrstack/" not in path and next(counted) == 4

    counted = itertools.count(1)
    assert killed(fourth, folder, "render", "--yes") is None
    before, mixed = rendered(edited), rendered(folder)
    assert len({path for path in {*before, *mixed} if before.get(path) != mixed.get(path)}) == 3
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ("set", "site.http_port", "8080"),
        ("domain", "newer.example.com", "--yes"),
        ("template", "copy", "nginx/nginx/nginx.conf.j2"),
        ("render", "--yes"),
        ("get", "site.domain"),
    ],
    ids=" ".join,
)
def test_the_next_command_completes_first_what_a_killed_one_began(
    edited: Path, half_done: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    whole, folder = copied(edited, tmp_path / "whole"), copied(half_done, tmp_path / "half")
    assert render(whole, "--yes").code == 0
    for place in (whole, folder):
        assert nvrstack("--project", place, *command).code == 0
        assert render(place, "--yes").code == 0
    assert rendered(folder) == rendered(whole)
    assert b"gzip on;" in rendered(folder)[NGINX][1]


def test_a_restore_completes_first_what_a_killed_render_began(
    edited: Path, half_done: Path, tmp_path: Path
) -> None:
    whole, folder = copied(edited, tmp_path / "whole"), copied(half_done, tmp_path / "half")
    assert render(whole, "--yes").code == 0
    new = rendered(whole)
    moment = "2020-01-01T00-00-00.000000Z"
    (folder / f".nvrstack/backups/{moment}/nginx").mkdir(parents=True)
    (folder / f".nvrstack/backups/{moment}" / NGINX).write_text("# an older one\n")
    assert nvrstack("--project", folder, "restore", moment, "--yes").code == 0
    assert rendered(folder) == {**new, NGINX: (0o644, b"# an older one\n")}
    # What it kept of its own is the file that the render was about to put there.
    newest = nvrstack("--project", folder, "restore", "--json").json()["backups"][0]
    assert newest["files"] == [NGINX]
    kept = folder / ".nvrstack/backups" / newest["when"] / NGINX
    assert kept.read_bytes() == new[NGINX][1]


def test_a_domain_that_is_killed_leaves_the_old_tree_or_the_new_one(
    edited: Path, tmp_path: Path
) -> None:
    settled = copied(edited, tmp_path / "settled")
    assert render(settled, "--yes").code == 0
    old = rendered(settled)
    whole = copied(settled, tmp_path / "whole")
    words = ("domain", "newer.example.com", "--yes")
    assert nvrstack("--project", whole, *words).code == 0
    new = rendered(whole)
    seen = set()
    for number in range(1, 1000, 17):
        folder = copied(settled, tmp_path / str(number))
        if killed(at_call(number), folder, *words) is not None:
            break
        assert render(folder, "--check").code in {0, 1}
        # The settings may be ahead of the tree, as after `nvrstack set`.
        found = rendered(folder)
        seen.add((found[SETTINGS] == new[SETTINGS], found == {**new, SETTINGS: found[SETTINGS]}))
        assert found in (old, {**old, SETTINGS: new[SETTINGS]}, new), number
        assert nvrstack("--project", folder, *words).code in {0, 2}
        assert render(folder, "--yes").code == 0
        assert rendered(folder) == new
        shutil.rmtree(folder)
    assert seen == {(False, False), (True, False), (True, True)}
