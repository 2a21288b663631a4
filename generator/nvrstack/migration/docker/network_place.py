"""Moonfire's place in a network, as it is kept among an install's further options."""

import json
from collections.abc import Mapping

LAN_DRIVERS = frozenset({"macvlan", "ipvlan"})
"""They give a container a place of its own in the house's network."""
OF_A_PLACE = ("driver", "ipv4_address", "ipv6_address", "mac_address")


def place_in(options: Mapping[str, tuple[str, ...]], network: str) -> dict[str, str]:
    """What a compose file said of Moonfire's place in a network: its driver, and addresses."""
    for entry in options.get("networks", ()):
        name, _, text = entry.partition("=")
        if name != network or not text:
            continue
        try:
            said = json.loads(text)
        except ValueError:
            return {}
        return {key: str(said[key]) for key in OF_A_PLACE if isinstance(said, dict) and key in said}
    return {}
