"""The scripts that run in containers, held against the programs that will read them."""

import sys
from pathlib import Path

import pytest

from nvrstack.resources import shipped
from tests.bed.process import run
from tests.bed.rootfs import chroot

SCRIPTS = ("nginx/nginx/start.sh",)
UPDATER = "ddclient/ddclient"
KEEPER = ("keeper", "lineages", "mending", "reachability", "schedule", "wanted", "words")


def template(name: str) -> Path:
    """A file that is copied into projects as it is."""
    return Path(str(shipped("compose-templates").joinpath(*name.split("/"))))


@pytest.mark.parametrize("name", SCRIPTS)
def test_shellcheck_has_no_complaint(name: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = run([shellcheck, "--shell=sh", template(name)], check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", SCRIPTS)
def test_busybox_can_read_it(name: str) -> None:
    done = chroot(["busybox", "sh", "-n", "/script"], {template(name): "/script"})
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("name", KEEPER)
def test_certbots_python_can_read_the_keeper(name: str) -> None:
    words = ["python3", "-W", "error", "-m", "py_compile", "/keeper.py"]
    done = chroot(words, {template(f"certbot/certbot/{name}.py"): "/keeper.py"})
    assert done.stdout + done.stderr == ""


def test_perl_has_no_complaint_about_the_updater() -> None:
    files = sorted(
        path.name for path in template(UPDATER).iterdir() if path.suffix in {".pl", ".pm"}
    )
    assert "run.pl" in files
    check = 'for file; do perl -Iddclient -wc "ddclient/$file" || exit; done'
    done = chroot(["sh", "-c", check, "sh", *files], {template(UPDATER): "/ddclient"})
    assert done.stderr.splitlines() == [f"ddclient/{name} syntax OK" for name in files]
