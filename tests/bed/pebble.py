"""Pebble, the test certificate authority: its files, and how to run it as a container."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bed.images import TOOLS
from tests.bed.lock import lock
from tests.bed.paths import cache_dir, made
from tests.bed.process import Word, run

PORT = 14000
MANAGEMENT_PORT = 15000
DIRECTORY_URL = f"https://pebble:{PORT}/dir"
ROOT_URL = f"https://pebble:{MANAGEMENT_PORT}/roots/0"
"""The root of the certificates that this start of Pebble issues."""

ENVIRONMENT = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0"}
INSIDE = "/etc/pebble"


@dataclass(frozen=True)
class Pebble:
    """A directory with what Pebble reads; it is mounted at `/etc/pebble`."""

    directory: Path

    @property
    def authority(self) -> Path:
        """The PEM file that a client must trust for Pebble's own https."""
        return self.directory / "authority.pem"

    def docker_run(
        self,
        network: str,
        *,
        name: str = "pebble",
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        dns: str | None = None,
    ) -> list[str]:
        """Return the command that starts it as a container, reached there by the name `pebble`.

        `options` are further ones for `docker run`; `dns` is HOST:PORT of a resolver to ask.
        """
        variables = {**ENVIRONMENT, **(env or {})}
        words = ["docker", "run", "--detach", "--name", name, "--network", network]
        words += ["--network-alias", "pebble", "--volume", f"{self.directory}:{INSIDE}:ro"]
        for variable, value in variables.items():
            words += ["--env", f"{variable}={value}"]
        return [*words, *options, TOOLS, *self.command(dns=dns)]

    def command(self, *, inside: str = INSIDE, dns: str | None = None) -> list[str]:
        """Return Pebble's own command line."""
        resolver = [] if dns is None else ["-dnsserver", dns]
        return ["pebble", "-config", f"{inside}/config.json", *resolver]


def prepare(
    directory: Path,
    *,
    validity_seconds: int = 90 * 86400,
    http_port: int = 80,
    tls_port: int = 443,
    address: str = "0.0.0.0",
    inside: str = INSIDE,
    settings: Mapping[str, object] | None = None,
) -> Pebble:
    """Write Pebble's configuration and https certificate; `settings` adds keys or replaces them."""
    made(directory)
    made_once = _certificates()
    for name in ("authority.pem", "listener.pem", "listener.key"):
        (directory / name).write_bytes((made_once / name).read_bytes())
    profile = {"description": "short-lived for tests", "validityPeriod": validity_seconds}
    config: dict[str, object] = {
        "listenAddress": f"{address}:{PORT}",
        "managementListenAddress": f"{address}:{MANAGEMENT_PORT}",
        "certificate": f"{inside}/listener.pem",
        "privateKey": f"{inside}/listener.key",
        "httpPort": http_port,
        "tlsPort": tls_port,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
        "retryAfter": {"authz": 1, "order": 1},
        "profiles": {"default": profile},
        **(settings or {}),
    }
    (directory / "config.json").write_text(json.dumps({"pebble": config}, indent=2) + "\n")
    return Pebble(directory)


def _certificates() -> Path:
    """Make an authority and a certificate for the name `pebble` once; Debian ships none."""
    folder = cache_dir() / "pebble"
    with lock("pebble", shared=True):
        if not (folder / "listener.pem").exists():
            _make_certificates(made(folder))
    return folder


def _make_certificates(folder: Path) -> None:
    ca_key, ca, names = folder / "authority.key", folder / "authority.pem", folder / "names.ext"
    key, request, partial = (folder / f"listener.{end}" for end in ("key", "csr", "new"))
    names.write_text("subjectAltName=DNS:pebble,DNS:localhost,IP:127.0.0.1\n")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    days = ["-days", "3650"]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    subject = ["-subj", "/CN=nvrstack-bed authority"]
    signed_by: list[Word] = ["-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-extfile", names]
    run(["openssl", "req", "-x509", *new, *days, *usage, *subject, "-keyout", ca_key, "-out", ca])
    run(["openssl", "req", *new, "-subj", "/CN=pebble", "-keyout", key, "-out", request])
    run(["openssl", "x509", "-req", "-in", request, "-out", partial, *days, *signed_by])
    partial.rename(folder / "listener.pem")
