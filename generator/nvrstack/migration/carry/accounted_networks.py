"""What becomes of the networks of an install."""

from collections.abc import Iterator

from nvrstack.migration.carry import rules
from nvrstack.migration.carry.accounted import Decision, in_override, left_out, replaced
from nvrstack.migration.docker.network_place import LAN_DRIVERS, place_in
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install

OWN_NETWORKS = frozenset({"backend", "cameras", "edge", "outbound"})
"""The project's, see its compose.yaml."""
ENDS = frozenset({"none", "bridge", "default"})
OF_THE_HOST = "networks of the project: Moonfire reaches cameras, and nginx alone reaches Moonfire"
ADDRESSES = ("ipv4_address", "ipv6_address")


def network_decisions(install: Install) -> Iterator[Decision]:
    """A decision for each network, and one for what is said of those that do not stay."""
    for name in (install.network, *install.other_options.get("network", ())):
        if name == "host":
            yield replaced("network", (name,), OF_THE_HOST)
        elif _stays(install, name):
            yield _joined(install, name)
        elif ":" in name:
            yield left_out("network", (name,), "Moonfire has networks of its own")
        else:
            yield replaced("network", (name,), "the project's networks")
    entries = install.other_options.get("networks", ())
    left = tuple(entry for entry in entries if not _stays(install, entry.partition("=")[0]))
    if left:
        yield replaced("networks", left, "the project's networks")


def network_findings(install: Install) -> Iterator[Finding]:
    """What to know before Moonfire is in the networks of `install` once more."""
    names = (install.network, *install.other_options.get("network", ()))
    kept = {n: place_in(install.other_options, n) for n in names if _stays(install, n)}
    addresses = {p[key]: name for name, p in kept.items() for key in ADDRESSES if key in p}
    # Neither docker's options nor the engine's answer tell here which network an address is of.
    unsaid = [ip for option in ("ip", "ip6") for ip in install.other_options.get(option, ())]
    for address in unsaid if kept else ():
        addresses.setdefault(address, next(iter(kept)))
    for address, name in addresses.items():
        yield rules.FIXED_ADDRESS(address=address, name=name)
    for name, place in kept.items():
        if "driver" in place:
            yield rules.NETWORK_OF_OLD_PROJECT(driver=place["driver"], name=name)


def _stays(install: Install, name: str) -> bool:
    """Whether a network is its owner's: a camera may be on it."""
    if name in {*ENDS, "host"} or ":" in name:
        return False
    joined = name in (install.network, *install.other_options.get("network", ()))
    return joined and not _is_compose_s_own(name, install)


def _is_compose_s_own(network: str, install: Install) -> bool:
    """Whether a network goes with the old Compose project, whose name it begins with."""
    driver = place_in(install.other_options, network).get("driver")
    if install.source != "compose" or driver in LAN_DRIVERS:
        return False
    project, _, rest = network.partition("_")
    named = install.container_name.startswith((f"{project}-", f"{project}_"))
    return driver is not None or (bool(rest) and (named or network.endswith("_default")))


def _joined(install: Install, name: str) -> Decision:
    place = place_in(install.other_options, name)
    entry = {key: value for key, value in place.items() if key != "driver"}
    # Two networks of one name in the project's own files would be one.
    key = f"old-{name}" if name in OWN_NETWORKS else name
    top = {"networks": {key: {"external": True, "name": name}}}
    return in_override("network", (name, *entry.values()), {"networks": {key: entry}}, top)
