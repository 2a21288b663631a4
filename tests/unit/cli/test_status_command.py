"""`nvrstack status` without an engine: what is on the disk is told all the same."""

from pathlib import Path

import pexpect
import pytest

from nvrstack.errors import ExitCode
from tests.unit.commands import nvrstack
from tests.unit.terminals import terminal

CERTIFICATE = "certificate nvr.home.arpa"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    domain = "site.domain=nvr.home.arpa"
    settings = ("--set", domain, "--set", "moonfire.state_dir=data/moonfire")
    made = nvrstack("init", tmp_path / "nvr", "--yes", "--stack", "lan", *settings)
    assert made.code == 0, made.stderr
    return tmp_path / "nvr"


def test_what_is_told_without_an_engine(project: Path) -> None:
    told = nvrstack("--project", project, "status", "--json")
    assert (told.code, told.json()["schema"]) == (ExitCode.OK, 1)
    verdicts = {v["about"]: v for v in told.json()["verdicts"]}
    assert {len(v) for v in verdicts.values()} == {4}
    assert {verdicts[name]["level"] for name in ("moonfire-nvr", "nginx")} == {"unknown"}
    assert verdicts[CERTIFICATE]["level"] == "fine"
    assert verdicts[CERTIFICATE]["text"].endswith("; issued today")
    assert verdicts["recordings"]["level"] == "warning"
    assert verdicts["files"]["text"] == "as nvrstack.toml says"


@pytest.mark.parametrize("content", [b"damaged", None])
def test_a_certificate_that_cannot_be_read_and_its_remedy(
    project: Path, content: bytes | None
) -> None:
    path = project / "tls/local/fullchain.pem"
    path.unlink() if content is None else path.write_bytes(content)
    told = nvrstack("--project", project, "status", "--json")
    assert told.code == ExitCode.CHECK_FAILED
    (verdict,) = [v for v in told.json()["verdicts"] if v["about"] == CERTIFICATE]
    assert (verdict["text"], verdict["remedy"]) == (
        "is not there, or damaged",
        "run `nvrstack render`",
    )
    assert nvrstack("--project", project, "render", "--yes").code == 0
    assert nvrstack("--project", project, "status").code == ExitCode.OK


def test_watching_wants_a_terminal(project: Path) -> None:
    for words in (("status", "--watch"), ("status", "--watch", "--json")):
        told = nvrstack("--project", project, *words)
        assert told.code == ExitCode.BAD_INPUT
        assert "--watch is for a terminal" in told.stderr + told.stdout


def test_who_edits_the_settings_can_watch_meanwhile(project: Path) -> None:
    settings = project / "nvrstack.toml"
    right = settings.read_text()
    with terminal(project, "status", "--watch") as screen:
        screen.expect_exact("as nvrstack.toml says")
        settings.write_text(right.replace("[site]", "[site"))
        screen.expect_exact("problem")
        screen.expect_exact("nvrstack.toml:")
        settings.write_text(right)
        screen.expect_exact("as nvrstack.toml says")
        screen.sendintr()
        screen.expect(pexpect.EOF)
        screen.wait()
        assert screen.exitstatus == ExitCode.INTERRUPTED
