"""What stands between this host and the Internet: the router, its address, its forwardings."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network

from nvrstack.checks.verdict import Level, Verdict, in_words
from nvrstack.surroundings import Forwarding, Router

SHARED = IPv4Network("100.64.0.0/10")
"""What providers number their customers with behind a NAT of their own (RFC 6598)."""
SOON = 86400
"""Seconds; routers that know a limit grant a week."""
ABOUT = "router"
SILENT = "could not tell: no router answers by UPnP"


def router_verdict(router: Router | None, outside: IPv4Address | None) -> Verdict:
    """The verdict on the router's outside address.

    `outside` is where this home's requests come from, as a server on the Internet saw it.
    """
    seen = f"; on the Internet you are {outside}" if outside else ""
    if router is None:
        return Verdict(ABOUT, Level.UNKNOWN, SILENT + seen, "look on the router's own page")
    if router.outside is None:
        # Many routers give no address that leads nowhere: miniupnpd never names a reserved one.
        return Verdict(
            ABOUT,
            Level.WARNING if outside else Level.UNKNOWN,
            f"names no outside address, as routers do behind another one{seen}",
            f"see its address on its own page: {SHARED} is carrier-grade NAT, for which only the "
            "provider can help; a private one means a second router before it",
        )
    address = router.outside
    if address in SHARED:
        return Verdict(
            ABOUT,
            Level.PROBLEM,
            f"has {address} from the provider, which shares one address among many customers "
            "(carrier-grade NAT): nothing from the Internet gets here",
            "ask the provider for a public IPv4 address, or use a VPN",
        )
    if address.is_private:
        return Verdict(
            ABOUT,
            Level.PROBLEM,
            f"has the private address {address}: a second router stands before it (double NAT)",
            "make the first router a bridge or modem, or forward the ports there too, to "
            f"{address}",
        )
    if outside is not None and outside != address:
        return Verdict(
            ABOUT,
            Level.WARNING,
            f"has {address}, but this machine's requests come from {outside}",
            "if a VPN or a proxy carries them, see that ddclient asks the router for the address",
        )
    return Verdict(ABOUT, Level.FINE, f"has the public address {address}")


def forwarding_verdicts(wanted: Sequence[Forwarding], router: Router | None) -> Iterator[Verdict]:
    """One verdict for each forwarding that the router ought to have."""
    for forwarding in wanted:
        about = f"forwarding of port {forwarding.port}"
        target = _target(forwarding)
        by_hand = f"on the router's page, forward TCP port {forwarding.port} to {target}"
        found = forwarding_of(forwarding.port, router)
        if router is None:
            yield Verdict(about, Level.UNKNOWN, SILENT, by_hand)
        elif found is None:
            yield Verdict(
                about,
                Level.WARNING,
                "the router names none; one that was made on its page may not be told by UPnP",
                "nvrstack doctor --forward",
            )
        elif leads_to(found, forwarding):
            yield _holds(about, found, by_hand)
        else:
            text = f"leads to {_target(found)} ({found.text or 'without a name'}), not to {target}"
            yield Verdict(about, Level.PROBLEM, text, f"{by_hand}, instead of the other")


def forwarding_of(port: int, router: Router | None) -> Forwarding | None:
    """The router's forwarding of a port, if it names one."""
    known = router.forwardings if router else ()
    return next((f for f in known if f.port == port), None)


def leads_to(found: Forwarding, wanted: Forwarding) -> bool:
    """Whether a forwarding leads where it should."""
    return (found.address, found.target) == (wanted.address, wanted.target)


def _holds(about: str, found: Forwarding, by_hand: str) -> Verdict:
    """The verdict on a right forwarding, which may have an end (UPnP WANIPConnection:2)."""
    if not found.seconds:
        return Verdict(about, Level.FINE, f"leads to {_target(found)}")
    level = Level.FINE if found.seconds > SOON else Level.WARNING
    left = in_words(timedelta(seconds=found.seconds))
    text = f"leads to {_target(found)}, for {left} more"
    return Verdict(about, level, text, f"{by_hand}, or repeat `nvrstack doctor --forward` in time")


def _target(forwarding: Forwarding) -> str:
    return f"{forwarding.address}, port {forwarding.target}"
