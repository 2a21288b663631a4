"""What the host's nginx serves, from the texts of its files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.around.nginx.other_sites import other_sites
from nvrstack.migration.around.nginx.server import Site
from nvrstack.migration.around.nginx.sites import NginxSites, nginx_sites
from nvrstack.migration.around.nginx.tree import read_tree
from tests.unit.strategies import ODD_TEXT, quickly

MAIN = """\
user www-data;
events { worker_connections 768; }
http {
    sendfile on;
    include mime.types;
    include /etc/nginx/conf.d/*.conf;
    include sites-enabled/*;
}
"""
SITE = """\
upstream moonfire {
    server 127.0.0.1:8080;
}

map $http_upgrade $connection_upgrade {
    default Upgrade;
    ''      close;
}

server {
    server_name cams.example.org www.cams.example.org;
    root /var/www/html;
    location / {
        proxy_pass http://moonfire;
    }
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header X-Real-IP $remote_addr;
    listen [::]:443 ssl ipv6only=on; # managed by Certbot
    listen 443 ssl; # managed by Certbot
    ssl_certificate /etc/letsencrypt/live/cams.example.org/fullchain.pem; # managed by Certbot
    ssl_certificate_key /etc/letsencrypt/live/cams.example.org/privkey.pem; # managed by Certbot
}

server {
    listen 80;
    server_name cams.example.org nvr old.example.org;
    return 301 https://cams.example.org$request_uri;
}
"""
PLACE = "/etc/nginx/sites-enabled/nvr"
LINEAGE = "/etc/letsencrypt/live/cams.example.org"
MOONFIRE = Site(
    names=("cams.example.org", "www.cams.example.org"),
    file=PLACE,
    line=10,
    tls=True,
    certificate=f"{LINEAGE}/fullchain.pem",
    key=f"{LINEAGE}/privkey.pem",
    backends=("http://127.0.0.1:8080",),
    paths=("/",),
    ports=(443,),
    tls_ports=(443,),
    serves=True,
)
EXPECTED = NginxSites(
    domain="cams.example.org",
    aliases=("www.cams.example.org",),
    redirects=("old.example.org",),
    short_names=("nvr",),
    certificate=f"{LINEAGE}/fullchain.pem",
    key=f"{LINEAGE}/privkey.pem",
    port=8080,
    moonfire=(MOONFIRE,),
    ports=frozenset({80, 443}),
    staying=frozenset(),
)


def server(text: str) -> NginxSites:
    return nginx_sites({PLACE: f"server {{ listen 443 ssl; server_name a.example; {text} }}"})


@pytest.mark.parametrize("files", [{PLACE: SITE}, {PLACE: SITE, "/etc/nginx/nginx.conf": MAIN}])
def test_the_guides_site(files: dict[str, str]) -> None:
    assert nginx_sites(files) == EXPECTED


def test_what_is_not_enabled_does_not_count() -> None:
    assert nginx_sites({"/etc/nginx/sites-available/nvr": SITE}) == NginxSites()
    files = {"/etc/nginx/sites-available/nvr": SITE, "/etc/nginx/nginx.conf": MAIN}
    assert nginx_sites(files) == NginxSites()


def test_certbots_conditional_redirects() -> None:
    text = (
        "server { server_name a.example b.example; listen 443 ssl; ssl_certificate /c;"
        ' location / { proxy_pass "http://localhost:8080/"; } }'
        "server { if ($host = b.example) { return 301 https://$host$request_uri; }"
        " if ($host = a.example) { return 301 https://$host$request_uri; }"
        " listen 80; server_name a.example b.example; return 404; }"
    )
    found = nginx_sites({PLACE: text})
    assert (found.domain, found.aliases, found.redirects) == ("a.example", ("b.example",), ())
    assert (found.others, found.warnings, found.certificate) == ((), (), "/c")


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("location / { proxy_pass http://127.0.0.1:8080; }", 8080),
        ("location / { proxy_pass http://[::1]:8080/; }", 8080),
        ("location / { proxy_pass http://localhost:8080$request_uri; }", 8080),
        ("location / { if ($a) { proxy_pass http://localhost:8080; } }", 8080),
        ("location / { proxy_pass http://127.0.0.1:9090; }", 9090),
        ("location / { proxy_pass http://nvr.lan:8080; }", 8080),
        ("location / { proxy_pass http://127.0.1.1:8080; }", 8080),
        ("location / { proxy_pass http://10.0.0.1:8080; }", None),
        ("location / { proxy_pass http://127.0.0.1:3000; }", None),
        ("location / { proxy_pass http://unknown; }", None),
        ("location / { proxy_pass; }", None),
        ("location / { proxy_pass http://unix:/run/x.sock; }", None),
        ("location / { proxy_pass http://127.0.0.1:x; }", None),
    ],
)
def test_which_sites_are_moonfires(text: str, port: int | None) -> None:
    site = f"server {{ server_name a.example; {text} }}"
    found = nginx_sites({PLACE: site}, ports=(8080, 9090), hosts=("nvr.lan",))
    assert found.port == port
    assert found.domain == ("a.example" if port else None)


@pytest.mark.parametrize(
    "text",
    [
        "proxy_pass http://unix:/srv/state/sock:/;",
        "proxy_pass http://unix:/srv/state/sock;",
        "proxy_pass http://behind;",
    ],
)
def test_a_socket_of_moonfires_leads_to_it(text: str) -> None:
    site = f"server {{ server_name a.example; location / {{ {text} }} }}"
    files = {PLACE: f"upstream behind {{ server unix:/srv/state/sock; }} {site}"}
    found = nginx_sites(files, sockets=["/srv/state/sock"])
    assert (found.domain, found.port, found.others, found.warnings) == ("a.example", None, (), ())
    assert nginx_sites(files, sockets=["/srv/other"]).domain is None


@pytest.mark.parametrize(
    "text",
    [
        "set $nvr 127.0.0.1:8080; location / { proxy_pass http://$nvr; }",
        "set $nvr http://127.0.0.1:8080; location / { proxy_pass $nvr$request_uri; }",
        'set $port 8080; location / { proxy_pass "http://localhost:${port}/"; }',
        "set $to moonfire; location / { resolver 127.0.0.1; proxy_pass http://$to; }",
        "location / { set $nvr localhost; proxy_pass http://$nvr:8080; }",
    ],
)
def test_a_variable_that_the_site_sets_is_followed(text: str) -> None:
    site = f"server {{ server_name a.example; {text} }}"
    found = nginx_sites({PLACE: f"upstream moonfire {{ server 127.0.0.1:8080; }} {site}"})
    assert (found.domain, found.port, found.others, found.warnings) == ("a.example", 8080, (), ())


def test_what_keeps_people_out_for_all_sites_is_named() -> None:
    kept = "allow 192.168.0.0/16; deny all; ssl_verify_client on; gzip on;"
    main = MAIN.replace("sendfile on;", kept)
    (warning,) = nginx_sites({"/etc/nginx/nginx.conf": main, PLACE: SITE}).warnings
    assert warning.code == "nginx-access"
    assert "by allow, deny, ssl_verify_client, which" in warning.message


@pytest.mark.parametrize(
    ("values", "domain"),
    [
        ("default http://127.0.0.1:8080;", "a.example.org"),
        ("default http://127.0.0.1:8080; b http://127.0.0.1:8080;", "a.example.org"),
        ("default http://127.0.0.1:8080; b http://127.0.0.1:3000;", None),
    ],
)
def test_a_map_with_one_value_is_followed(values: str, domain: str | None) -> None:
    text = f"map $host $to {{ {values} }}"
    text += "server { server_name a.example.org; location / { proxy_pass $to; } }"
    assert nginx_sites({PLACE: text}).domain == domain


@pytest.mark.parametrize(
    ("names", "domain", "aliases", "left"),
    [
        ("cams.example.org 192.168.1.50", "cams.example.org", (), "192.168.1.50"),
        ("cams.example.org [fd00::5]", "cams.example.org", (), "[fd00::5]"),
        ("pi.local cams.example.org b.example.org nvr.lan", "cams.example.org",
         ("b.example.org",), "pi.local, nvr.lan"),
        ("pi.local nvr.lan", "pi.local", ("nvr.lan",), None),
        ("192.168.1.50 pi.local", "pi.local", (), "192.168.1.50"),
    ],
)  # fmt: skip
def test_names_of_a_home_and_addresses(
    names: str, domain: str, aliases: tuple[str, ...], left: str | None
) -> None:
    text = f"server {{ listen 80; server_name {names}; {TO_MOONFIRE} }}"
    found = nginx_sites({PLACE: text})
    assert (found.domain, found.aliases, found.others) == (domain, aliases, ())
    told = [w.message for w in found.warnings if w.code == "nginx-name-left"]
    assert told == ([f"the page is no longer at {left}: {NO_CERTIFICATE}"] if left else [])


NO_CERTIFICATE = "no certificate can be had for that"
TO_MOONFIRE = "ssl_certificate /c; location / { proxy_pass http://127.0.0.1:8080; }"


@pytest.mark.parametrize(
    ("secure", "plain", "ports"),
    [
        ("listen 443 ssl; listen [::]:8443 ssl;", "", (None, None, None)),
        ("listen 8443 ssl; listen [::]:8443 ssl;", "", (None, 8443, None)),
        ("listen 8443; ssl on;", "", (None, 8443, None)),
        ("listen unix:/run/x ssl;", "", (None, None, None)),
        ("listen 8443 ssl; listen 8081;", "", (8081, 8443, None)),
        (
            "listen 8443 ssl;",
            "listen 8081; return 301 https://$host:8443$request_uri;",
            (8081, 8443, 8443),
        ),
        (
            "listen 8443 ssl;",
            "listen 80; return 301 https://$host$request_uri;",
            (None, 8443, None),
        ),
        ("listen 8081;", "", (None, None, None)),
    ],
)
def test_unusual_ports_of_moonfires_site(
    secure: str, plain: str, ports: tuple[int | None, ...]
) -> None:
    blocks = [f"{secure} {TO_MOONFIRE}", plain]
    text = "".join(f"server {{ server_name a.example; {b} }}" for b in blocks if b)
    found = nginx_sites({PLACE: text})
    assert (found.http_port, found.https_port, found.public_https_port) == ports
    assert found.others == ()


def test_the_site_with_a_certificate_gives_the_domain() -> None:
    text = """\
server { listen 80; server_name lan.example; location / { proxy_pass http://127.0.0.1:8080; } }
server { listen 443 ssl; server_name *.x.example ~^y$ _ "" web.example nvr;
    ssl_certificate /c; location / { proxy_pass http://127.0.0.1:8080; } }
"""
    found = nginx_sites({PLACE: text})
    assert found.domain == "web.example"
    assert found.aliases == ("lan.example",)
    assert found.short_names == ("nvr",)


def test_other_sites_are_told_apart_from_what_leads_to_them() -> None:
    text = (
        SITE
        + """\
server { listen 443 ssl; server_name nas.example.org; location / { proxy_pass http://10.0.0.5; } }
server { listen 80; server_name nas.example.org; return 301 https://$host$request_uri; }
server { listen 80; server_name blog.example.org; root /var/www/blog; }
server { listen 80 default_server; server_name _; return 444; }
"""
    )
    found = nginx_sites({PLACE: text})
    assert found.moonfire == (MOONFIRE,)
    assert [site.names for site in found.others] == [("nas.example.org",), ("blog.example.org",)]
    assert found.warnings == ()


STREAM = "stream { server { listen 1935; proxy_pass 192.168.1.9:1935; } }"
PORTAL = (
    "server { server_name home.example.com; root /srv/portal;"
    " location = /cams { return 302 https://cams.example.org/; }"
    " location / { try_files $uri =404; } }"
)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("server { server_name _; location / { proxy_pass http://127.0.0.1:8123; } }", "_"),
        ("server { listen 81; location / { fastcgi_pass unix:/run/php; } }", "whatever no other"),
        ("server { server_name .shop.example; location / { root /srv/shop; } }", ".shop.example"),
        ("server { server_name ~^x; location / { alias /srv/; } }", "~^x"),
        (PORTAL, "home.example.com"),
        (STREAM, "port 1935 (stream)"),
    ],
)
def test_whatever_else_nginx_serves_stops_with_it_and_is_told(text: str, label: str) -> None:
    found = nginx_sites({"/etc/nginx/nginx.conf": f"{MAIN}{STREAM if text == STREAM else ''}",
                         PLACE: SITE, "/etc/nginx/conf.d/a.conf": "" if text == STREAM else text,
                         })  # fmt: skip
    (site,) = found.others
    assert site.label.startswith(label)
    assert "home.example.com" not in found.redirects
    (blocker,) = other_sites(found, "10.0.0.9", [], carry=True, gives_way=True).blockers
    assert blocker.code == "nginx-other-site"
    assert site.label in blocker.message


@pytest.mark.parametrize(
    "text",
    [
        (
            "server { listen 80 default_server; root /var/www/html; server_name _;"
            " location / { try_files $uri =404; } }"
        ),
        "server { server_name localhost; location / { root /usr/share/nginx/html; } }",
        "server { server_name _; return 301 https://$host$request_uri; }",
        (
            "server { server_name _; location /.well-known/acme-challenge/ { root /srv/acme; }"
            " location / { return 308 https://$host$request_uri; } }"
        ),
        "server { server_name _; return 444; }",
    ],
)
def test_what_nginx_begins_with_and_what_answers_nothing_is_no_site(text: str) -> None:
    assert nginx_sites({PLACE: SITE, "/etc/nginx/conf.d/a.conf": text}).others == ()


def test_files_that_are_included_from_elsewhere_are_told() -> None:
    text = "include /srv/sites/*.conf; include /etc/letsencrypt/options-ssl-nginx.conf;"
    (warning,) = nginx_sites({PLACE: SITE, "/etc/nginx/conf.d/a.conf": text}).warnings
    assert warning.code == "nginx-include-elsewhere"
    assert "/srv/sites/*.conf" in warning.message


@pytest.mark.parametrize(
    ("listen", "port"),
    [
        ("8443 ssl", 8443), ("[::]:81", 81), ("127.0.0.1:82", 82), ("*:83", 83),
        ("10.0.0.1", 80), ("unix:/run/nginx.sock", 0),
    ],
)  # fmt: skip
def test_the_ports_on_which_nginx_listens(listen: str, port: int) -> None:
    text = f"server {{ listen {listen}; server_name a.example; return 404; }}"
    assert nginx_sites({PLACE: text}).ports == {port}
    assert nginx_sites({PLACE: "server { server_name a.example; return 404; }"}).ports == {80}


BELOW = "location /moonfire/ { proxy_pass http://127.0.0.1:8080/; }"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("location /nvr/ { proxy_pass http://127.0.0.1:8080/; }", "nginx-subpath", "at /nvr/;"),
        ("location / { proxy_pass http://127.0.0.1:8080; } location /x { proxy_pass http://y; }",
         "nginx-other-backend", "also passes requests below /x to http://y, which is"),
        ("location / { auth_basic x; allow 10.0.0.0/8; proxy_pass http://127.0.0.1:8080; }",
         "nginx-access", "keeps people out by allow, auth_basic, which is not carried over"),
        ("if ($country != DE) { return 403; } location / { proxy_pass http://127.0.0.1:8080; }",
         "nginx-access", "keeps people out by if ($country != DE), which is not carried over"),
        ("location = /x { return 200 y; } location / { proxy_pass http://127.0.0.1:8080; }",
         "nginx-directives", "also has location = /x, which is not carried over"),
        ("location /s { root /srv; } location / { proxy_pass http://127.0.0.1:8080; }",
         "nginx-directives", "also has location /s, which is not carried over"),
        (f"location /frigate/ {{ proxy_pass http://127.0.0.1:5000/; }} {BELOW}",
         "nginx-subpath", "has Moonfire at /moonfire/; in"),
        (f"location /frigate/ {{ proxy_pass http://127.0.0.1:5000/; }} {BELOW}",
         "nginx-other-backend", "below /frigate/ to http://127.0.0.1:5000, which"),
        (f"location / {{ proxy_pass http://hass:8123; }} {BELOW}",
         "nginx-other-backend", "below / to http://hass:8123, which"),
        (f"location / {{ root /var/www/home; }} {BELOW}",
         "nginx-page", "has at / the files of /var/www/home, and ends"),
        ("location / { proxy_pass http://127.0.0.1:8080; location /api { proxy_pass http://y; } }",
         "nginx-other-backend", "below /api to http://y, which"),
    ],
)  # fmt: skip
def test_what_is_not_carried_over_is_named(text: str, code: str, said: str) -> None:
    (warning,) = [each for each in server(text).warnings if each.code == code]
    assert said in warning.message


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (f"location / {{ root /var/www/html; }} {BELOW}", {"nginx-subpath"}),
        (f"location / {{ proxy_pass http://127.0.0.1:8080; }} {BELOW}", set()),
        ("location / { try_files $uri @nvr; } location @nvr { proxy_pass http://127.0.0.1:8080; }",
         set()),
    ],
)  # fmt: skip
def test_nothing_else_is_said_of_a_site_with_several_paths(text: str, codes: set[str]) -> None:
    assert {each.code for each in server(text).warnings} == codes


@pytest.mark.parametrize(
    ("listen", "blocks"),
    [
        ("listen 443 ssl proxy_protocol; listen [::]:443 ssl proxy_protocol;", True),
        ("listen 80; listen 127.0.0.1:8443 ssl http2 proxy_protocol;", True),
        ("listen 443 ssl;", False),
    ],
)
def test_what_says_first_who_comes_has_to_be_told_not_to(listen: str, *, blocks: bool) -> None:
    found = nginx_sites({PLACE: f"server {{ {listen} server_name a.example; {TO_MOONFIRE} }}"})
    assert [each.code for each in found.blockers] == ["nginx-proxy-protocol"] * blocks
    assert not any("proxy_protocol" in each.message for each in found.warnings)


SHARED = """http {{ include sites-enabled/*; }}
stream {{
  map $ssl_preread_server_name $to {{ a.example nvr; vpn.example vpn; default vpn; }}
  upstream nvr {{ server 127.0.0.1:8443; }}
  upstream vpn {{ server 127.0.0.1:1194; }}
  server {{ listen 443; ssl_preread on; proxy_pass {to}; }}
}}
"""


@pytest.mark.parametrize(
    ("to", "port"),
    [("$to", 443), ("nvr", 443), ("localhost:8443", 443), ("vpn", None), ("10.0.0.9:8443", None)],
)
def test_a_port_that_nginx_passes_on_unread_is_the_public_one(to: str, port: int | None) -> None:
    site = f"server {{ listen 127.0.0.1:8443 ssl; server_name a.example; {TO_MOONFIRE} }}"
    found = nginx_sites({"/etc/nginx/nginx.conf": SHARED.format(to=to), PLACE: site})
    assert (found.https_port, found.public_https_port) == (8443, port)
    assert found.ports == {443, 8443}
    assert found.staying == frozenset({443})


def test_moonfires_site_in_a_file_with_something_else_cannot_leave_it_alone() -> None:
    site = f"server {{ server_name a.example; {TO_MOONFIRE} }}"
    other = "server { listen 81; server_name b.example; root /srv; }"
    assert nginx_sites({PLACE: site + other}).staying is None
    assert nginx_sites({"/etc/nginx/nginx.conf": f"http {{ {site} }}"}).staying is None
    assert nginx_sites({PLACE: site, "/etc/nginx/conf.d/b.conf": other}).staying == frozenset({81})


def test_a_site_without_a_domain_is_named() -> None:
    text = "server { listen 80; location / { proxy_pass http://127.0.0.1:8080; } }"
    found = nginx_sites({PLACE: text})
    assert found.domain is None
    assert [warning.code for warning in found.warnings] == ["nginx-no-domain"]


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("server {\n", 'unexpected end of file, expecting "}"', 1),
        ("\n}", 'unexpected "}"', 2),
        ("x" * 1_000_001, "it is longer than", None),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_is_read(
    text: str, said: str, line: int | None
) -> None:
    found = nginx_sites({"/etc/nginx/conf.d/broken.conf": text, PLACE: SITE})
    (warning,) = found.warnings
    assert warning.code == "nginx-unreadable"
    assert warning.message.startswith(f"/etc/nginx/conf.d/broken.conf: {said}")
    assert warning.line == line
    assert found.moonfire == (MOONFIRE,)


def test_files_that_include_each_other_end() -> None:
    main = "http { include a; include a; include /etc/nginx/nginx.conf; }"
    files = {"/etc/nginx/nginx.conf": main, "/etc/nginx/a": "include a; include a; x;"}
    assert read_tree(files).root.block
    deep = {"/etc/nginx/nginx.conf": "x {" * 3000 + "}" * 3000}
    read_tree(deep)


@quickly
@given(ODD_TEXT, st.lists(st.sampled_from(SITE.splitlines(keepends=True)), max_size=25))
def test_any_text_is_read(text: str, lines: list[str]) -> None:
    for whole in (text, "".join(lines), f"server {{ server_name {text}; proxy_pass {text}; }}"):
        nginx_sites({PLACE: whole, "/etc/nginx/nginx.conf": MAIN})
