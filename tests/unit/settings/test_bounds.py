"""The last value that is right and the first one that is wrong."""

from collections.abc import Mapping
from typing import Any

import pytest

from nvrstack.settings.problems import SettingsError
from tests.unit.samples import settings_for

DDNS = {"provider": "noip", "login": "me"}


def refused(change: Mapping[str, Any], stack: str = "public") -> str:
    """What is said of settings with that change."""
    with pytest.raises(SettingsError) as caught:
        settings_for(stack, change)
    return str(caught.value)


@pytest.mark.parametrize("path", ["/srv", "/media"])
def test_a_directory_of_the_system_is_no_place_for_the_state(path: str) -> None:
    assert "belongs to the system" in refused({"moonfire": {"state_dir": path}})


@pytest.mark.parametrize("path", ["/srv/nvr", "data/x"])
def test_a_directory_below_one_is(path: str) -> None:
    settings = settings_for("public", {"moonfire": {"state_dir": path}})
    assert str(settings.moonfire.state_dir) == path


def test_a_name_serves_one_purpose() -> None:
    said = refused({"site": {"short_names": ["nvr", "cams", "nvr"]}})
    assert "site.short_names[0]" in said
    assert "site.short_names[2]" in said
    assert "site.short_names[1]" not in said
    assert settings_for("public", {"site": {"short_names": ["nvr", "cams"]}}).site.short_names


@pytest.mark.parametrize(
    "change",
    [
        {"site": {"bind": ["192.168.1.2", "172.31.255.3"]}},
        {"network": {"lan_address": "172.31.255.6"}},
    ],
)
def test_the_private_network_hides_no_address_of_this_machine(change: Mapping[str, Any]) -> None:
    assert "network.backend_subnet" in refused(change)


def test_a_neighbour_of_the_private_network_is_somebody_elses() -> None:
    change = {"network": {"lan_address": "172.31.255.8"}, "site": {"bind": ["172.31.254.255"]}}
    assert settings_for("public", change)


@pytest.mark.parametrize("login", ["a b", "a\tb", "a#b", "a,b"])
def test_a_login_that_ddclient_would_cut(login: str) -> None:
    assert "ddns.login" in refused({"ddns": {**DDNS, "login": login}})


NSUPDATE = {
    "provider": "nsupdate",
    "zone": "example.com",
    "server": "ns.example.com",
    "login": None,
}


@pytest.mark.parametrize(("ttl", "right"), [("299s", False), ("5m", True), ("1d", True),
                                            ("86401s", False)])  # fmt: skip
def test_a_lifetime_of_an_address(ttl: str, *, right: bool) -> None:
    change = {"ddns": {**NSUPDATE, "ttl": ttl}}
    if right:
        assert settings_for("public", change).ddns.ttl is not None
    else:
        assert "5m to 1d" in refused(change)
