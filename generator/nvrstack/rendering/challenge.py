"""How certbot proves that the names are ours: what `certificates.json` tells its keeper."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nvrstack.services.dns_providers import DnsProvider
from nvrstack.settings.model import Certificate

FOLDER = "/etc/nvrstack/certbot"
ACCOUNT = "eab.ini"
CREDENTIALS = "dns-credentials"


@dataclass(frozen=True)
class Challenge:
    """certbot's authenticator, its options and environment, and the secret files they name."""

    authenticator: str = "webroot"
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()


def challenge(certificate: Certificate, provider: DnsProvider | None) -> Challenge:
    """The way to a certificate; `provider` is whose name servers answer, for DNS-01.

    Secrets are only ever named by their files: certbot's own `--config` takes the options that it
    has no file for.
    """
    account = ("--config", f"{FOLDER}/{ACCOUNT}") if certificate.eab_key_id else ()
    secrets = (ACCOUNT,) if certificate.eab_key_id else ()
    if provider is None:
        return Challenge(options=account, secrets=secrets)
    path = f"{FOLDER}/{CREDENTIALS}"
    name = provider.authenticator
    options: tuple[str, ...] = (f"--{name}-credentials", path)
    environment = {}
    if provider.credentials == "aws":
        options, environment = (), {"AWS_SHARED_CREDENTIALS_FILE": path}
    wait = certificate.dns_propagation
    if wait is not None and provider.propagation:
        options += (f"--{name}-propagation-seconds", str(int(wait.total_seconds())))
    return Challenge(name, (*account, *options), environment, (*secrets, CREDENTIALS))
