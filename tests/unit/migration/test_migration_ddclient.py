"""The host's ddclient.conf, and the settings that it becomes."""

from typing import Any

import pytest
from hypothesis import given

from nvrstack.errors import InputError
from nvrstack.migration.around.ddclient_conf import Host, read_ddclient_conf
from nvrstack.migration.around.ddns import Ddns, ddns_settings
from nvrstack.services.providers import providers
from tests.unit.samples import settings_for
from tests.unit.strategies import ODD_TEXT, quickly

DEBIAN = """\
# Configuration file for ddclient, made by debconf
#
# /etc/ddclient.conf

daemon=600
protocol=noip \\
use=web, web=https://api.ipify.org \\
login=anna@example.org \\
password='s3cr#t, "q' \\
cams.ddns.net
"""
PASSWORD = 's3cr#t, "q'


def converted(text: str) -> Ddns:
    return ddns_settings(read_ddclient_conf(text))


def test_debians_file() -> None:
    conf = read_ddclient_conf(DEBIAN)
    assert conf.general == {"daemon": "600"}
    assert conf.hosts == (
        Host(
            "cams.ddns.net",
            {
                "daemon": "600",
                "protocol": "noip",
                "use": "web",
                "web": "https://api.ipify.org",
                "login": "anna@example.org",
            },
            PASSWORD,
        ),
    )
    assert converted(DEBIAN) == Ddns(
        {
            "ddns.updater": "ddclient",
            "ddns.provider": "noip",
            "ddns.hosts": ("cams.ddns.net",),
            "ddns.login": "anna@example.org",
            "ddns.interval": "600s",
        },
        PASSWORD,
    )


def test_what_it_becomes_is_valid() -> None:
    ddns = {key.removeprefix("ddns."): value for key, value in converted(DEBIAN).settings.items()}
    made = settings_for("public", {"ddns": ddns}).ddns
    assert (made.provider, made.hosts, made.interval.total_seconds()) == (
        "noip", ("cams.ddns.net",), 600,
    )  # fmt: skip


def test_of_two_accounts_the_one_of_the_site_counts() -> None:
    two = (
        "protocol=dyndns2, login=a, password=x blog.dyndns.org\n"
        "protocol=namecheap, login=example.com, password=y nvr\n"
    )
    conf = read_ddclient_conf(two)
    assert ddns_settings(conf).settings["ddns.hosts"] == ("blog.dyndns.org",)
    found = ddns_settings(conf, "nvr.example.com")
    assert found.settings["ddns.hosts"] == ("nvr.example.com",)
    assert found.password == "y"
    (warning,) = found.warnings
    assert (warning.code, "blog.dyndns.org" in warning.message) == ("ddns-several", True)
    assert "the host's ddclient is left running; take nvr out" in warning.hint


def test_the_password_is_never_shown() -> None:
    conf = read_ddclient_conf(DEBIAN + "password=other\n")
    for shown in (repr(conf), repr(ddns_settings(conf)), str(conf.general)):
        assert "s3cr" not in shown
        assert "other" not in shown
    assert converted(DEBIAN).password == PASSWORD


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("protocol=duckdns, password=t nvr",
         {"provider": "duckdns", "hosts": ("nvr.duckdns.org",)}),
        ("protocol=duckdns, password=t nvr.duckdns.org",
         {"provider": "duckdns", "hosts": ("nvr.duckdns.org",)}),
        ("protocol=namecheap, login=example.org, password=t @,nvr",
         {"provider": "namecheap", "login": "example.org",
          "hosts": ("example.org", "nvr.example.org")}),
        ("protocol=namecheap, login=example.org, password=t @.example.org",
         {"provider": "namecheap", "login": "example.org", "hosts": ("example.org",)}),
        ("protocol=cloudflare, zone=example.org, login=token, password=t nvr.example.org",
         {"provider": "cloudflare", "zone": "example.org", "hosts": ("nvr.example.org",)}),
        ("protocol=dyndns2, server=update.dedyn.io, login=a.dedyn.io, password=t a.dedyn.io",
         {"provider": "desec", "login": "a.dedyn.io", "hosts": ("a.dedyn.io",)}),
        ("protocol=dyndns2\nserver=https://api.dynu.com\nlogin=a\npassword=t\na.dynu.net",
         {"provider": "dynu", "login": "a", "hosts": ("a.dynu.net",)}),
        ("server=dyn.example.net, login=a, password=t a.example.net",
         {"provider": "custom", "server": "dyn.example.net", "login": "a",
          "hosts": ("a.example.net",)}),
        ("protocol=godaddy, login=k, zone=example.org, password=t @, nvr, x.example.org",
         {"provider": "godaddy", "login": "k", "zone": "example.org",
          "hosts": ("example.org", "nvr.example.org", "x.example.org")}),
        ("login=a, password=t a.dyndns.org",
         {"provider": "dyn", "login": "a", "hosts": ("a.dyndns.org",)}),
        ("daemon=30s\nprotocol=noip, login=a, password=t a.ddns.net",
         {"provider": "noip", "login": "a", "hosts": ("a.ddns.net",), "interval": "60s"}),
        ("protocol=porkbun, apikey=k, secretapikey=t, root-domain=a.example b.a.example",
         {"provider": "porkbun", "login": "k", "zone": "a.example", "hosts": ("b.a.example",)}),
        ("protocol=porkbun, apikey=k, secretapikey=t b.a.example",
         {"provider": "porkbun", "login": "k", "zone": "a.example", "hosts": ("b.a.example",)}),
        ("protocol=porkbun, apikey=k, secretapikey=t, on-root-domain=yes a.example",
         {"provider": "porkbun", "login": "k", "zone": "a.example", "hosts": ("a.example",)}),
        ("protocol=gandi, zone=a.de, ttl=3h, use-personal-access-token=1, password=t b.a.de",
         {"provider": "gandi", "zone": "a.de", "ttl": "10800s", "hosts": ("b.a.de",)}),
        ("protocol=hetzner, zone=a.example, ttl=60, password=t b.a.example",
         {"provider": "hetzner", "zone": "a.example", "ttl": "300s", "hosts": ("b.a.example",)}),
        ("daemon=2h\nprotocol=noip, login=a, host=a.ddns.net, password=t",
         {"provider": "noip", "login": "a", "hosts": ("a.ddns.net",), "interval": "7200s"}),
    ],
)  # fmt: skip
def test_each_provider(text: str, settings: dict[str, Any]) -> None:
    found = converted(text)
    expected = {f"ddns.{key}": value for key, value in settings.items()}
    assert found == Ddns({"ddns.updater": "ddclient", **expected}, "t")


def test_each_provider_of_ours_is_found_again() -> None:
    for name, provider in providers().items():
        options = {**provider.options, "server": provider.options.get("server", "s.example")}
        if "server" not in provider.options and "server" not in provider.keys:
            del options["server"]
        pairs = ", ".join(f"{key}={value}" for key, value in options.items())
        text = f"protocol={provider.protocol}, {pairs} password=t x{provider.host_suffix}"
        assert converted(text).settings["ddns.provider"] == name


@pytest.mark.parametrize(
    ("text", "codes", "said"),
    [
        ("protocol=hammernode1, password=t a.example", ["ddns-provider"], "speaks hammernode1"),
        ("protocol=noip, server=x.example, password=t a.example", ["ddns-provider"], "x.example"),
        ("protocol=noip, login=a, password=t a.example\nprotocol=duckdns, password=u b",
         ["ddns-several"], "also updates b with another account"),
        ("protocol=noip, login=a, password=t, max-interval=9d a.example",
         ["ddns-options"], "max-interval is not carried over"),
        ("protocol=cloudflare, login=me@example.org, zone=a.example, password=t a.example",
         ["ddns-credentials"], "another kind of key; nvrstack needs an API token"),
        ("protocol=gandi, zone=a.example, password=t a.example",
         ["ddns-credentials"], "nvrstack needs a personal access token"),
        ("protocol=gandi, zone=a.example, use-personal-access-token=no, password=t a.example",
         ["ddns-credentials"], "it is left running"),
        ("protocol=noip, login=a a.example", ["ddns-password"], "not in ddclient.conf"),
        ("protocol=noip, login=a, password_env=SECRET a.example",
         ["ddns-password"], "not in ddclient.conf"),
        ("protocol=nsupdate, server=ns.example, zone=a.example, password=/etc/key a.example",
         ["ddns-password"], "not in ddclient.conf"),
        ("use=web\nprotocol=noip, login=a, password=t a.example\nuse=if, if=wg0\nb.example",
         ["ddns-several"], "also updates b.example with another account or in another way"),
        ("protocol=namecheap, login=a.example, password=t @,*,nvr",
         ["ddns-several"], "also updates * with"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_over_is_said(text: str, codes: list[str], said: str) -> None:
    found = converted(text)
    assert [warning.code for warning in found.warnings] == codes
    assert said in found.warnings[0].message
    assert bool(found.settings) == (codes[0] not in {"ddns-provider", "ddns-credentials"})


@pytest.mark.parametrize(
    ("lines", "settings"),
    [
        ("use=web, web=checkip.example", {}),
        ("use=if, if=wg0", {"interface": "wg0"}),
        ("usev4=ifv4, ifv4=eth0", {"interface": "eth0"}),
        ("use=fw, fw=192.168.1.1/status.htm, fw-skip='IP Address'",
         {"router_page": "http://192.168.1.1/status.htm", "router_text": "IP Address"}),
        ("usev4=fwv4, fwv4=https://router/x", {"router_page": "https://router/x"}),
        ("script=/nic/update", {}),
    ],
)  # fmt: skip
def test_the_address_is_learnt_in_the_same_way(lines: str, settings: dict[str, str]) -> None:
    found = converted(f"{lines}\nprotocol=noip, login=a, password=t a.ddns.net")
    assert found.warnings == ()
    assert found.settings["ddns.provider"] == "noip"
    keys = ("interface", "router_page", "router_text")
    told = {key: found.settings.get(f"ddns.{key}") for key in keys}
    assert {key: value for key, value in told.items() if value is not None} == settings


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("script=/update", "by a path of its own (script), which"),
        ("script=/update?key=K3Y", "by a path of its own"),
        ("use=cmd, cmd=/usr/local/bin/ip.sh", "by cmd, as no project can"),
        ("usev4=cmdv4, cmdv4='curl -H Key:K3Y x.example'", "by cmdv4, as"),
        ("use=ip, ip=198.51.100.7", "by ip, as"),
        ("use=linksys, fw=192.168.1.1", "by linksys, as"),
        ("use=fw, fw=http://admin:K3Y@192.168.1.1/", "signs in to the page"),
        ("use=fw, fw=192.168.1.1/wan?sid=K3Y", "signs in to the page"),
        ("use=fw, fw=192.168.1.1/wan, fw-login=admin, fw-password=K3Y", "signs in to the page"),
        ("usev6=if, if=eth0", "an IPv6 address alone"),
        ("usev4=disabled, usev6=webv6", "an IPv6 address alone"),
        ("usev4=webv4, usev6=ifv6, ifv6=eth0", "gives a.b.de an IPv6 address too, and"),
        ("usev4=ifv4, ifv4=eth0, usev6=ifv6, ifv6=eth0", "gives a.b.de an IPv6 address too, and"),
        ("use=web, ipv6=yes", "to look for an IPv6 address"),
        ("use=web, postscript='/usr/local/bin/tell K3Y'", "is told postscript for a.b.de"),
        ("use=web, proxy=K3Y.example:3128", "is told proxy"),
        ("use=web, wildcard=YES", "is told wildcard"),
        ("use=web, ssl=no", "without https"),
        ("use=web, login_env=WHO", "is told login_env"),
    ],
)
def test_updates_that_would_become_others_are_left_to_the_host(lines: str, said: str) -> None:
    found = converted(f"{lines}\nprotocol=dyndns2, server=x.example, login=a, password=t a.b.de")
    assert (dict(found.settings), found.password) == ({}, None)
    (warning,) = found.warnings
    assert warning.code == "ddns-left-running"
    assert said in warning.message
    assert "K3Y" not in f"{found}"


@pytest.mark.parametrize("text", ["", "# nothing\n", "daemon=300\nuse=web\n", "\\\n\n"])
def test_a_file_without_hosts_gives_nothing(text: str) -> None:
    assert converted(text) == Ddns()


@pytest.mark.parametrize("name", ["*.a.example", "@", "K3Y$"])
def test_what_is_no_host_is_left_to_ddclient(name: str) -> None:
    found = converted(f"protocol=cloudflare, zone=a.example, password=t {name}")
    (warning,) = found.warnings
    assert (dict(found.settings), warning.code) == ({}, "ddns-left-running")
    assert "K3Y" not in warning.message


def test_blanks_behind_a_backslash() -> None:
    text = "protocol=noip, \\ \nlogin=a, \\\t\npassword=t \\ # here\na.ddns.net\n"
    found = converted(text)
    assert (found.settings["ddns.hosts"], found.password) == (("a.ddns.net",), "t")
    (warning,) = found.warnings
    assert (warning.code, warning.line) == ("ddns-blank", 1)
    older = read_ddclient_conf(text, over_blanks=False)
    assert [host.name for host in older.hosts] == ["\\", "a.ddns.net"]


@pytest.mark.parametrize("end", ["\\", "\\\n", "\\ \n"])
def test_a_file_that_ends_in_a_continuation(end: str) -> None:
    text = f"protocol=noip, login=a, password=K3Y a.ddns.net\nb.ddns.net {end}"
    found = converted(text)
    assert found.settings["ddns.hosts"] == ("a.ddns.net",)
    assert found.warnings[-1].code == "ddns-unfinished"
    assert found.warnings[-1].line == 2
    nothing = converted(f"protocol=noip, login=a, password=K3Y a.ddns.net {end}")
    assert dict(nothing.settings) == {}
    assert nothing.warnings[-1].code == "ddns-unfinished"
    assert "K3Y" not in f"{nothing}"


@pytest.mark.parametrize("text", ["x\n" * 50_001, "x " * 2_001, "password" * 12_501])
def test_a_file_that_is_too_long_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="longer than"):
        read_ddclient_conf(text)


@quickly
@given(ODD_TEXT, ODD_TEXT)
def test_any_text_is_read(one: str, other: str) -> None:
    for text in (one, f"password={one} {other}", f"{one}={other}, protocol={one} {other}"):
        converted(text)
