"""certbot with all of the DNS plugins that nvrstack knows, each in the version that it pins."""

import hashlib
import sys
from pathlib import Path

from nvrstack.services import images
from nvrstack.services.dns_providers import DnsProvider, dns_providers
from tests.bed.lock import lock
from tests.bed.paths import cache_dir
from tests.bed.process import run


def requirements() -> list[str]:
    """What pip is to install: the pinned image's certbot, and what the plugins' images have."""
    version = images.CERTBOT.partition(":v")[2]
    return [
        f"certbot=={version}",
        *(_package(entry, version) for entry in dns_providers().values()),
    ]


def certbot() -> Path:
    """The program, installed on the first call."""
    key = hashlib.sha256(" ".join(requirements()).encode()).hexdigest()[:8]
    place = cache_dir() / f"certbot-plugins-{sys.version_info.minor}-{key}"
    program = place / "bin/certbot"
    complete = place / "complete"
    with lock("certbot-plugins", shared=True):
        if not complete.exists():
            run([sys.executable, "-m", "venv", "--clear", place], timeout=120)
            install = ["install", "--quiet", "--no-compile", "--disable-pip-version-check"]
            run([place / "bin/pip", *install, *requirements()], timeout=300)
            complete.touch()
    return program


def _package(entry: DnsProvider, version: str) -> str:
    if entry.package:
        return entry.package
    assert entry.image
    return f"certbot-{entry.image.rpartition('/')[2]}=={version}"
