"""What is said of the dynamic DNS providers, and what is refused of them."""

from typing import Any

import pytest

from nvrstack.errors import InputError
from nvrstack.rendering.next_steps import next_steps
from nvrstack.rendering.render import Material, render
from nvrstack.services.providers import providers
from nvrstack.settings.problems import SettingsError
from tests.unit.samples import STACKS, settings_for

HOSTS = {"hosts": ["nvr.example.com"]}
KEY = 'key "ddns" {\n\talgorithm hmac-sha256;\n\tsecret "c2VjcmV0";\n};'


def ddns(provider: str, image: str = "linuxserver/ddclient:v4.0.0-ls228", **more: Any) -> Any:
    """Settings for a provider."""
    values = {"provider": provider, "login": None, **HOSTS, **more}
    return settings_for("public", {"ddns": values, "images": {"ddclient": image}})


@pytest.mark.parametrize(
    ("provider", "image", "more", "words"),
    [
        (
            "hetzner",
            "v4.0.0-ls228",
            {},
            "works from ddclient 4.0.1 on, but images.ddclient is x:v4",
        ),
        ("porkbun", "3.11.2", {"login": "pk1_1"}, "works from ddclient 4.0.0 on"),
        ("digitalocean", "v3.10.0", {}, "works from ddclient 3.11.0 on"),
        ("gandi", "v3.9.1", {}, "name a newer image there"),
        ("godaddy", "v3.11.2", {"login": "k", "families": ["ipv6"]}, "IPv6 at GoDaddy works from"),
    ],
)
def test_what_the_pinned_ddclient_lacks_is_refused_with_both_versions(
    provider: str, image: str, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        ddns(provider, f"x:{image}", zone="example.com", **more)
    (problem,) = caught.value.problems
    assert words in problem.message
    assert f"x:{image}" in problem.message


def test_an_image_without_a_version_is_let_through() -> None:
    assert ddns("hetzner", "x:mine", zone="example.com").ddns.provider == "hetzner"


def test_ipv6_is_refused_where_ddclient_does_not_send_it() -> None:
    with pytest.raises(SettingsError, match="ddclient sends no IPv6 address to OVH"):
        ddns("ovh", login="example.com-nvr", families=["ipv4", "ipv6"])


@pytest.mark.parametrize("name", list(providers()))
def test_what_a_provider_needs_beside_is_named_when_it_is_missing(name: str) -> None:
    entry = providers()[name]
    with pytest.raises(SettingsError) as caught:
        settings_for("public", {"ddns": {"provider": name, "login": None}})
    missing = {p.key for p in caught.value.problems if "is missing" in p.message}
    wanted = {f"ddns.{key}" for key, need in entry.keys.items() if need == "required"}
    assert missing == wanted | ({"ddns.login"} if entry.login else set()) or entry.host_suffix
    assert entry.free


@pytest.mark.parametrize(
    ("provider", "more", "zone"),
    [
        ("godaddy", {"login": "key", "zone": "example.org"}, "example.org of ddns.zone"),
        ("cloudflare", {"zone": "ample.com"}, "ample.com of ddns.zone"),
        ("zoneedit", {"login": "me", "zone": "a.example.com"}, "a.example.com of ddns.zone"),
        ("namecheap", {"login": "example.org"}, "example.org of ddns.login"),
    ],
)
def test_a_name_of_another_zone_is_refused(provider: str, more: dict[str, Any], zone: str) -> None:
    with pytest.raises(SettingsError, match=rf"'nvr\.example\.com' is not in the zone {zone}"):
        ddns(provider, **more)


def test_a_zone_is_known_in_any_spelling_and_sent_as_ddclient_compares_it() -> None:
    settings = ddns("namecheap", login="Example.COM")
    files = render(settings, STACKS["public"], Material({"ddns_password": "x"}))
    assert b"login=example.com, " in files["ddclient/ddclient.conf"].content


def test_a_key_file_is_rendered_as_it_is_and_for_the_owner_alone() -> None:
    settings = ddns("nsupdate", server="ns1.example.net", zone="example.com")
    files = render(settings, STACKS["public"], Material({"ddns_password": KEY}))
    assert files["ddclient/nsupdate.key"].content.decode().strip() == KEY
    assert files["ddclient/nsupdate.key"].mode == 0o600
    assert b"c2VjcmV0" not in files["ddclient/ddclient.conf"].content


@pytest.mark.parametrize(
    "secret", ["c2VjcmV0", 'key "a" { secret "x y"; };', f'{KEY}\ninclude "a";']
)
def test_a_key_file_that_is_none_is_refused_without_showing_it(secret: str) -> None:
    settings = ddns("nsupdate", server="ns1.example.net", zone="example.com")
    with pytest.raises(InputError, match="is no TSIG key") as caught:
        render(settings, STACKS["public"], Material({"ddns_password": secret}))
    assert secret not in str(caught.value)


@pytest.mark.parametrize("secret", ["sk1_a#b", "sk1_a b"])
def test_a_secret_that_ddclient_would_cut_is_refused_without_showing_it(secret: str) -> None:
    settings = ddns("porkbun", login="pk1_1", zone="example.com")
    with pytest.raises(InputError, match="secrets/ddns_password: has a space or a #") as caught:
        render(settings, STACKS["public"], Material({"ddns_password": secret}))
    assert secret not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({}, ["under Dynamic DNS, enter nvr.example.com with your provider's login"]),
        (
            {"provider": "duckdns"},
            [
                "switch Dynamic DNS on, and enter there:",
                "  service: Duck DNS (https://www.duckdns.org/spec.jsp)",
                "  host name: nvr.example.com",
                "  user name: none; if it wants one, any word",
                "  password: the token shown at the top of your Duck DNS page",
            ],
        ),
        (
            {"provider": "custom", "login": "me", "server": "dyn.example.net"},
            [
                "switch Dynamic DNS on, and enter there:",
                (
                    "  service: Any server that speaks the dyndns2 protocol "
                    "(https://help.dyn.com/remote-access-api/)"
                ),
                "  host name: nvr.example.com",
                "  user name: me",
                "  password: the password",
                (
                    "  update URL, if it wants one: "
                    "https://dyn.example.net/nic/update?hostname=NAME&myip=ADDRESS"
                ),
            ],
        ),
        (
            {"updater": "none"},
            [
                (
                    "your address must never change: at your DNS provider, let nvr.example.com "
                    "point to it"
                )
            ],
        ),
    ],
    ids=["unknown", "duckdns", "custom", "none"],
)
def test_the_router_is_told_what_its_page_asks_for(
    change: dict[str, Any], lines: list[str]
) -> None:
    settings = settings_for("router-ddns", {"ddns": change})
    steps = next_steps(settings, "/p", has_database=True, has_user=True)
    # Three lines are about the address and the ports.
    assert list(steps[0].lines[3:]) == lines
