"""What a host says about itself, and the subnet that fits it."""

import os
import socket
import struct
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.host import facts
from nvrstack.projects.suggestions import suggestions
from nvrstack.settings.subnets import CANDIDATES, choose_subnet
from nvrstack.settings.values import subnet
from tests.unit.strategies import quickly

HEADER = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
PRIVATE = [IPv4Network(n) for n in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


def hexadecimal(address: IPv4Address) -> str:
    """An address as the kernel prints it: a number in the machine's own byte order."""
    (number,) = struct.unpack("=L", address.packed)
    return f"{number:08X}"


def route_table(*networks: str) -> str:
    lines = [
        f"eth0\t{hexadecimal(n.network_address)}\t00000000\t0001\t0\t0\t0\t{hexadecimal(n.netmask)}"
        "\t0\t0\t0".ljust(127)
        + "\n"
        for n in map(IPv4Network, networks)
    ]
    return HEADER + "".join(lines)


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize(
    "networks",
    [[], ["0.0.0.0/0"], ["192.168.1.0/24"], ["0.0.0.0/0", "10.8.0.1/32", "172.17.0.0/16"]],
)
def test_routes_are_read_from_the_kernel(networks: list[str], tmp_path: Path) -> None:
    write(tmp_path / "proc/net/route", route_table(*networks))
    assert [route.subnet for route in facts.routes(tmp_path)] == [IPv4Network(n) for n in networks]


def test_a_host_without_a_routing_table_has_no_routes(tmp_path: Path) -> None:
    assert [route.subnet for route in facts.routes(tmp_path)] == []


@pytest.mark.parametrize(
    ("link", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("../usr/share/zoneinfo/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("/usr/share/zoneinfo/UTC", "UTC"),
        ("/somewhere/else", None),
    ],
)
def test_the_zone_is_read_from_the_link(link: str, zone: str | None, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to(link)
    assert facts.time_zone(tmp_path) == zone


@pytest.mark.parametrize(
    ("content", "zone"),
    [("Europe/Berlin\n", "Europe/Berlin"), ("", None), ("\n", None), (b"\xff\xfe\n", None)],
)
def test_the_zone_is_read_from_debians_file(
    content: str | bytes, zone: str | None, tmp_path: Path
) -> None:
    write(tmp_path / "etc/localtime", "TZif2, a copy and no link")
    write(tmp_path / "etc/timezone", content)
    assert facts.time_zone(tmp_path) == zone


def test_a_host_without_a_zone_suggests_none(tmp_path: Path) -> None:
    assert facts.time_zone(tmp_path) is None


def test_a_zone_file_is_looked_for_where_the_container_mounts_it(tmp_path: Path) -> None:
    write(tmp_path / "usr/share/zoneinfo/Europe/Berlin", "TZif2")
    assert facts.has_zone_file("Europe/Berlin", tmp_path)
    assert not facts.has_zone_file("Europe/Paris", tmp_path)
    assert not facts.has_zone_file("Europe", tmp_path)


def test_no_address_is_suggested_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", unreachable)
    assert facts.lan_address() is None


@pytest.mark.parametrize(
    ("uid", "environment", "expected"),
    [
        (1000, {}, (1000, 1001)),
        (0, {"SUDO_UID": "1000", "SUDO_GID": "1002"}, (1000, 1002)),
        (0, {"SUDO_UID": "0", "SUDO_GID": "0"}, facts.FALLBACK_IDS),
        (0, {"SUDO_UID": "me", "SUDO_GID": "us"}, facts.FALLBACK_IDS),
        (0, {}, facts.FALLBACK_IDS),
    ],
)
def test_the_owner_is_never_root(
    uid: int,
    environment: dict[str, str],
    expected: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("getuid", "geteuid"):
        monkeypatch.setattr(os, name, lambda: uid)
    monkeypatch.setattr(os, "getgid", lambda: 1001)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert facts.owner_ids() == expected


def test_roots_account_and_absent_ones_have_no_ids_to_use() -> None:
    assert facts.user_ids("root") is None
    assert facts.user_ids("no-such-user") is None


@pytest.mark.parametrize("uid", [0, 1000])
def test_only_root_keeps_moonfires_state_outside_the_project(
    uid: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("getuid", "geteuid"):
        monkeypatch.setattr(os, name, lambda: uid)
    monkeypatch.setattr("nvrstack.projects.suggestions.STATE_DIR", tmp_path / "absent")
    found = suggestions(tmp_path)["moonfire"]["state_dir"]
    assert found == ("data/moonfire" if uid else str(tmp_path / "absent"))


@quickly
@given(
    st.lists(st.sampled_from([n for p in PRIVATE for n in p.subnets(new_prefix=18)]), max_size=40)
)
def test_a_chosen_subnet_is_private_and_overlaps_nothing(used: list[IPv4Network]) -> None:
    chosen = choose_subnet(used)
    assert chosen is not None
    assert subnet(str(chosen)) == chosen
    assert not any(chosen.overlaps(network) for network in used)


def test_a_default_route_overlaps_nothing() -> None:
    assert choose_subnet([IPv4Network("0.0.0.0/0")]) == CANDIDATES[0]


def test_the_next_range_is_taken_when_one_is_used_up() -> None:
    chosen = choose_subnet([PRIVATE[0]])
    assert chosen is not None
    assert chosen.subnet_of(PRIVATE[1])
    assert choose_subnet(PRIVATE) is None
