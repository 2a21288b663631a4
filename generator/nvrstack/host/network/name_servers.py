"""What name servers say of a name: the resolver of this host, and the zone's own servers."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

from nvrstack.surroundings import Answers, CaaRecord, PublicName

if TYPE_CHECKING:
    from dns.message import Message
    from dns.name import Name
    from dns.resolver import Resolver

RESOLVER_SECONDS = 4.0
SERVER_SECONDS = 2.0
SERVERS = 3
ALIASES = 4
"""How many of a zone's servers are asked, and how many aliases (CNAME) are followed."""


def look_up(name: str) -> PublicName:
    """What is known of a name. With no name server in reach, that is nothing."""
    import dns.exception
    import dns.flags
    import dns.name
    import dns.resolver

    full = dns.name.from_text(name)
    try:
        resolver = dns.resolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return PublicName(name, None)
    resolver.lifetime = RESOLVER_SECONDS
    bogus = False
    try:
        answers = _answers(resolver, full)
    except dns.resolver.NoNameservers:
        # A resolver that checks DNSSEC says SERVFAIL; with CD it leaves the check to us (RFC 4035
        # section 3.2.2).
        resolver.flags = dns.flags.RD | dns.flags.CD
        bogus = True
        try:
            answers = _answers(resolver, full)
        except dns.exception.DNSException:
            return PublicName(name, None)
    except dns.exception.DNSException:
        return PublicName(name, None)
    own = None
    with suppress(dns.exception.DNSException, OSError):
        own = _own(resolver, full, ALIASES)
    try:
        at, caa = _caa(resolver, full)
    except dns.exception.DNSException:
        return PublicName(name, answers, own, bogus)
    return PublicName(name, answers, own, bogus, caa, at)


def _answers(resolver: "Resolver", name: "Name") -> Answers:
    import dns.resolver

    found: dict[str, list[str]] = {}
    seconds = 0
    for kind in ("A", "AAAA"):
        try:
            answer = resolver.resolve(name, kind, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN as error:
            responses: list[Message] = list(error.kwargs["responses"].values())
            return Answers(seconds=min(map(_negative, responses), default=0))
        found[kind] = [record.to_text() for record in answer.rrset or ()]
        if kind == "A":
            seconds = answer.rrset.ttl if answer.rrset else _negative(answer.response)
    return _addresses(found, seconds)


def _negative(response: "Message") -> int:
    """For how long it is kept that there is nothing: the lifetime of the SOA (RFC 2308)."""
    return min((rrset.ttl for rrset in response.authority), default=0)


def _addresses(found: dict[str, list[str]], seconds: int) -> Answers:
    return Answers(
        frozenset(map(IPv4Address, found["A"])), frozenset(map(IPv6Address, found["AAAA"])), seconds
    )


def _own(resolver: "Resolver", name: "Name", aliases: int) -> Answers | None:
    """What the first of the zone's own servers that answers says."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.query
    import dns.rdatatype

    for server in _servers(resolver, name):
        found: dict[str, list[str]] = {"A": [], "AAAA": []}
        try:
            for kind in found:
                query = dns.message.make_query(name, kind, flags=0)
                said = dns.query.udp(
                    query, server, timeout=SERVER_SECONDS, raise_on_truncation=True
                )
                if not said.flags & dns.flags.AA:
                    break
                for rrset in said.answer:
                    texts = [record.to_text() for record in rrset]
                    if dns.rdatatype.to_text(rrset.rdtype) == kind:
                        found[kind] += texts
                    elif rrset.rdtype == dns.rdatatype.CNAME and len(said.answer) == 1:
                        target = rrset[0].target
                        return _own(resolver, target, aliases - 1) if aliases else None
            else:
                return _addresses(found, 0)
        except (dns.exception.DNSException, OSError):
            continue
    return None


def _servers(resolver: "Resolver", name: "Name") -> Iterator[str]:
    import dns.exception
    import dns.resolver

    zone = dns.resolver.zone_for_name(name, resolver=resolver)
    for record in list(resolver.resolve(zone, "NS"))[:SERVERS]:
        with suppress(dns.exception.DNSException):
            yield resolver.resolve(record.target, "A")[0].to_text()


def _caa(resolver: "Resolver", name: "Name") -> "tuple[str, tuple[CaaRecord, ...]]":
    """The CAA records that count: those of the name or of its nearest parent that has any.

    RFC 8659 section 3.
    """
    import dns.name
    import dns.resolver

    while name != dns.name.root:
        with suppress(dns.resolver.NXDOMAIN):
            answer = resolver.resolve(name, "CAA", raise_on_no_answer=False)
            if answer.rrset:
                records = (
                    CaaRecord(r.flags, r.tag.decode(), r.value.decode()) for r in answer.rrset
                )
                return name.to_text(omit_final_dot=True), tuple(records)
        name = name.parent()
    return "", ()
