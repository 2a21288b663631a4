"""The machine's own Debian mirror, and other suites of it without touching the system's apt."""

import re
from pathlib import Path

from tests.bed.lock import lock
from tests.bed.paths import cache_dir, made
from tests.bed.process import BedError, run

APT = Path("/etc/apt")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
UNEXPIRED = 'Acquire::Check-Valid-Until "false";'
"""A mirror may be a frozen copy, whose release file is older than it allows."""


def mirror(apt: Path = APT, codename: str | None = None) -> str:
    """Return the address from which this machine installs the packages of its own release."""
    codename = codename or _codename()
    for address, suites in _sources(apt):
        if codename in suites:
            return address
    message = f"no source in {apt} offers {codename}: the bed does not know which mirror to ask"
    raise BedError(message)


def source(suite: str) -> str:
    """Return the line by which apt reads a suite from the mirror."""
    return f"deb [signed-by={KEYRING}] {mirror()} {suite} main"


def download(suite: str, *packages: str) -> list[Path]:
    """Fetch packages of another suite and return the files."""
    home = made(cache_dir() / "apt" / suite)
    for folder in ("lists/partial", "archives/partial"):
        made(home / folder)
    listing = home / "sources.list"
    listing.write_text(source(suite) + "\n")
    options = [
        f"-oDir::Etc::sourcelist={listing}",
        "-oDir::Etc::sourceparts=/dev/null",
        f"-oDir::State::Lists={home / 'lists'}",
        f"-oDir::Cache={home}",
        "-oAPT::Sandbox::User=root",
        "-oAcquire::Check-Valid-Until=false",
        "-oAcquire::Languages=none",
    ]
    with lock("apt", shared=True):
        run(["apt-get", *options, "update"], timeout=300)
        run(["apt-get", *options, "download", *packages], cwd=home, timeout=300)
    return [_newest(home, package) for package in packages]


def _newest(home: Path, package: str) -> Path:
    """Return a package's file; those of earlier versions may lie beside it."""
    found = max(home.glob(f"{package}_*.deb"), key=lambda file: file.stat().st_mtime, default=None)
    if found is None:
        message = f"apt-get downloaded no {package}"
        raise BedError(message)
    return found


def _codename() -> str:
    """Return this machine's Debian release."""
    text = Path("/etc/os-release").read_text()
    found = re.search(r'^VERSION_CODENAME="?([a-z]+)', text, re.MULTILINE)
    if found is None:
        message = "/etc/os-release names no release: the bed needs Debian 12 or newer"
        raise BedError(message)
    return found[1]


def _sources(apt: Path) -> list[tuple[str, list[str]]]:
    """Return the addresses that apt knows with the suites that each offers, in both formats."""
    folder = apt / "sources.list.d"
    found: list[tuple[str, list[str]]] = []
    for file in [apt / "sources.list", *sorted(folder.glob("*.list"))]:
        if file.is_file():
            lines = re.finditer(r"^deb\s+(?:\[[^]]*]\s*)?(\S+)\s+(\S+)", file.read_text(), re.M)
            found += [(line[1], [line[2]]) for line in lines]
    for file in sorted(folder.glob("*.sources")):
        for paragraph in re.split(r"\n\s*\n", file.read_text()):
            fields = dict(re.findall(r"^([A-Za-z-]+):[ \t]*(.+)$", paragraph, re.MULTILINE))
            off = fields.get("Enabled", "yes").strip() == "no"
            if "deb" in fields.get("Types", "").split() and not off:
                suites = fields.get("Suites", "").split()
                found += [(address, suites) for address in fields.get("URIs", "").split()]
    return found
