"""Ports, addresses, subnets, paths, ids, image references, sizes and durations."""

import ipaddress
import re
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from nvrstack.settings import names
from nvrstack.settings.names import problem, text

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
HIGHEST_ID = 2**32 - 2
"""The highest uid or gid; 2**32 - 1 means "no change" to chown(2)."""

MOST_WORKERS = 8
_PATH_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN_COMPONENT = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_REPOSITORY = (
    rf"(?:{_DOMAIN_COMPONENT}(?:\.{_DOMAIN_COMPONENT})*(?::[0-9]{{1,5}})?/)?"
    rf"{_PATH_COMPONENT}(?:/{_PATH_COMPONENT})*"
)
_DIGEST = r"@sha256:[0-9a-f]{64}"
REPOSITORY = re.compile(_REPOSITORY)
"""An image name without tag: the grammar of github.com/distribution/reference."""
REFERENCE = re.compile(rf"({_REPOSITORY}):[A-Za-z0-9_][A-Za-z0-9._-]{{0,127}}(?:{_DIGEST})?")
LONGEST_REPOSITORY = 255
MOONFIRE_TAG = re.compile(rf"v(\d+)\.(\d+)\.(\d+)(?:{_DIGEST})?")


def integer(value: object) -> int:
    """A whole number; a boolean is none, although Python counts it as one."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise problem("is {v!r}; expected a whole number without quotes", v=value)
    return value


def port(value: object) -> int:
    """A TCP port, 1 to 65535."""
    number = integer(value)
    if not 1 <= number <= 65535:
        raise problem("is {v}; expected a port from 1 to 65535", v=number)
    return number


def numeric_id(value: object) -> int:
    """A uid or gid other than root's."""
    number = integer(value)
    if number == 0:
        raise problem("is 0, which is root; no container runs as root: give an ordinary user's id")
    if not 0 < number <= HIGHEST_ID:
        raise problem("is {v}; expected an id from 1 to {h}", v=number, h=HIGHEST_ID)
    return number


def rate(value: object) -> int:
    """Requests a minute."""
    number = integer(value)
    if not 1 <= number <= 6000:
        raise problem("is {v}; expected 1 to 6000 requests a minute", v=number)
    return number


def workers(value: object) -> int:
    """Processes of nginx; after a reload old ones may stay beside them for an hour."""
    number = integer(value)
    if not 1 <= number <= MOST_WORKERS:
        raise problem("is {v}; expected 1 to {m} processes", v=number, m=MOST_WORKERS)
    return number


def address(value: object) -> ipaddress.IPv4Address:
    """An IPv4 address of one host."""
    given = text(value)
    try:
        found = ipaddress.IPv4Address(given)
    except ValueError as error:
        raise problem(
            "{v!r} is no IPv4 address; write one such as 192.168.1.20", v=given
        ) from error
    if (
        found.is_multicast
        or found.is_unspecified
        or found == ipaddress.IPv4Address("255.255.255.255")
    ):
        raise problem(
            "{v!r} is not the address of one host; to use every address, leave it out", v=given
        )
    return found


def subnet(value: object) -> ipaddress.IPv4Network:
    """A private IPv4 network with room for the bridge, nginx and Moonfire: /16 to /29."""
    given = text(value)
    try:
        found = ipaddress.IPv4Network(given)
    except ValueError as error:
        raise problem(
            "{v!r} is no IPv4 network ({w}); write one such as 172.31.255.0/29", v=given, w=error
        ) from error
    if not found.is_private or found.is_loopback or found.is_link_local:
        raise problem(
            "{v!r} is not a private network (RFC 1918); use one such as 172.31.255.0/29", v=given
        )
    if not 16 <= found.prefixlen <= 29:
        raise problem("{v!r} is a /{p}; expected /16 to /29", v=given, p=found.prefixlen)
    return found


def host_path(value: object) -> PurePosixPath:
    """A directory or file of this host: absolute, or relative to the project directory."""
    given = text(value)
    # Two leading slashes are one, but PurePosixPath keeps them.
    path = PurePosixPath(re.sub("^/+", "/", given))
    if not given.strip() or ".." in path.parts:
        raise problem("{v!r} is not usable as a path; write it without '..'", v=given)
    return path


def absolute_path(value: object) -> PurePosixPath:
    """A path that begins with a slash and is not the root directory itself."""
    path = host_path(value)
    if not path.is_absolute() or len(path.parts) < 2:
        raise problem(
            "{v!r} is not an absolute path below /; write one such as /media/nvr/sample",
            v=str(path),
        )
    return path


def repository(value: object) -> str:
    """An image name without its tag."""
    given = text(value)
    if not REPOSITORY.fullmatch(given) or len(given) > LONGEST_REPOSITORY:
        raise problem(
            "{v!r} is no image name; write it without a tag, such as "
            "ghcr.io/scottlamb/moonfire-nvr",
            v=given,
        )
    return given


def reference(value: object) -> str:
    """An image name with its tag, and a digest if wanted. `latest` is refused: it moves."""
    given = text(value)
    match = REFERENCE.fullmatch(given)
    if not match or len(match[1]) > LONGEST_REPOSITORY:
        raise problem(
            "{v!r} is no image reference; write name:tag, such as nginx:1.30.6-alpine", v=given
        )
    if given.endswith(":latest"):
        raise problem("{v!r} changes by itself; name a version", v=given)
    return given


def memory(value: object) -> str:
    """A memory limit as Compose takes it: a number and m or g, at least 64m."""
    given = text(value)
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mg])", given)
    if not match or (match[2] == "m" and int(match[1]) < 64):
        raise problem(
            "{v!r} is no memory limit; write a number and m or g, such as 512m (at least 64m)",
            v=given,
        )
    return given


def duration(value: object) -> timedelta:
    """A length of time: a number and s, m, h or d. A bare 0 is accepted."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"(\d{1,6})([smhd])", value) if isinstance(value, str) else None
    if match:
        return timedelta(seconds=int(match[1]) * UNITS[match[2]])
    if value == 0 and not isinstance(value, bool):
        return timedelta(0)
    raise problem('is {v!r}; expected a number and s, m, h or d in quotes, such as "30d"', v=value)


def format_duration(length: timedelta) -> str:
    """The shortest spelling that `duration` reads back."""
    seconds = int(length.total_seconds())
    unit = max((u for u, size in UNITS.items() if seconds % size == 0), key=UNITS.__getitem__)
    return f"{seconds // UNITS[unit]}{unit}"


Text = Annotated[str, BeforeValidator(text)]
Domain = Annotated[str, BeforeValidator(names.domain_name)]
DomainOrWildcard = Annotated[str, BeforeValidator(names.domain_or_wildcard)]
Email = Annotated[str, BeforeValidator(names.email)]
TimeZone = Annotated[str, BeforeValidator(names.time_zone)]
Port = Annotated[int, BeforeValidator(port)]
NumericId = Annotated[int, BeforeValidator(numeric_id)]
Workers = Annotated[int, BeforeValidator(workers)]
Rate = Annotated[int, BeforeValidator(rate)]
Address = Annotated[ipaddress.IPv4Address, BeforeValidator(address)]
Subnet = Annotated[ipaddress.IPv4Network, BeforeValidator(subnet)]
HostPath = Annotated[PurePosixPath, BeforeValidator(host_path)]
AbsolutePath = Annotated[PurePosixPath, BeforeValidator(absolute_path)]
Repository = Annotated[str, BeforeValidator(repository)]
Reference = Annotated[str, BeforeValidator(reference)]
Memory = Annotated[str, BeforeValidator(memory)]
Duration = Annotated[
    timedelta, BeforeValidator(duration), PlainSerializer(format_duration, when_used="json")
]
