"""An engine without root's rights, which cannot run a project: told before anything is written."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nvrstack.checks.engine import engine_verdicts
from nvrstack.host.docker import engine
from nvrstack.host.docker.facts import ask_engine
from tests.bed.process import run
from tests.contract.rootless import rootless_engine
from tests.unit.commands import nvrstack

SETTINGS = {
    "site.domain": "nvr.example.com",
    "certificate.email": "owner@nvr.example.com",
    "moonfire.timezone": "UTC",
    "moonfire.state_dir": "data/moonfire",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with rootless_engine() as found:
        yield found


def chosen_by_variable(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)


def chosen_by_context(address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Docker's own setup tool leaves it."""
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(folder / "config"))
    run(["docker", "context", "create", "rootless", "--docker", f"host={address}"])
    run(["docker", "context", "use", "rootless"])


@pytest.mark.parametrize("choose", [chosen_by_variable, chosen_by_context])
def test_it_is_refused_with_what_to_do(
    choose: object, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(choose)
    choose(address, tmp_path, monkeypatch)
    assert engine.is_rootless()
    words = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    folder = tmp_path / "p"
    done = nvrstack("init", folder, "--yes", "--stack", "router-ddns", *words)
    assert done.code == 3, done
    assert "runs without root's rights" in done.stderr
    assert "docker context use default" in done.stderr
    assert not folder.exists()
    first, *_ = engine_verdicts(ask_engine(Path("/")), ())
    assert (first.level, first.remedy.endswith("docker context use default")) == ("problem", True)
