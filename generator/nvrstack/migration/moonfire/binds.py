"""Which addresses the project's Moonfire listens on: nginx's, and sockets that only its uid opens.

Every other address would let somebody past the proxy, or keep Moonfire from starting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from nvrstack.migration.findings import Finding
from nvrstack.migration.moonfire import rules
from nvrstack.migration.moonfire.config_keys import ADDRESSES, ALLOW, OWN_UID, TRUST
from nvrstack.migration.moonfire.config_text import Bind
from nvrstack.migration.moonfire.places import STATE

SOCKET = str(STATE / "sock")
"""Where `nvrstack user` reaches a running Moonfire."""
SOCKET_REMARK = (
    "A socket in the state directory, for user accounts: whoever runs as Moonfire's own uid may\n"
    "# change them. Nobody else can connect to it."
)
NGINX_REMARK = "What nginx speaks to."
DEFAULT_PORT = 8080


@dataclass(frozen=True)
class Binds:
    """The binds to be, and what is said about those that were."""

    binds: tuple[Bind, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[Finding, ...] = ()


def carried_binds(old: Sequence[Mapping[str, Any]], address: str, port: int | None) -> Binds:
    """The binds for a project whose nginx reaches Moonfire at `address` (IPv4:port).

    One of `old` becomes nginx's: the one with `port`, else with 8080, else the first over TCP.
    """
    chosen = _for_nginx(old, port)
    binds: list[Bind] = []
    warnings: list[Finding] = []
    notes: list[str] = []
    has_socket = False
    for index, bind in enumerate(old):
        kind, place = _address(bind)
        if index == chosen:
            warnings += _anonymous_viewing(bind)
            notes.append(f"{kind} {place} becomes {address}, which nginx alone can reach")
            binds.append(Bind({"ipv4": address, TRUST: True}, index))
        elif kind == "unix" and _reaches(place, SOCKET) and not has_socket:
            has_socket = True
            if ALLOW in bind:
                notes.append(f"{ALLOW} goes from the socket {place}, which is for accounts alone")
            keys = {key: value for key, value in bind.items() if key != ALLOW}
            binds.append(Bind({**keys, OWN_UID: True}, index))
        elif kind == "unix" and PurePosixPath(place).is_relative_to(STATE):
            binds.append(Bind(bind, index))
            warnings += _open_socket(bind, place)
        else:
            warnings.append(_dropped(kind, place, bind))
    if chosen is None:
        binds.append(Bind({"ipv4": address, TRUST: True}, remark=NGINX_REMARK))
    if not has_socket:
        binds.append(Bind({"unix": SOCKET, OWN_UID: True}, remark=SOCKET_REMARK))
    return Binds(tuple(binds), tuple(notes), tuple(warnings))


def with_sockets(
    binds: Sequence[Mapping[str, Any]], sockets: Mapping[str, Sequence[str]]
) -> list[Mapping[str, Any]]:
    """Binds to sockets that systemd passes as binds to what it listens on for them.

    `sockets` are values of ListenStream= by the names they are passed under. One that is not known,
    or listens elsewhere than on one address or path, stays.
    """
    found: list[Mapping[str, Any]] = []
    for bind in binds:
        listens = sockets.get(str(bind.get("systemd")), ())
        address = _listened(listens[0]) if len(listens) == 1 else {}
        rest = {key: value for key, value in bind.items() if key != "systemd"}
        found.append({**address, **rest} if address else bind)
    return found


def _listened(stream: str) -> dict[str, str]:
    """A value of ListenStream= as Moonfire's own address; systemd.socket(5)."""
    if stream.isdecimal():
        return {"ipv6": f"[::]:{stream}"}
    if stream.startswith("/"):
        return {"unix": stream}
    host, colon, port = stream.rpartition(":")
    if not colon or not port.isdecimal():
        return {}
    return {"ipv6" if host.startswith("[") else "ipv4": stream}


def tcp_ports(binds: Sequence[Mapping[str, Any]]) -> tuple[int, ...]:
    """The TCP ports that binds listen on, as Moonfire sees them."""
    ports = [_address(bind)[1].rpartition(":")[2] for bind in binds if "unix" not in bind]
    return tuple(dict.fromkeys(int(port) for port in ports if port.isdecimal()))


def unix_sockets(binds: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The paths of the sockets that binds listen on, as Moonfire sees them."""
    return tuple(str(bind["unix"]) for bind in binds if "unix" in bind)


def _for_nginx(old: Sequence[Mapping[str, Any]], port: int | None) -> int | None:
    tcp: dict[str, int] = {}
    for index, bind in enumerate(old):
        kind, place = _address(bind)
        if kind in {"ipv4", "ipv6"}:
            tcp.setdefault(place.rpartition(":")[2], index)
    first = min(tcp.values(), default=None)
    return tcp.get(str(port or DEFAULT_PORT), tcp.get(str(DEFAULT_PORT), first))


def _address(bind: Mapping[str, Any]) -> tuple[str, str]:
    kind = next((kind for kind in ADDRESSES if kind in bind), "no address")
    return kind, str(bind.get(kind, ""))


def _reaches(place: str, socket: str) -> bool:
    return PurePosixPath(place) == PurePosixPath(socket)


def _anonymous_viewing(bind: Mapping[str, Any]) -> list[Finding]:
    if ALLOW not in bind:
        return []
    allowed = bind[ALLOW]
    granted = [name for name, yes in allowed.items() if yes] if isinstance(allowed, dict) else []
    # An empty table still lets anybody list cameras and recordings; only its absence does not.
    what = f"use Moonfire ({', '.join(granted)})" if granted else "list cameras and recordings"
    return [rules.ANONYMOUS_VIEWING(what=what)]


def _open_socket(bind: Mapping[str, Any], place: str) -> list[Finding]:
    if ALLOW not in bind:
        return []
    return [rules.ANONYMOUS_SOCKET(place=place, key=ALLOW)]


def _dropped(kind: str, place: str, bind: Mapping[str, Any]) -> Finding:
    if kind == "systemd":
        why = "a container is passed no socket, and Moonfire would not start"
    elif kind == "unix":
        why = f"only {STATE} is there to hold a socket in the new container"
    elif kind in {"ipv4", "ipv6"}:
        why = "nginx is the only way in"
        if ALLOW in bind:
            why += ", and everybody signs in"
    else:
        why = "Moonfire would not start with it"
    return rules.BIND_DROPPED(bind=f"{kind} {place}".rstrip(), why=why, state=STATE)
