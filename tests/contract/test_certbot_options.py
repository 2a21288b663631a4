"""certbot understands every option that keeper.py gives it."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from nvrstack.resources import shipped
from tests.contract import extremes
from tests.contract.container import container
from tests.contract.rendered import project, write

CASES = {
    "rsa and an address": {"certificate": {"key_type": "rsa", "email": "o'neill+nvr@example.com"}},
    "long names": extremes.LONG_NAMES,
    "other authority": {"certificate": {"authority": "https://127.0.0.1:9/acme?a=1&b=$x"}},
}


def keeper() -> ModuleType:
    """The script as a module."""
    path = Path(str(shipped("compose-templates") / "certbot/certbot/keeper.py"))
    spec = importlib.util.spec_from_file_location("keeper", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look for their module.
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("change", CASES.values(), ids=CASES)
def test_certbot_understands_its_command(
    change: extremes.Change, tmp_path: Path, netns: str
) -> None:
    made = write(project(tmp_path / "project", "public", change))
    script = keeper()
    (wanted,) = script.read_wanted(made.text("certbot/certificates.json"))
    assert wanted.domains == made.settings.site.names
    service = container(made, "certbot", netns, tmp_path / "tmp")
    done = service.run(script.certbot_command(wanted))
    # Everything was right but that no authority can be reached from here.
    assert done.returncode == 1
    assert "usage:" not in done.stderr
    assert any(words in done.stderr for words in ("Max retries exceeded", "Requested", "refused"))
    assert (made.directory / "data/certbot/logs/letsencrypt.log").is_file()
