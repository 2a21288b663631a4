"""What the host tells about the new project's settings."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from nvrstack.migration.around.certificate_proposal import Certified
from nvrstack.migration.around.ddns import Ddns
from nvrstack.migration.around.firewall import FIREWALLD, NFTABLES, UFW, firewall_findings
from nvrstack.migration.around.nginx.server import Site
from nvrstack.migration.around.nginx.sites import NginxSites
from nvrstack.migration.around.port_owners import port_findings
from nvrstack.migration.around.renewal import LETSENCRYPT, STAGING, read_renewal
from nvrstack.migration.around.schedules import Schedules
from nvrstack.migration.carry.accounting import override
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install, Mount, Source, User
from nvrstack.migration.moonfire.places import DATABASE
from nvrstack.migration.plan.proposal import Proposal, Surroundings, propose_settings
from nvrstack.migration.plan.takeover import (
    carried_certificates,
    has_to_give_way,
    left_to_certbot,
    preferred,
    replaced_nginx,
)
from nvrstack.rendering.context import lineages
from tests.unit.samples import settings_for

STATE = Mount("bind", "/srv/moonfire", "/var/lib/moonfire-nvr")
INSTALL = Install(
    "nvr-script",
    "scottlamb/moonfire-nvr:v0.7.5",
    "0.7.4",
    "moonfire-nvr",
    User(1001, 1002),
    "America/Los_Angeles",
    mounts=(STATE,),
)
RENEWAL = """\
version = 2.1.0
archive_dir = /etc/letsencrypt/archive/nvr.example.com
cert = /etc/letsencrypt/live/nvr.example.com/cert.pem
privkey = /etc/letsencrypt/live/nvr.example.com/privkey.pem
chain = /etc/letsencrypt/live/nvr.example.com/chain.pem
fullchain = /etc/letsencrypt/live/nvr.example.com/fullchain.pem
[renewalparams]
account = 0123456789abcdef0123456789abcdef
authenticator = nginx
installer = nginx
server = https://acme-v02.api.letsencrypt.org/directory
"""
PORTS = (80, 443)
NGINX = NginxSites(
    domain="nvr.example.com",
    aliases=("cameras.example.com",),
    redirects=("old.example.com",),
    short_names=("nvr",),
    certificate="/etc/letsencrypt/live/nvr.example.com/fullchain.pem",
    key="/etc/letsencrypt/live/nvr.example.com/privkey.pem",
    moonfire=(
        Site(("nvr.example.com",), "/etc/nginx/sites-enabled/nvr", 1, tls=True),
        Site(("nvr.example.com",), "/etc/nginx/sites-enabled/nvr", 9, tls=False),
    ),
)
UPDATED = Ddns(
    {
        "ddns.updater": "ddclient",
        "ddns.provider": "noip",
        "ddns.login": "me",
        "ddns.hosts": ("nvr.example.com",),
    },
    "the password",
    (Finding("ddns-options", "something is not carried over", "look"),),
)


def certified(name: str = "nvr.example.com", text: str = RENEWAL, *domains: str) -> Certified:
    domains = domains or (name,)
    return Certified(read_renewal(name, text, domains), text, domains)


def around(
    nginx: NginxSites | None = None,
    certificates: tuple[Certified, ...] = (),
    ddns: Ddns | None = None,
    owner: User | None = None,
) -> Surroundings:
    return Surroundings(nginx or NginxSites(), certificates, ddns or Ddns(), owner)


def proposed(
    surroundings: Surroundings,
    install: Install = INSTALL,
    database: PurePosixPath = DATABASE,
    **given: Any,
) -> Proposal:
    return propose_settings(install, "v0.7.30", database, ("/media/nvr",), surroundings, given)


def codes(found: Proposal) -> list[str]:
    return [finding.code for finding in (*found.warnings, *found.blockers)]


def test_a_whole_house_becomes_settings_without_a_question() -> None:
    found = proposed(around(NGINX, (certified(),), UPDATED))
    assert found.data == {
        "schema": 1,
        "stack": "public",
        "moonfire": {
            "version": "v0.7.30",
            "uid": 1001,
            "gid": 1002,
            "timezone": "America/Los_Angeles",
            "state_dir": "/srv/moonfire",
            "sample_dirs": ("/media/nvr",),
        },
        "site": {
            "domain": "nvr.example.com",
            "aliases": ("cameras.example.com",),
            "redirects": ("old.example.com",),
            "short_names": ("nvr",),
        },
        "certificate": {"authority": "letsencrypt", "key_type": "rsa"},
        "ddns": {
            "updater": "ddclient",
            "provider": "noip",
            "login": "me",
            "hosts": ("nvr.example.com",),
        },
    }
    assert found.secrets == {"ddns_password": "the password"}
    assert "the password" not in repr(found)
    assert codes(found) == ["ddns-options"]


def test_without_ddclient_the_router_has_it() -> None:
    found = proposed(around(NGINX))
    assert found.data["stack"] == "router-ddns"
    assert "ddns" not in found.data


def test_nothing_that_tells_a_domain_leaves_the_cameras_at_home() -> None:
    found = proposed(around())
    assert (found.data["stack"], found.data["site"]["domain"]) == ("lan", "nvr.home.arpa")
    assert codes(found) == ["no-domain"]
    given = proposed(around(), site={"domain": "nvr.example.org"})
    assert given.data["stack"] == "router-ddns"
    assert codes(given) == []


def test_a_certificate_or_a_dynamic_name_tells_the_domain_too() -> None:
    assert proposed(around(None, (certified(),))).data["site"] == {"domain": "nvr.example.com"}
    both = proposed(around(None, (certified("a.example.com"), certified("b.example.com")), UPDATED))
    assert both.data["site"]["domain"] == "a.example.com"
    assert "a.example.com, b.example.com, nvr.example.com" in both.warnings[0].message
    assert codes(both) == ["domain-guessed", "ddns-options"]


def test_the_authority_stays_the_one_that_signed() -> None:
    text = RENEWAL.replace("acme-v02.api.letsencrypt.org/directory", "ca.example.net/acme/x")
    text += "key_type = ecdsa\n"
    found = proposed(around(NGINX, (certified("nvr.example.com", text),)))
    assert found.data["certificate"] == {"authority": "https://ca.example.net/acme/x"}


def test_unusual_ports_are_kept() -> None:
    nginx = replace(NGINX, http_port=8081, https_port=8443)
    found = proposed(around(nginx))
    site = found.data["site"]
    assert (site["http_port"], site["https_port"]) == (8081, 8443)
    assert "public_https_port" not in site
    assert codes(found) == ["public-port"]
    assert "https stays on port 8443 of this machine, as in its nginx" in found.notes
    named = proposed(around(replace(nginx, public_https_port=8443)))
    assert (named.data["site"]["public_https_port"], codes(named)) == (8443, [])
    assert codes(proposed(around(nginx), site={"public_https_port": 443})) == []
    usual = proposed(around(NGINX)).data["site"]
    assert usual.keys().isdisjoint({"http_port", "https_port", "public_https_port"})


BY_DNS = RENEWAL.replace(
    "authenticator = nginx",
    "authenticator = dns-cloudflare\ndns_cloudflare_credentials = /root/cf.ini",
)


def test_a_certificate_that_was_proved_by_dns_goes_on_so() -> None:
    held = replace(certified(text=BY_DNS), credentials="dns_cloudflare_api_token = t\n")
    found = proposed(around(NGINX, (held,)))
    assert found.data["stack"] == "dns-challenge"
    assert found.data["certificate"]["challenge"] == "dns-01"
    assert found.data["certificate"]["dns_provider"] == "cloudflare"
    assert found.secrets == {"dns_credentials": "dns_cloudflare_api_token = t\n"}
    assert "certificates go on being proved by DNS at cloudflare, with /root/cf.ini" in found.notes
    assert "api_token" not in repr(held) + repr(found)
    assert proposed(around(NGINX, (held,), UPDATED)).data["stack"] == "public"
    another = proposed(around(NGINX, (held,)), certificate={"dns_provider": "desec"})
    assert (another.data["stack"], another.secrets, another.notes) == ("dns-challenge", {}, ())
    over_http = proposed(around(NGINX, (held,)), certificate={"challenge": "http-01"})
    assert over_http.data["stack"] == "router-ddns"
    assert "challenge" not in over_http.data["certificate"]
    assert over_http.secrets == {}


def test_a_ddclient_that_goes_on_is_no_routers_work() -> None:
    left = Ddns(warnings=(Finding("ddns-provider", "x", "y"),))
    found = proposed(around(NGINX, (certified(),), left))
    assert (found.data["stack"], found.data["ddns"]) == ("router-ddns", {"updater": "none"})
    assert codes(found) == ["ddns-provider"]


def test_a_certificate_from_a_shop_stays() -> None:
    nginx = NginxSites(domain="nvr.example.com", certificate="/etc/ssl/n.pem", key="/etc/ssl/n.key")
    found = proposed(around(nginx, (), UPDATED))
    assert found.data["stack"] == "own-certificate"
    assert found.data["certificate"] == {
        "chain_file": "/etc/ssl/n.pem",
        "key_file": "/etc/ssl/n.key",
    }
    assert found.notes == ("/etc/ssl/n.pem stays the certificate, as you brought it",)
    assert codes(found) == ["ddns-left"]
    # Another domain has no use for it.
    assert proposed(around(nginx), site={"domain": "x.example.com"}).data["stack"] == "router-ddns"


def test_a_name_of_a_home_stays_in_it() -> None:
    nginx = NginxSites(domain="nvr.lan", aliases=("pi.local",))
    found = proposed(around(nginx))
    assert (found.data["stack"], found.data["site"]["domain"]) == ("lan", "nvr.lan")
    assert codes(found) == []
    given = proposed(around(nginx), certificate={"authority": "https://ca.lan/acme/directory"})
    assert given.data["stack"] == "router-ddns"


def test_a_stack_that_was_asked_for_is_taken() -> None:
    found = proposed(around(NGINX, (certified(),), UPDATED), stack="lan")
    assert found.data["stack"] == "lan"
    assert "certificate" not in found.data
    assert (found.secrets, codes(found)) == ({}, [])


def test_whom_moonfire_runs_as() -> None:
    nobody = Install("container", "x", None, "nvr", mounts=(STATE,))
    found = proposed(around(NGINX, owner=User(7, 8)), nobody)
    assert (found.data["moonfire"]["uid"], found.data["moonfire"]["gid"]) == (7, 8)
    assert found.notes == ("Moonfire runs as 7:8, to whom its database belongs",)
    assert codes(proposed(around(NGINX), nobody)) == ["user-unknown"]


@pytest.mark.parametrize(
    ("mounts", "code"),
    [
        ((), "state-not-mounted"),
        ((Mount("volume", "nvr-data", "/var/lib/moonfire-nvr"),), "state-in-volume"),
        ((Mount("volume", "nvr-db", str(DATABASE)),), "state-in-volume"),
        ((STATE, Mount("volume", "nvr-db", str(DATABASE))), "state-in-volume"),
        # The move asks for a database inside of the directory that is mounted.
        ((STATE, Mount("bind", "/ssd/db", str(DATABASE))), "state-apart"),
        ((Mount("bind", "/ssd/moonfire/database", str(DATABASE)),), "state-apart"),
        ((Mount("bind", "/mnt/db", str(DATABASE)),), "state-apart"),
        ((Mount("bind", "/home/pi/db", str(DATABASE)),), "state-apart"),
    ],
)
def test_a_database_that_is_no_directory_here_blocks(mounts: tuple[Mount, ...], code: str) -> None:
    install = Install("container", "x", None, "nvr", User(1, 1), mounts=mounts)
    found = proposed(around(NGINX), install)
    assert [finding.code for finding in found.blockers] == [code]
    assert "state_dir" not in found.data["moonfire"]


@pytest.mark.parametrize(
    ("source", "mounts", "database", "state"),
    [
        ("systemd", (), "/data/nvr/db", "/data/nvr"),
        ("systemd", (), "/var/lib/moonfire-nvr/db", "/var/lib/moonfire-nvr"),
        ("nvr-script", (STATE, Mount("bind", "/srv/nvr", "/data")), "/data/db", "/srv/nvr"),
        ("nvr-script", (Mount("bind", "/srv/nvr", "/data"),), "/data/db", "/srv/nvr"),
    ],
)
def test_the_state_directory_is_where_the_database_is(
    source: Source, mounts: tuple[Mount, ...], database: str, state: str
) -> None:
    install = Install(source, "x", None, "nvr", User(1, 1), mounts=mounts)
    found = proposed(around(NGINX), install, PurePosixPath(database))
    assert found.data["moonfire"]["state_dir"] == state
    assert codes(found) == []


@pytest.mark.parametrize("parent", ["/opt/nvr", "/home/pi/moonfire", "/mnt/ssd"])
def test_a_database_that_is_mounted_alone_brings_its_directory(parent: str) -> None:
    mounts = (
        Mount("bind", f"{parent}/db", str(DATABASE)),
        Mount("bind", f"{parent}/media", "/var/lib/moonfire-nvr/media"),
        Mount("bind", "/disk/more", "/var/lib/moonfire-nvr/more"),
    )
    install = Install("compose", "x", None, "nvr", User(1, 1), mounts=mounts)
    found = proposed(around(NGINX), install, DATABASE)
    assert found.data["moonfire"]["state_dir"] == parent
    assert codes(found) == ["state-above-database"]
    content = override(install)
    assert content is not None
    sources = [volume["source"] for volume in content["services"]["moonfire-nvr"]["volumes"]]
    assert sources == ["/disk/more"]


def test_certificates_come_along_under_the_projects_names() -> None:
    settings = settings_for("router-ddns")
    held = certified("nvr.example.com-0001", RENEWAL.replace("e.com\n", "e.com-0001\n").replace(
        "e.com/", "e.com-0001/"), "nvr.example.com")  # fmt: skip
    (found,) = carried_certificates(settings, lineages(settings), [held])
    assert (found.source, found.name) == ("nvr.example.com-0001", "nvr.example.com")
    assert found.account == (
        "acme-v02.api.letsencrypt.org/directory/0123456789abcdef0123456789abcdef"
    )
    assert "-0001" not in found.renewal
    assert "archive_dir = /etc/letsencrypt/archive/nvr.example.com\n" in found.renewal
    assert "authenticator = webroot" in found.renewal
    assert "installer" not in found.renewal


def test_certificates_that_serve_no_name_or_lie_elsewhere_stay() -> None:
    settings = settings_for("router-ddns")
    names = lineages(settings)
    away = RENEWAL.replace("/etc/letsencrypt/", "/opt/certificates/")
    held = [certified("nvr.example.com", away), certified("b.example.com")]
    assert carried_certificates(settings, names, held) == ()
    assert carried_certificates(settings_for("lan"), ("nvr.home.arpa",), [certified()]) == ()
    (left,) = left_to_certbot([*held, certified()], carried_certificates(settings, names, [
        certified()]))  # fmt: skip
    assert "goes on renewing b.example.com, which" in left.message


def test_how_much_of_the_hosts_nginx_gives_way() -> None:
    other = Site(("blog.example.com",), "/etc/nginx/sites-enabled/blog", 1, tls=True)
    shared = replace(NGINX, others=(other,), staying=frozenset({443}))
    holds, idle = {443: "nginx"}, dict[int, str]()
    whole = replaced_nginx(NGINX, PORTS, holds, Schedules())
    assert whole is not None
    assert whole.site_files == ()
    assert replaced_nginx(shared, PORTS, holds, Schedules()) == whole
    part = replaced_nginx(shared, PORTS, idle, Schedules())
    assert part is not None
    assert [str(file) for file in part.site_files] == ["/etc/nginx/sites-enabled/nvr"]
    assert replaced_nginx(NginxSites(), PORTS, idle, Schedules()) is None
    enabled = Schedules(frozenset({"nginx.service"}))
    assert replaced_nginx(NginxSites(), PORTS, idle, enabled) == whole


def test_a_server_on_other_ports_need_not_give_way() -> None:
    held = frozenset({80, 443})
    elsewhere = replace(NGINX, ports=held, others=NGINX.moonfire, staying=held)
    enabled = Schedules(frozenset({"nginx.service"}))
    assert has_to_give_way(elsewhere, (80, 443), {}, enabled)
    assert not has_to_give_way(elsewhere, (8080, 8443), {}, enabled)
    assert replaced_nginx(replace(elsewhere, staying=None), (8080, 8443), {}, enabled) is None
    part = replaced_nginx(elsewhere, (8080, 8443), {}, enabled)
    assert part is not None
    assert [str(file) for file in part.site_files] == ["/etc/nginx/sites-enabled/nvr"]


def test_a_server_that_passes_its_port_on_unread_stays_without_moonfires_file() -> None:
    fronting = replace(
        NGINX,
        ports=frozenset({443, 8443}),
        others=(Site((), "/etc/nginx/nginx.conf", 1, tls=False, ports=(443,)),),
        fronting_ports=frozenset({443}),
        staying=frozenset({443}),
    )
    enabled, holds = Schedules(frozenset({"nginx.service"})), {8443: "nginx"}
    assert not has_to_give_way(fronting, (80, 8443), holds, enabled)
    part = replaced_nginx(fronting, (80, 8443), holds, enabled)
    assert part is not None
    assert [str(file) for file in part.site_files] == ["/etc/nginx/sites-enabled/nvr"]
    assert has_to_give_way(fronting, (80, 443), {}, enabled)


def test_the_certificate_that_nginx_serves_is_taken_and_then_the_one_that_lives_longest() -> None:
    def held(name: str, days: int, server: str = LETSENCRYPT) -> Certified:
        found = certified(name, RENEWAL.replace(LETSENCRYPT, server), "nvr.example.com")
        return replace(found, not_after=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days))

    good, staged = held("nvr.example.com", 60), held("nvr.example.com-0001", 90, STAGING)
    longer = held("nvr2", 80)
    every = [staged, good, longer]
    assert preferred(every, None) == (longer, good, staged)
    used = "/etc/letsencrypt/live/nvr.example.com/fullchain.pem"
    assert preferred(every, used) == (good, longer, staged)
    found = proposed(around(NGINX, preferred(every, used)))
    assert found.data["certificate"]["authority"] == "letsencrypt"
    settings = settings_for("router-ddns")
    (taken,) = carried_certificates(settings, lineages(settings), preferred(every, used))
    assert taken.source == "nvr.example.com"


def test_a_port_that_somebody_else_holds_blocks() -> None:
    takers = {80: "lighttpd", 443: "?", 8080: "moonfire-nvr"}
    found = port_findings(takers, 80, 443, {8080})
    assert [f.code for f in found] == ["port-taken", "port-taken"]
    assert "port 80 is held by lighttpd" in found[0].message
    assert "port 443 is held by another program" in found[1].message
    assert "--set site.https_port=PORT" in found[1].hint
    assert port_findings({80: "nginx"}, 80, 443, {8080}) == ()


def test_a_port_of_the_old_moonfire_itself_is_not_to_be_stopped() -> None:
    (found,) = port_findings({443: "docker-proxy"}, 80, 443, {443})
    assert found.code == "port-of-moonfire"
    assert "--set site.https_port=PORT" in found.hint
    assert "stop" not in found.hint


def test_what_the_firewall_makes_of_published_ports() -> None:
    assert firewall_findings({}) == ()
    quiet = {UFW: "# ENABLED=yes\nENABLED=no\n", NFTABLES: "hook forward priority 0; policy accept"}
    assert firewall_findings(quiet) == ()
    loud = firewall_findings(
        {
            UFW: "ENABLED=yes\n",
            FIREWALLD: "[Unit]\n",
            NFTABLES: "chain f {\n  type filter hook forward priority filter; policy drop;\n}\n",
        }
    )
    assert [f.code for f in loud] == ["firewall-bypassed", "firewall-bypassed", "firewall-forward"]
    assert loud[0].message.startswith("ufw is not asked about ports that Docker publishes")
