"""Whether an interface's IPv4 address is leased by DHCP or set by hand, from what keeps it.

The four programs that Debian, Ubuntu and Raspberry Pi OS configure interfaces with, in the order
in which they are sure of themselves: the first two say which interfaces are theirs.
"""

from collections.abc import Iterator
from configparser import ConfigParser, Error
from contextlib import suppress
from pathlib import Path
from typing import Literal

Origin = Literal["static", "leased"]
Told = tuple[str, Origin | None]
NETWORKD, MANAGER, DHCPCD, IFUPDOWN = (
    "systemd-networkd",
    "NetworkManager",
    "dhcpcd",
    "/etc/network/interfaces",
)


def origin(interface: str, index: int, root: Path = Path("/")) -> Told:
    """The program that keeps an interface, and how the interface got its address.

    Empty and None where no program is known to keep it. `index` is the kernel's number for it.
    """
    for told in (
        _networkd(index, root),
        _network_manager(index, root),
        _ifupdown(interface, root),
        _dhcpcd(interface, root),
    ):
        if told is not None:
            return told
    return "", None


def _networkd(index: int, root: Path) -> Told | None:
    """From sd-network's files below /run/systemd/netif, and systemd.network(5)."""
    state = _values(_read(root / f"run/systemd/netif/links/{index}"))
    source = state.get("NETWORK_FILE")
    if source is None:
        return None
    if (root / f"run/systemd/netif/leases/{index}").exists():
        return NETWORKD, "leased"
    values = _values(_read(root / source.lstrip("/")))
    return NETWORKD, "static" if "Address" in values else None


def _network_manager(index: int, root: Path) -> Told | None:
    """From /run/NetworkManager/devices and the keyfiles of nm-settings-keyfile(5)."""
    uuid = _values(_read(root / f"run/NetworkManager/devices/{index}")).get("connection-uuid")
    if uuid is None:
        return None
    for folder in ("run", "etc", "usr/lib"):
        connections = root / folder / "NetworkManager/system-connections"
        for path in connections.glob("*") if connections.is_dir() else ():
            profile = ConfigParser(interpolation=None, strict=False)
            with suppress(Error):
                profile.read_string(_read(path))
            if profile.get("connection", "uuid", fallback="") == uuid:
                method = profile.get("ipv4", "method", fallback="auto")
                known: dict[str, Origin] = {"auto": "leased", "manual": "static"}
                return MANAGER, known.get(method)
    # Only root may read the profiles.
    return MANAGER, None


def _ifupdown(interface: str, root: Path) -> Told | None:
    """From interfaces(5)."""
    for words in _stanzas(root / "etc/network/interfaces", root):
        if words[:3] == ["iface", interface, "inet"] and len(words) > 3:
            methods: dict[str, Origin] = {"dhcp": "leased", "static": "static"}
            return (IFUPDOWN, methods[words[3]]) if words[3] in methods else None
    return None


def _stanzas(path: Path, root: Path) -> Iterator[list[str]]:
    for line in _read(path).splitlines():
        words = line.split()
        if words[:1] in (["source"], ["source-directory"]) and len(words) > 1:
            pattern = words[1] if words[0] == "source" else f"{words[1]}/*"
            base = root if pattern.startswith("/") else path.parent
            for further in sorted(base.glob(pattern.lstrip("/"))):
                if further != path:
                    yield from _stanzas(further, root)
        elif words:
            yield words


def _dhcpcd(interface: str, root: Path) -> Told | None:
    """From dhcpcd.conf(5), where dhcpcd runs: it keeps every interface that nobody else does."""
    running = ("run/dhcpcd/pid", "run/dhcpcd.pid", f"run/dhcpcd/{interface}.pid")
    if not any((root / path).exists() for path in (*running, f"run/dhcpcd-{interface}.pid")):
        return None
    section, fixed = interface, False
    for line in _read(root / "etc/dhcpcd.conf").splitlines():
        key, _, value = line.strip().partition(" ")
        if key == "interface":
            section = value.strip()
        elif key == "static" and section == interface and value.strip().startswith("ip_address="):
            fixed = True
    return DHCPCD, "static" if fixed else "leased"


def _values(text: str) -> dict[str, str]:
    """The KEY=VALUE lines of a file, whatever its sections."""
    pairs = (line.strip().partition("=") for line in text.splitlines())
    return {key.strip(): value.strip() for key, sign, value in pairs if sign and value.strip()}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
