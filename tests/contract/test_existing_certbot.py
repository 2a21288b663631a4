"""A certificate that the host's certbot got is renewed by the project's, with the same account."""

from pathlib import Path

import pytest

from nvrstack.migration.around.renewal import read_renewal, with_webroot
from tests.contract.keeping import DOMAIN, Keeping, keeping

SOON = {"SECONDS_BETWEEN_LOOKS": "0.5", "SETTLE_SECONDS": "1"}
HOST_ONLY = """\
authenticator = nginx
installer = nginx
renew_hook = systemctl reload nginx
"""
QUICKLY = ("--no-random-sleep-on-renew", "--work-dir", "/tmp/work", "--logs-dir", "/tmp/logs")


@pytest.fixture
def issued(tmp_path: Path, netns: str) -> Keeping:
    """A project whose renewal file is to be one of the host's."""
    return keeping(tmp_path, netns, SOON)


def test_a_lineage_of_the_host_renews(issued: Keeping) -> None:
    renew = ["certbot", "renew", "--cert-name", DOMAIN, "--force-renewal", *QUICKLY]
    with issued.authority.running(), issued.reachable():
        with issued.run() as running:
            assert issued.is_in("ok"), running.text()
        file = issued.letsencrypt / "renewal" / f"{DOMAIN}.conf"
        text = file.read_text()
        account = read_renewal(DOMAIN, text).account
        # As certbot's plugin for the host's nginx would have left it.
        start = text.index("authenticator")
        kept = [line for line in text[start:].splitlines() if line.startswith(("server", "key"))]
        file.write_text(text[:start] + "\n".join([*kept, HOST_ONLY]))
        refused = issued.container.run(renew)
        assert "nginx plugin does not appear to be installed" in refused.stdout + refused.stderr

        file.write_text(with_webroot(file.read_text(), [DOMAIN]))
        done = issued.by_hand(renew)
        assert done.returncode == 0, done.stdout + done.stderr
        assert issued.authority.orders() == 2
    after = read_renewal(DOMAIN, file.read_text())
    assert (after.authenticator, after.account, after.hooks) == ("webroot", account, {})
    assert account is not None
    assert (issued.letsencrypt / "archive" / DOMAIN / "cert2.pem").is_file()
