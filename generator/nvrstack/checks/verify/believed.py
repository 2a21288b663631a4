"""What Moonfire believes of a visit, as its `/api/request` tells (its ref/api.md)."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.checks.verify.expected import Expected, Origin
from nvrstack.visit import FORGED, Answer, Seen, Visit

BAD_GATEWAY = {502, 503, 504}
TRUST = "`trustForwardHeaders = true` in moonfire/moonfire-nvr.toml, then restart moonfire-nvr"
PROTOCOL = "`proxy_set_header X-Forwarded-Proto $scheme;` in nginx"
ADDRESS = "`proxy_set_header X-Real-IP $remote_addr;` in nginx"
HOST = "`proxy_set_header Host $host$is_request_port$request_port;` in nginx"


@dataclass(frozen=True)
class Belief:
    """The lines of `/api/request` that matter; None for an address or host that it has not."""

    address: str | None
    host: str | None
    secure: bool


def belief(seen: Seen) -> Belief | None:
    """What Moonfire says; None if it is not Moonfire that answered."""
    if not isinstance(seen, Answer) or seen.status != 200:
        return None
    # `when`, a line before these, may hold anything; the last line of a name counts.
    lines = dict(re.findall(r"^(host|addr|secure): (.*)$", seen.text, re.MULTILINE))
    if lines.get("secure") not in {"true", "false"}:
        return None
    address = re.fullmatch(r"Some\((.+)\)", lines.get("addr", ""))
    host = re.fullmatch(r'Some\("(.*)"\)', lines.get("host", ""))
    return Belief(
        address[1] if address else None, host[1] if host else None, lines["secure"] == "true"
    )


def moonfire_verdict(visit: Visit) -> Verdict:
    """Whether Moonfire answers through the proxy."""
    about, seen = "Moonfire", visit.request
    if not isinstance(seen, Answer):
        return Verdict(about, Level.UNKNOWN, "could not be told: https does not answer")
    if belief(seen):
        return Verdict(about, Level.FINE, "answers through the proxy")
    if 300 <= seen.status < 400:
        return Verdict(about, Level.UNKNOWN, "could not be told: https only redirects")
    if seen.status in BAD_GATEWAY:
        return Verdict(
            about,
            Level.PROBLEM,
            f"nginx does not reach it (HTTP {seen.status})",
            "docker compose up -d moonfire-nvr; if it runs: docker compose logs moonfire-nvr",
        )
    return Verdict(
        about,
        Level.PROBLEM,
        f"/api/request is answered with HTTP {seen.status}, and not by Moonfire",
        "let nginx pass every path to Moonfire: `proxy_pass http://moonfire;`",
    )


def secure_verdict(visit: Visit) -> Verdict:
    """Whether Moonfire knows that the visit came by https, on which its cookies depend."""
    about, told = "secure", belief(visit.request)
    if told is None:
        return _without(about)
    if told.secure:
        return Verdict(about, Level.FINE, "secure: true")
    if _is_ours(visit, told):
        return Verdict(
            about,
            Level.PROBLEM,
            "secure: false, although the address is right: X-Forwarded-Proto does not arrive",
            PROTOCOL,
        )
    return Verdict(
        about,
        Level.PROBLEM,
        "secure: false: Moonfire does not believe the proxy, or is told nothing by it",
        f"{TRUST}; and {PROTOCOL}",
    )


def address_verdict(visit: Visit, expected: Expected) -> Verdict:
    """Whether Moonfire knows who is there."""
    about, told = "client address", belief(visit.request)
    if told is None:
        return _without(about)
    if not told.secure and not _is_ours(visit, told):
        text = f"Moonfire takes it to be {told.address}: see `secure`"
        return Verdict(about, Level.UNKNOWN, text)
    if told.address is None:
        return Verdict(about, Level.PROBLEM, "Moonfire is told none", ADDRESS)
    if expected.origin is Origin.LAN:
        return _at_home(visit, told.address)
    return _outside(visit, told.address)


def _outside(visit: Visit, shown: str) -> Verdict:
    about, outside = "client address", visit.outside_address
    if outside is None:
        text = f"Moonfire takes it to be {shown}; no service told what it really is"
        return Verdict(about, Level.UNKNOWN, f"could not be told: {text}")
    if shown == outside:
        return Verdict(about, Level.FINE, f"{shown}, this machine's address on the Internet")
    if shown == visit.own_address:
        return Verdict(
            about,
            Level.UNKNOWN,
            f"could not be told: the visit came from {shown} and did not leave your network",
            "look from outside: nvrstack verify --url URL; or from here with --from lan",
        )
    return Verdict(
        about,
        Level.PROBLEM,
        f"Moonfire takes it to be {shown}, but on the Internet this machine is {outside}",
        f"{ADDRESS}; if {shown} is your router's, look from outside: nvrstack verify --url URL",
    )


def _at_home(visit: Visit, shown: str) -> Verdict:
    about, own = "client address", visit.own_address
    if shown == own:
        return Verdict(about, Level.FINE, f"{shown}, this machine's own")
    text = f"Moonfire takes it to be {shown}, but this machine came from {own}"
    remedy = "nvrstack verify --from lan --resolve ADDRESS, with this machine's in your network"
    if own is None or ip_address(own).is_loopback:
        reason = "could not be told from this machine to itself, where Docker stands between"
        return Verdict(about, Level.UNKNOWN, f"{reason}: {text}", remedy)
    if ip_address(visit.target).is_global:
        reason = "could not be told by the way over your router"
        return Verdict(about, Level.UNKNOWN, f"{reason}: {text}", remedy)
    return Verdict(about, Level.PROBLEM, text, ADDRESS)


def forged_verdict(visit: Visit) -> Verdict:
    """Whether a client can make Moonfire believe what it likes."""
    about, honest, lied = "forged headers", belief(visit.request), belief(visit.forged)
    if honest is None or lied is None:
        return _without(about)
    believed = []
    if lied.address == FORGED:
        believed.append(f"the address {FORGED}")
    if honest.secure and not lied.secure:
        believed.append("that it was plain http")
    if believed:
        return Verdict(
            about,
            Level.PROBLEM,
            f"a client's own headers are believed: {', '.join(believed)}",
            f"{ADDRESS}; {PROTOCOL}; and no real_ip_header and no set_real_ip_from, but for a "
            "proxy of your own before it",
        )
    return Verdict(about, Level.FINE, "are replaced by the proxy")


def host_verdict(visit: Visit) -> Verdict:
    """Whether Moonfire is told the host that the browser asked for."""
    about, told = "host", belief(visit.request)
    if told is None:
        return _without(about)
    if told.host is None or told.host.partition(":")[0] != visit.place.host:
        return Verdict(
            about,
            Level.PROBLEM,
            f"Moonfire is told {told.host} instead of {visit.place.authority}; browsers then get "
            "no live view",
            HOST,
        )
    return Verdict(about, Level.FINE, told.host)


def knows_host(visit: Visit) -> bool:
    """Whether the host arrives as the browser sent it."""
    return host_verdict(visit).level is Level.FINE


def _is_ours(visit: Visit, told: Belief) -> bool:
    """Whether the address is one that this machine is known to have."""
    return told.address is not None and told.address in {visit.own_address, visit.outside_address}


def _without(about: str) -> Verdict:
    return Verdict(about, Level.UNKNOWN, "could not be told: Moonfire does not answer")
