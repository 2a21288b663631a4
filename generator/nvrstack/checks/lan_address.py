"""Whether this host has the address that the router forwards to, and will keep it."""

from ipaddress import IPv4Address

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.surroundings import OwnAddress

ABOUT = "LAN address"


def lan_address_verdict(wanted: IPv4Address | None, own: OwnAddress | None) -> Verdict:
    """The verdict on `own`, where the settings say `wanted`."""
    if own is None:
        text = "could not tell: this machine has no way to the network"
        return Verdict(ABOUT, Level.UNKNOWN, text, "see what `ip address` and `ip route` show")
    if wanted is not None and own.address != wanted:
        return Verdict(
            ABOUT,
            Level.PROBLEM,
            f"this machine has {own.address}, but the settings and your router say {wanted}",
            f"give it {wanted} again, or run `nvrstack set network.lan_address {own.address}` and "
            "`nvrstack render`, and forward the ports there",
        )
    where = f"{own.address} at {own.interface}"
    if own.origin == "static":
        return Verdict(ABOUT, Level.FINE, f"{where}, set by hand ({own.keeper})")
    by_hand = f"; or set it by hand with {own.keeper}" if own.keeper else ""
    remedy = (
        f"in the router, always give {own.address} to this machine ({own.hardware}){by_hand}, "
        "outside of the range that the router gives away"
    )
    if own.origin == "leased":
        text = f"{where}, leased by {own.keeper}; it may change if the router does not reserve it"
        return Verdict(ABOUT, Level.WARNING, text, remedy)
    text = f"{where}; could not tell whether it is leased or set by hand"
    return Verdict(ABOUT, Level.UNKNOWN, text, remedy)
