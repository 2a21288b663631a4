"""Other web servers than nginx before Moonfire, as a plan sees them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from nvrstack.migration.around.front_doors import front_doors
from nvrstack.migration.install import Install
from tests.unit import host_trees
from tests.unit.commands import nvrstack

CADDY = """\
# Two sites and a snippet.
{
    email admin@example.org
}
(common) {
    encode gzip
}
nvr.example.org, https://cams.example.org {
    import common
    handle {
        reverse_proxy {
            to 127.0.0.1:8080
        }
    }
}
blog.example.org {
    reverse_proxy localhost:3000
}
"""
APACHE = """\
<VirtualHost *:80>
  ServerName blog.example.org
  DocumentRoot /srv/blog
</VirtualHost>
<VirtualHost *:443>
  ServerName https://nvr.example.org:443
  ServerAlias cams.example.org nvr *.example.org
  ProxyPass / http://localhost:8080/
</VirtualHost>
"""
HAPROXY = "frontend web\n  bind *:443 ssl crt /c\nbackend nvr\n  server nvr 127.0.0.1:8080\n"
TRAEFIK = """\
http:
  services: {nvr: {loadBalancer: {servers: [{url: "http://127.0.0.1:8080"}]}}}
"""
UNIT = Install("systemd", "", None, "moonfire-nvr", network="host")
HOSTS = ("localhost", "127.0.0.1", "::1")


def house(tmp_path: Path, path: str, text: str, unit: str | None) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    host_trees.systemd(host_trees.host(root))
    host_trees.put(root, path, text)
    if unit is not None:
        wants = root / "etc/systemd/system/multi-user.target.wants"
        (wants / unit).symlink_to(f"/lib/systemd/system/{unit}")
    return root


def planned(root: Path, *arguments: str) -> dict[str, Any]:
    project = root.parent / "project"
    done = nvrstack("migrate", "plan", project, "--root", root, "--no-docker", "--json", *arguments)
    assert done.code in {0, 1}, done
    return done.json()


def told(found: dict[str, Any], kind: str) -> dict[str, str]:
    return {each["code"]: each["message"] for each in found[kind]}


@pytest.mark.parametrize(
    ("path", "text", "unit", "program", "aliases"),
    [
        ("/etc/caddy/Caddyfile", CADDY, "caddy.service", "Caddy", ["cams.example.org"]),
        ("/etc/apache2/sites-enabled/nvr.conf", APACHE, "apache2.service", "Apache",
         ["cams.example.org"]),
        ("/etc/httpd/conf.d/nvr.conf", APACHE, "httpd.service", "Apache", ["cams.example.org"]),
    ],
)  # fmt: skip
def test_names_of_another_web_server_are_taken_and_its_ports_are_asked_for(
    tmp_path: Path, path: str, text: str, unit: str, program: str, aliases: list[str]
) -> None:
    root = house(tmp_path, path, text, unit)
    found = planned(root)
    said = told(found, "blockers")
    assert set(said) == {"front-door-holds"}
    assert (
        f"{program} ({unit}, {path}) starts at boot and has port 80 and" in said["front-door-holds"]
    )
    assert "it also serves blog.example.org" in said["front-door-holds"]
    settings = tomllib.loads(found["settings"])
    assert (settings["stack"], settings["site"]["domain"]) == ("router-ddns", "nvr.example.org")
    assert settings["site"]["aliases"] == aliases
    assert "no-domain" not in told(found, "warnings")
    (root / "etc/systemd/system/multi-user.target.wants" / unit).unlink()
    stopped = planned(root)
    assert stopped["blockers"] == []
    assert stopped["settings"] == found["settings"]


@pytest.mark.parametrize(
    ("path", "text", "program"),
    [
        ("/etc/haproxy/haproxy.cfg", HAPROXY, "HAProxy"),
        ("/etc/traefik/dynamic.yaml", TRAEFIK, "Traefik"),
        ("/etc/caddy/Caddyfile", "{$NAME} {\n  reverse_proxy :8080\n}\n", "Caddy"),
    ],
)
def test_a_name_that_is_not_read_is_asked_for(
    tmp_path: Path, path: str, text: str, program: str
) -> None:
    root = house(tmp_path, path, text, None)
    found = planned(root)
    said = told(found, "blockers")
    assert set(said) == {"front-door-unread"}
    assert f"{program} ({path}) leads to Moonfire" in said["front-door-unread"]
    assert "no-domain" not in told(found, "warnings")
    given = planned(root, "--set", "site.domain=nvr.example.org")
    assert given["blockers"] == []


def test_a_proxy_that_the_container_speaks_to_is_seen(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    host_trees.compose(host_trees.host(root))
    rule = "    labels: ['traefik.http.routers.nvr.rule=Host(`nvr.example.org`)']\n    ports"
    text = host_trees.COMPOSE.replace("    ports", rule)
    host_trees.put(root, "/opt/moonfire-nvr/docker-compose.yml", text)
    found = planned(root)
    assert tomllib.loads(found["settings"])["site"]["domain"] == "nvr.example.org"
    assert (
        "leads to the old Moonfire as nvr.example.org"
        in told(found, "warnings")["front-door-leads"]
    )


@pytest.mark.parametrize(
    ("files", "names", "ports"),
    [
        ({"Caddyfile": "nvr.example.org\n\nreverse_proxy localhost:8080\n"},
         ("nvr.example.org",), {80, 443}),
        ({"Caddyfile": "import sites/*\n",
          "sites/a": "http://nvr.example.org:8081 {\n\treverse_proxy [::1]:8080\n}\n"},
         ("nvr.example.org",), {8081}),
        ({"Caddyfile": "a.example.org,\nb.example.org {\n  reverse_proxy /x* :8080 # here\n}\n"},
         ("a.example.org", "b.example.org"), {80, 443}),
        ({"Caddyfile": "import Caddyfile\n*.example.org {\n  reverse_proxy :8080\n}\n"},
         (), {80, 443}),
        ({"Caddyfile": "blog.example.org {\n  reverse_proxy 10.0.0.9:8080\n}\n"}, None, {80, 443}),
        ({"Caddyfile": "(nvr) {\n  reverse_proxy :8080\n}\nnvr.example.org {\n  import nvr x\n}\n"},
         ("nvr.example.org",), {80, 443}),
        ({"Caddyfile": "}{ {\n}\n}\n{"}, None, {80, 443}),
    ],
)  # fmt: skip
def test_what_a_caddyfile_says(
    files: dict[str, str], names: tuple[str, ...] | None, ports: set[int]
) -> None:
    texts = {f"/etc/caddy/{name}": text for name, text in files.items()}
    (door,) = front_doors(texts, UNIT, (8080,), HOSTS)
    assert (door.port, door.names) == (None if names is None else 8080, names or ())
    assert door.ports == ports
