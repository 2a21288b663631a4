"""Which certificates are wanted, and how certbot is told."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LETSENCRYPT = Path("/etc/letsencrypt")
WEBROOT = Path("/var/www/webroot")
LOGS = Path("/var/lib/nvrstack/logs")
WORK = Path("/tmp/certbot")  # noqa: S108 - the container's own tmpfs


@dataclass(frozen=True)
class Wanted:
    """One certificate that shall exist, and everything certbot is told about it.

    `profile` is what the authority calls the kind of certificate, None for its usual one.
    `authenticator` is certbot's name of the way to prove that the names are ours; `options` and
    `environment` are what it needs; `secrets` the files with credentials that they name.
    """

    name: str
    domains: tuple[str, ...]
    server: str
    email: str | None
    key_type: str
    profile: str | None = None
    authenticator: str = "webroot"
    options: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()

    @property
    def by_webroot(self) -> bool:
        """Whether the authority fetches a file through port 80 (HTTP-01)."""
        return self.authenticator == "webroot"

    def digest(self, folder: Path) -> str:
        """Changes when anything about the request changes, the secrets in `folder` included."""
        found = hashlib.sha256(repr(self).encode())
        for name in self.secrets:
            found.update((folder / name).read_bytes())
        return found.hexdigest()[:16]


def read_wanted(text: str) -> list[Wanted]:
    """The certificates that `certificates.json` asks for."""
    data = json.loads(text)
    common = {
        **{key: data[key] for key in ("server", "email", "key_type", "authenticator")},
        "profile": data.get("profile"),
        "options": tuple(data["options"]),
        "environment": tuple(data["environment"].items()),
        "secrets": tuple(data["secrets"]),
    }
    return [
        Wanted(name=entry["name"], domains=tuple(entry["domains"]), **common)
        for entry in data["certificates"]
    ]


def certbot_command(
    wanted: Wanted,
    issued: Mapping[str, str],
    *,
    is_whole: bool = True,
    key: Sequence[str] = (),
    account: str | None = None,
) -> list[str]:
    """The certbot command line that issues, renews or leaves alone, whichever is due.

    `issued` says how the present certificate was got, as certbot noted it: empty when there is
    none. One from another authority, or got in another way, is replaced at once: a staging
    certificate is of no use any more, and a new way shows now whether it works, not when the next
    renewal is due. So is one of another profile, and one that is not whole, as a full disk may
    leave it.

    `key` are options about the key, `account` is the identifier of the account to use, if any.
    """
    contact = [f"--email={wanted.email}"] if wanted.email else ["--register-unsafely-without-email"]
    way = {"server": wanted.server, "authenticator": wanted.authenticator}
    differs = any(issued.get(key) != value for key, value in way.items())
    differs = differs or issued.get("preferred_profile") != wanted.profile
    replaces = bool(issued) and (differs or not is_whole)
    due = ["--force-renewal", "--break-my-certs"] if replaces else ["--keep-until-expiring"]
    webroot = ["--webroot-path", str(WEBROOT)] if wanted.by_webroot else []
    return [
        "certbot", "certonly", "--non-interactive", "--agree-tos", "--no-eff-email", *contact,
        "--server", wanted.server,
        "--authenticator", wanted.authenticator, *webroot, *wanted.options,
        "--cert-name", wanted.name,
        *due, "--renew-with-new-domains",
        "--key-type", wanted.key_type, *key,
        *(["--account", account] if account else []),
        *(["--preferred-profile", wanted.profile] if wanted.profile else []),
        "--config-dir", str(LETSENCRYPT), "--work-dir", str(WORK), "--logs-dir", str(LOGS),
        "--max-log-backups", "20",
        *(word for domain in wanted.domains for word in ("--domain", domain)),
    ]  # fmt: skip
