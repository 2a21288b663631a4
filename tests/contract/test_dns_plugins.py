"""Every DNS provider of ours, held against the plugin that certbot will use for it."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from nvrstack.services.dns_providers import (
    DnsProvider,
    credentials_problem,
    credentials_text,
    dns_providers,
)
from tests.bed.name_server import NameServer
from tests.bed.process import Done, run
from tests.contract.authority import Authority
from tests.contract.plugins import certbot
from tests.contract.rendered import project, write
from tests.contract.space import inside
from tests.unit.keeper import wanted

PROVIDERS = dns_providers()
LOOKED_AT = {
    "dns_rfc2136_server": "127.0.0.1",
    "dns_rfc2136_secret": "c2VjcmV0",
    "dns_ovh_endpoint": "ovh-eu",
    "dns_luadns_email": "me@example.com",
}
"""Values of which a plugin wants more than that they are there."""
TALKED = (
    "Failed to resolve",
    "Connection error",
    "Could not connect to the endpoint",
    "Unable to find the server",
    "Network is unreachable",
    # The one provider that there is here.
    "The peer didn't",
    # What dnsmadeeasy's makes of any answer, and of none.
    "Unexpected error determining zone identifier",
)
"""How plugins tell that they went to their provider, who cannot be reached from here."""
REFUSED = ("Missing property", "missing: ", "missing fields ", "are required", "must be set")


def credentials(provider: DnsProvider, without: str | None = None) -> str:
    """A file of credentials whose form is right, or which lacks one key."""
    values = {key: LOOKED_AT.get(key, "t0ken") for key in provider.keys if key != without}
    if provider.credentials != "json":
        return credentials_text(provider, values)
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": "a-project",
        "private_key": key.decode(),
        "client_email": "nvr@a-project.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    return json.dumps({name: value for name, value in account.items() if name != without})


def last_key(provider: DnsProvider) -> str:
    """The key that is left out."""
    return list(provider.keys)[-1]


@dataclass(frozen=True)
class Trial:
    """Where certbot is run as `certificates.json` says, with other directories than its own."""

    directory: Path
    netns: str
    trusted: bytes
    """What to trust for the authority's own https."""

    def run(self, provider: DnsProvider, without: str | None) -> Done:
        """Let it try to get a certificate; all of it but the provider is there."""
        place = self.directory / f"{provider.name}-{without}"
        change = {
            "authority": "https://127.0.0.1:14000/dir",
            "authority_root": "root.pem",
            "dns_provider": provider.name,
        }
        made = write(
            project(
                place,
                "dns-challenge",
                {"certificate": change},
                given={"dns_credentials": credentials(provider)},
                authority_root=self.trusted,
            )
        )
        if without is not None:
            (place / "certbot/dns-credentials").write_text(credentials(provider, without))
        (request,) = wanted.read_wanted(made.text("certbot/certificates.json"))
        own = {
            "/etc/nvrstack": place,
            "/etc/letsencrypt": place / "data/letsencrypt",
            "/var/lib/nvrstack": place / "data/certbot",
            "/tmp/certbot": place / "work",
        }
        words = [moved(word, own) for word in wanted.certbot_command(request, {})[1:]]
        trust = str(place / "certbot/authority-root.pem")
        env = {"PATH": "/usr/bin:/bin", "HOME": str(place), "REQUESTS_CA_BUNDLE": trust}
        env |= {name: moved(value, own) for name, value in request.environment}
        command = [*inside(self.netns), str(certbot()), *words]
        return run(command, env=env, check=False, timeout=300)


def moved(word: str, places: Mapping[str, Path]) -> str:
    """A word of the command line, where a directory of the container's is one of ours."""
    for path, place in places.items():
        if word.startswith(path):
            return word.replace(path, str(place), 1)
    return word


@pytest.fixture(scope="module")
def outputs(
    tmp_path_factory: pytest.TempPathFactory, netns: str
) -> Mapping[tuple[str, str | None], str]:
    """What certbot said for each provider, with all that it needs and without one key."""
    directory = tmp_path_factory.mktemp("plugins")
    hosts = directory / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    authority = Authority(directory / "pebble", netns, hosts)
    trial = Trial(directory, netns, authority.root)
    zone = NameServer(directory / "zone", netns)
    certbot()
    cases = [(entry, key) for entry in PROVIDERS.values() for key in (None, last_key(entry))]
    with authority.running(), zone.running(), ThreadPoolExecutor(3) as workers:
        done = list(workers.map(lambda case: trial.run(*case), cases))
    assert {found.returncode for found in done} == {1}
    return {
        (entry.name, key): found.stdout + found.stderr
        for (entry, key), found in zip(cases, done, strict=True)
    }


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_plugin_understands_its_options_and_credentials(
    name: str, outputs: Mapping[tuple[str, str | None], str]
) -> None:
    assert credentials_problem(PROVIDERS[name], credentials(PROVIDERS[name])) is None
    output = outputs[name, None]
    assert "usage:" not in output
    assert not any(words in output for words in REFUSED), output
    assert any(words in output for words in TALKED), output


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_plugin_wants_the_key_that_we_want(
    name: str, outputs: Mapping[tuple[str, str | None], str]
) -> None:
    provider = PROVIDERS[name]
    key = last_key(provider)
    problem = credentials_problem(provider, credentials(provider, key))
    assert problem is not None
    assert key in problem
    output = outputs[name, key]
    assert any(words in output for words in REFUSED), output
    assert key in output
