"""Certbot's renewal files and the listening ports of the host."""

import socket
from contextlib import closing
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given

from nvrstack.host.network.sockets import in_table
from nvrstack.migration.around.renewal import LETSENCRYPT, Lineage, read_renewal, with_webroot
from nvrstack.surroundings import Listener
from tests.unit.strategies import ODD_TEXT, quickly

DOMAIN = "cams.example.org"
RENEWAL = f"""\
# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = /etc/letsencrypt/archive/{DOMAIN}
cert = /etc/letsencrypt/live/{DOMAIN}/cert.pem
privkey = /etc/letsencrypt/live/{DOMAIN}/privkey.pem
chain = /etc/letsencrypt/live/{DOMAIN}/chain.pem
fullchain = /etc/letsencrypt/live/{DOMAIN}/fullchain.pem

# Options used in the renewal process
[renewalparams]
account = 0123456789abcdef
authenticator = nginx
installer = nginx
server = https://acme-v02.api.letsencrypt.org/directory
key_type = ecdsa
renew_hook = systemctl reload nginx
"""
WEBROOT = f"""\
# renew_before_expiry = 30 days
version = 2.1.0
archive_dir = /etc/letsencrypt/archive/{DOMAIN}
cert = /etc/letsencrypt/live/{DOMAIN}/cert.pem
privkey = /etc/letsencrypt/live/{DOMAIN}/privkey.pem
chain = /etc/letsencrypt/live/{DOMAIN}/chain.pem
fullchain = /etc/letsencrypt/live/{DOMAIN}/fullchain.pem

# Options used in the renewal process
[renewalparams]
account = 0123456789abcdef
server = https://acme-v02.api.letsencrypt.org/directory
key_type = ecdsa
authenticator = webroot
webroot_path = /var/www/webroot,
[[webroot_map]]
{DOMAIN} = /var/www/webroot
www.{DOMAIN} = /var/www/webroot
"""
NAMES = (DOMAIN, f"www.{DOMAIN}")


def test_a_lineage_of_nginxs_plugin() -> None:
    found = read_renewal(DOMAIN, RENEWAL, NAMES, ["0123456789abcdef"])
    (warning,) = found.warnings
    assert found == Lineage(
        name=DOMAIN,
        authenticator="nginx",
        server=LETSENCRYPT,
        account="0123456789abcdef",
        key_type="ecdsa",
        hooks={"renew_hook": "systemctl reload nginx"},
        warnings=(warning,),
    )
    assert warning.code == "certbot-hook"
    assert "renew_hook of cams.example.org (systemctl reload nginx) is not carried" in (
        warning.message
    )


def test_it_becomes_one_by_webroot_with_account_and_key() -> None:
    assert with_webroot(RENEWAL, NAMES) == WEBROOT
    assert with_webroot(WEBROOT, NAMES) == WEBROOT
    pace = "renew_before_expiry = 30 days\nautorenew = False\n"
    assert with_webroot(pace + RENEWAL, NAMES) == WEBROOT


@pytest.mark.parametrize(
    ("noted", "kept"),
    [
        ("required_profile = shortlived\n", "preferred_profile = shortlived\n"),
        ("preferred_profile = tlsserver\n", "preferred_profile = tlsserver\n"),
        ("required_profile = of-another-authority\n", ""),
    ],
)
def test_a_profile_is_preferred_from_now_on(noted: str, kept: str) -> None:
    assert read_renewal(DOMAIN, RENEWAL + noted).profile == noted.split()[2]
    plugin = "authenticator = webroot\n"
    assert with_webroot(RENEWAL + noted, NAMES) == WEBROOT.replace(plugin, plugin + kept)
    found = read_renewal(DOMAIN, WEBROOT, NAMES)
    assert (found.authenticator, found.account) == ("webroot", "0123456789abcdef")
    assert found.warnings == ()


@pytest.mark.parametrize(
    "lines",
    [
        "authenticator = standalone\nhttp01_port = 8888\nstandalone_supported_challenges = http-01",
        "authenticator = webroot\nwebroot_path = /var/www/html,\n[[webroot_map]]\na = /var/www",
        "authenticator = dns-cloudflare\ndns_cloudflare_credentials = /x\ninstaller = None",
        "pref_challs = http-01,\nauthenticator = manual\nmanual_auth_hook = x\npre_hook = stop\n",
    ],
)
def test_every_other_plugin(lines: str) -> None:
    start = RENEWAL.index("authenticator = nginx")
    server = "server = https://acme-v02.api.letsencrypt.org/directory\nkey_type = ecdsa\n"
    assert with_webroot(RENEWAL[:start] + server + lines, NAMES) == WEBROOT


@pytest.mark.parametrize(
    ("change", "domains", "accounts", "code", "said"),
    [
        (("renew_hook", "x"), ("*.example.org",), (), "certbot-wildcard", "for *.example.org;"),
        (("renew_hook", "x"), NAMES, ("0123456789abcdef", "b"), "certbot-accounts",
         "has 2 accounts at https://acme-v02"),
        (("/etc/letsencrypt/archive", "/srv/le/archive"), NAMES, (), "certbot-paths",
         "is kept in /srv/le/archive, not in /etc/letsencrypt"),
        (("authenticator = nginx", "authenticator = manual\nmanual_auth_hook = /x"), NAMES, (),
         "certbot-plugin", "was proved by manual (/x), which the project does not have"),
        (("authenticator = nginx", "authenticator = dns-strange"), NAMES, (),
         "certbot-plugin", "was proved by dns-strange, which"),
    ],
)  # fmt: skip
def test_what_is_unusual_is_said(
    change: tuple[str, str],
    domains: tuple[str, ...],
    accounts: tuple[str, ...],
    code: str,
    said: str,
) -> None:
    warnings = read_renewal(DOMAIN, RENEWAL.replace(*change), domains, accounts).warnings
    assert {w.code for w in warnings} - {"certbot-hook"} == {code}
    assert said in next(w.message for w in warnings if w.code == code)


def test_a_plugin_that_the_project_has_is_nothing_to_tell() -> None:
    text = RENEWAL.replace("authenticator = nginx", "authenticator = dns-cloudflare")
    found = read_renewal(DOMAIN, text.replace("renew_hook", "x"), ("*.example.org",))
    assert (found.warnings, found.credentials) == ((), None)


def test_what_is_not_said() -> None:
    found = read_renewal("a", "[renewalparams]\n")
    assert (found.server, found.key_type, found.account) == (LETSENCRYPT, "rsa", None)


# Listening ports.

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  998        0 12345 1 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000    0        0 777 1 0
   2: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000  998        0 4 1 0
   3: nonsense
"""
TABLE_6 = """\
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 0 0 0 0 0 9
   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 0 0 0 0 0 8
"""


def test_a_table_as_the_kernel_writes_it() -> None:
    loopback = Listener(IPv4Address("127.0.0.1"), 8080, 998, 12345)
    everywhere = Listener(IPv4Address("0.0.0.0"), 80, 0, 777)
    assert in_table(TABLE) == (loopback, everywhere)
    assert in_table(TABLE, (8080, 443)) == (loopback,)
    six, one = in_table(TABLE_6)
    assert six == Listener(IPv6Address("::"), 443, 0, 9)
    assert one == Listener(IPv6Address("::1"), 80, 0, 8)
    takes = [each.takes(p) for each, p in ((loopback, 8080), (everywhere, 80), (six, 443))]
    assert takes == [True, True, True]
    assert [each.takes(p) for each, p in ((one, 80), (everywhere, 443))] == [False, False]


@pytest.mark.parametrize(
    ("family", "address", "table"),
    [(socket.AF_INET, "127.0.0.1", "tcp"), (socket.AF_INET6, "::1", "tcp6")],
)
def test_this_machines_own_table(family: int, address: str, table: str) -> None:
    with closing(socket.socket(family)) as server:
        server.bind((address, 0))
        port = server.getsockname()[1]
        path = Path("/proc/net") / table
        assert in_table(path.read_text(), [port]) == ()
        server.listen()
        (found,) = in_table(path.read_text(), [port])
        assert (str(found.address), found.port) == (address, port)
        assert f"[{found.inode}]" in str(Path(f"/proc/self/fd/{server.fileno()}").readlink())


@quickly
@given(ODD_TEXT, ODD_TEXT)
def test_any_text_is_read(one: str, other: str) -> None:
    for text in (
        one,
        f"{one}\n{other}",
        f"[renewalparams]\n{one} = {other}\n[[webroot_map]]\n{one}",
    ):
        read_renewal(one, text, [other], [one])
        again = with_webroot(text, NAMES)
        assert read_renewal(one, again).authenticator == "webroot"
        in_table(f"head\n{text}\n 0: {one}:{other} x 0A 1 2 3 4 5 6")
