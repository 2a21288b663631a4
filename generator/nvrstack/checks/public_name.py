"""Whether a name leads to this home."""

from collections.abc import Iterable
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address

from nvrstack.checks.verdict import Level, Verdict, in_words
from nvrstack.surroundings import PublicName

UNKNOWN = "could not tell: no name server answers"
MEND = {
    "ddclient": "docker compose logs ddclient",
    "router": "see what the router's page says under Dynamic DNS",
}
"""What to do about a wrong address, by who keeps the name up to date."""


def name_verdict(
    name: PublicName, here: IPv4Address | None, lan: IPv4Address | None, updater: str
) -> Verdict:
    """The verdict on a name's IPv4 address.

    `here` is the address that the name should have, None when it could not be told; `lan` is this
    host's at home, which a resolver at home may rightly answer with; `updater` is `ddns.updater`.
    """
    about = f"name {name.name}"
    if name.bogus:
        return Verdict(
            about,
            Level.PROBLEM,
            "its DNSSEC signatures do not hold: most resolvers refuse to give its address",
            "where you registered it, make the DS record match the zone's key, or remove it",
        )
    if name.answers is None:
        return Verdict(about, Level.UNKNOWN, UNKNOWN)
    near = name.answers.ipv4
    far = name.own.ipv4 if name.own else near
    at_home = lan is not None and lan != here and near == {lan}
    if at_home and name.own is None:
        return Verdict(about, Level.UNKNOWN, f"leads to {lan} at home; could not tell elsewhere")
    if far == {here} and near != far and not at_home:
        length = in_words(timedelta(seconds=name.answers.seconds))
        text = (
            f"leads here, but your resolver still says {in_row(near) or 'that it does not exist'}"
        )
        remedy = f"wait {length} until its cache forgets, or restart the resolver"
        return Verdict(about, Level.WARNING, text, remedy)
    by_hand = f"where you manage it, let the A record of {name.name} be {here or 'your address'}"
    mend = MEND.get(updater, by_hand)
    home = f", and at home to {lan}" if at_home else ""
    return _leads(about, far, here, mend, home)


def _leads(
    about: str, found: frozenset[IPv4Address], here: IPv4Address | None, mend: str, home: str
) -> Verdict:
    if not found:
        return Verdict(about, Level.PROBLEM, "has no IPv4 address", mend)
    told = f"leads to {in_row(found)}{home}"
    if here is None:
        return Verdict(about, Level.UNKNOWN, f"{told}; could not tell whether that is here")
    if found != {here}:
        return Verdict(about, Level.PROBLEM, f"{told}, but this home is {here}", mend)
    return Verdict(about, Level.FINE, told)


def ipv6_verdict(name: PublicName) -> Verdict:
    """The verdict on a name's IPv6 address: nginx listens on IPv4 alone, so it has to have none.

    Let's Encrypt tries the IPv6 address first: https://letsencrypt.org/docs/ipv6-support/.
    """
    about = f"IPv6 of {name.name}"
    answers = name.own or name.answers
    if answers is None:
        return Verdict(about, Level.UNKNOWN, UNKNOWN)
    if not answers.ipv6:
        return Verdict(about, Level.FINE, "no IPv6 address; nginx listens on IPv4 alone")
    return Verdict(
        about,
        Level.WARNING,
        f"leads to {in_row(answers.ipv6)}, but nginx listens on IPv4 alone: clients with IPv6, and "
        "the certificate authority, may wait or fail",
        f"where you manage {name.name}, remove its AAAA record",
    )


def in_row(addresses: Iterable[IPv4Address | IPv6Address]) -> str:
    """Addresses in words, in their order."""
    return " and ".join(sorted(map(str, addresses)))
