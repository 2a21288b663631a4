"""URLs, servers, upstreams and authorities, as the settings accept them."""

import re
import string
from ipaddress import IPv4Address
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator

from nvrstack.services import acme
from nvrstack.settings.names import problem, text

ADDRESS_SERVICES = (
    "https://api64.ipify.org",
    "https://icanhazip.com",
    "https://checkip.dns.he.net",
)
"""Services that tell a client its address, over IPv4 and over IPv6."""
AUTHORITIES = (*acme.DIRECTORIES, "local", "files")
_BASE64URL = set(string.ascii_letters + string.digits + "-_=")
_SERVER_CHARACTERS = set(string.ascii_letters + string.digits + ".-:[]")


def _web_address(value: object) -> str:
    given = text(value)
    if not _split(given).hostname or any(c.isspace() for c in given):
        raise problem("{v!r} is no URL; write one such as https://example.net/ip", v=given)
    return given


def _split(url: str) -> SplitResult:
    """The parts of an http or https URL; empty ones when it is none."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.port != 0
    except ValueError:
        usable = False
    return parts if usable else urlsplit("")


def _authority(value: object) -> str:
    given = text(value)
    if given in AUTHORITIES or (given.startswith("https://") and _web_address(given)):
        return given
    raise problem(
        "{v!r} is no certificate authority; expected one of {k}, or the https:// address of an "
        "ACME directory",
        v=given,
        k=", ".join(AUTHORITIES),
    )


def _eab_key_id(value: object) -> str:
    given = text(value)
    if not given or not set(given) <= _BASE64URL:
        raise problem("{v!r} is no key identifier; copy it from the authority's page", v=given)
    return given


def _server(value: object) -> str:
    given = text(value)
    parts = _split(given if "://" in given else f"https://{given}")
    beside = parts.path + parts.query + parts.fragment
    if not parts.hostname or beside or not set(parts.netloc) <= _SERVER_CHARACTERS:
        raise problem(
            "{v!r} is no server; write host or host:port, such as api.example.net", v=given
        )
    return f"{parts.scheme}://{parts.netloc}"


def _upstream(value: object) -> str:
    given = text(value)
    parts = _split(given)
    host = parts.hostname or ""
    beside = parts.path.strip("/") + parts.query + parts.fragment + parts.netloc.rpartition("@")[1]
    if beside or not _is_upstream_host(host):
        raise problem(
            "{v!r} is no upstream; write http://HOST:PORT or https://HOST:PORT, without a path",
            v=given,
        )
    return f"{parts.scheme}://{host}:{parts.port or {'http': 80, 'https': 443}[parts.scheme]}"


def _is_upstream_host(host: str) -> bool:
    """Whether nginx can take it: an IPv4 address, or a name that does not look like one."""
    if host.replace(".", "").isdigit():
        try:
            return bool(IPv4Address(host))
        except ValueError:
            return False
    return bool(re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", host))


Upstream = Annotated[str, BeforeValidator(_upstream)]
Server = Annotated[str, BeforeValidator(_server)]
WebAddress = Annotated[str, BeforeValidator(_web_address)]
Authority = Annotated[str, BeforeValidator(_authority)]
EabKeyId = Annotated[str, BeforeValidator(_eab_key_id)]
