"""certbot understands every option that keeper.py gives it."""

from pathlib import Path

import pytest

from tests.contract import extremes
from tests.contract.container import container
from tests.contract.rendered import project, write
from tests.unit.keeper import wanted

CASES = {
    "rsa and an address": {
        "certificate": {"key_type": "rsa", "email": "o'neill+nvr@nvr.example.com"}
    },
    "long names": extremes.LONG_NAMES,
    "other authority": {"certificate": {"authority": "https://127.0.0.1:9/acme?a=1&b=$x"}},
}


@pytest.mark.parametrize("change", CASES.values(), ids=CASES)
def test_certbot_understands_its_command(
    change: extremes.Change, tmp_path: Path, netns: str
) -> None:
    made = write(project(tmp_path / "project", "public", change))
    (request,) = wanted.read_wanted(made.text("certbot/certificates.json"))
    assert request.domains == made.settings.site.names
    service = container(made, "certbot", netns, tmp_path / "tmp")
    done = service.run(wanted.certbot_command(request, {}))
    # Everything was right but that no authority can be reached from here.
    assert done.returncode == 1
    assert "usage:" not in done.stderr
    assert any(words in done.stderr for words in ("Max retries exceeded", "Requested", "refused"))
    assert (made.directory / "data/certbot/logs/letsencrypt.log").is_file()
