"""`[[sites]]`: other web interfaces behind the same address, each by itself."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from nvrstack.rendering.render import Material, render
from nvrstack.rendering.settings_file import settings_text
from nvrstack.settings.load import load
from nvrstack.settings.model import Settings
from nvrstack.tree import Tree
from tests.unit.commands import nvrstack
from tests.unit.projects.made import files, made
from tests.unit.projects.made import render as render_project
from tests.unit.samples import GOOD, STACKS, secrets_for, settings_for

NAMES = ["a.example.com", "b.example.com", "c.example.com"]
FURTHER = "nginx/sites/further.conf"
USERS = "me:$5$salt$9xGoQ2\nyou:$5$salt$77"


def sites(*changes: dict[str, Any], stack: str = "router-ddns") -> Settings:
    """Settings with one site for each of `changes`."""
    tables = [
        {"domain": name, "upstream": f"http://192.168.1.{number}:5000", **change}
        for number, (name, change) in enumerate(zip(NAMES, changes, strict=False), 30)
    ]
    return settings_for(stack, {"sites": tables})


def rendered(settings: Settings) -> Tree:
    users = {site.secret: USERS for site in settings.sites if site.basic_auth}
    secrets = {**secrets_for(settings.stack), **users}
    return render(settings, STACKS[settings.stack], Material(secrets))


def servers(settings: Settings) -> dict[str, str]:
    """The https server of each further site, by its name."""
    text = rendered(settings)[FURTHER].content.decode()
    found = re.findall(r"^server \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    return {re.findall(r"server_name (\S+);", body)[0]: body for body in found if "443 ssl" in body}


def upstreams(settings: Settings) -> list[str]:
    text = rendered(settings)[FURTHER].content.decode()
    return re.findall(r"^upstream \S+ \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL)


def test_each_site_has_a_certificate_of_its_own() -> None:
    settings = sites({}, {})
    lines = rendered(settings)["nginx/certificates"].content.decode().splitlines()
    assert lines == [
        "moonfire /etc/letsencrypt/live/nvr.example.com nvr.example.com",
        "site-a.example.com /etc/letsencrypt/live/a.example.com a.example.com",
        "site-b.example.com /etc/letsencrypt/live/b.example.com b.example.com",
    ]
    for name, body in servers(settings).items():
        assert f"include /tmp/nginx/certificates/site-{name}.conf;" in body
    certificates = rendered(settings)["certbot/certificates.json"].content.decode()
    assert all(certificates.count(f'"{name}"') >= 1 for name in NAMES[:2])


def test_the_stack_without_internet_serves_them_with_its_one_certificate() -> None:
    lines = rendered(sites({}, stack="lan"))["nginx/certificates"].content.decode().splitlines()
    assert [line.split()[1] for line in lines] == ["/etc/nvrstack/tls/local"] * 2


@pytest.mark.parametrize(
    ("upstream", "server", "looked_up"),
    [
        ("http://192.168.1.30:5000", "192.168.1.30:5000", False),
        ("http://192.168.1.30", "192.168.1.30:80", False),
        ("https://192.168.1.30", "192.168.1.30:443", False),
        ("http://nas:5000", "nas:5000", True),
        ("https://NAS.example.com/", "nas.example.com:443", True),
        ("http://1and1.example.com", "1and1.example.com:80", True),
        ("http://nas_1:5000", "nas_1:5000", True),
    ],
)
def test_an_upstream_with_a_name_is_looked_up_again_and_an_address_is_not(
    upstream: str, server: str, *, looked_up: bool
) -> None:
    (body,) = upstreams(sites({"upstream": upstream, "verify_tls": False}))
    line = f"    server {server}{' resolve' if looked_up else ''} max_fails=0;"
    assert line in body.replace('"', "").splitlines()
    assert ("zone site_1 " in body) == looked_up


def test_every_site_leads_to_its_own_upstream() -> None:
    settings = sites({}, {"upstream": "https://nas:5001"}, {})
    found = servers(settings)
    assert list(found) == NAMES
    for number, name in enumerate(NAMES, 1):
        scheme = "https" if number == 2 else "http"
        assert f"proxy_pass {scheme}://site_{number};" in found[name]
    assert [re.findall(r"server (\S+)", body)[0].strip('"') for body in upstreams(settings)] == [
        "192.168.1.30:5000",
        "nas:5001",
        "192.168.1.32:5000",
    ]


def test_tls_to_the_upstream_is_checked_unless_told_otherwise() -> None:
    https = {"upstream": "https://nas:5001"}
    plain, checked, unchecked = servers(sites({}, https, {**https, "verify_tls": False})).values()
    assert "proxy_ssl" not in plain
    for body, name in ((checked, "nas"), (unchecked, "c.example.com")):
        assert "proxy_ssl_server_name on;" in body
        assert f"proxy_ssl_name {name};" in body
    assert "proxy_ssl_verify on;" in checked
    assert "proxy_ssl_verify" not in unchecked


def test_websockets_and_body_size_are_each_sites_own() -> None:
    on, off, size = servers(sites({}, {"websocket": False}, {"body_size": "0"})).values()
    assert "proxy_set_header Upgrade $websocket;" in on
    assert "Upgrade" not in off
    assert "client_max_body_size 1m;" in on
    assert "client_max_body_size 0;" in size


def test_a_password_is_asked_for_where_it_is_wanted_and_not_passed_on() -> None:
    settings = sites({}, {"basic_auth": True})
    open_, closed = servers(settings).values()
    assert "auth_basic" not in open_
    assert "auth_basic_user_file /etc/nvrstack/nginx/htpasswd/b.example.com;" in closed
    assert 'proxy_set_header Authorization "";' in closed
    assert "Authorization" not in open_
    tree = rendered(settings)
    assert tree["nginx/htpasswd/b.example.com"].mode == 0o600
    assert tree["nginx/htpasswd/b.example.com"].content.decode() == f"{USERS}\n"
    assert {path for path, file in tree.items() if b"$5$salt" in file.content} == {
        "nginx/htpasswd/b.example.com"
    }


def test_the_users_of_a_site_stand_in_their_own_files_alone(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    with (folder / "nvrstack.toml").open("a") as settings:
        settings.write(
            '\n[[sites]]\ndomain = "b.example.com"\nupstream = "http://nas"\nbasic_auth = true\n'
        )
    refused = render_project(folder, "--yes")
    assert refused.code == 2
    assert "secrets/htpasswd_b.example.com: is missing or empty" in refused.stderr
    secret = folder / "secrets/htpasswd_b.example.com"
    secret.write_text(f"{USERS}\n")
    done = render_project(folder, "--yes", "--verbose")
    assert done.code == 0, done.stderr
    assert "$5$salt" not in done.stdout + done.stderr
    holders = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and b"$5$salt" in path.read_bytes()
    }
    assert holders == {"nginx/htpasswd/b.example.com", "secrets/htpasswd_b.example.com"}
    assert files(folder)["nginx/htpasswd/b.example.com"] == (0o600, f"{USERS}\n".encode())
    # A further user takes effect with a render, and is shown nowhere.
    secret.write_text(f"{USERS}\nthird:$5$salt$11\n")
    again = render_project(folder, "--yes")
    assert again.code == 0
    assert "$5$salt" not in again.stdout + again.stderr
    assert b"third:" in files(folder)["nginx/htpasswd/b.example.com"][1]
    assert nvrstack("--project", folder, "get", "site.domain").code == 0


def test_moonfire_shares_no_network_with_a_site() -> None:
    alone, with_sites = (
        yaml.safe_load(rendered(s)["compose.yaml"].content) for s in (sites(), sites({}, {}))
    )
    assert with_sites == alone


def test_without_sites_there_is_no_file_of_theirs() -> None:
    assert FURTHER not in rendered(sites())


def test_any_sites_survive_being_written_and_read() -> None:
    settings = sites(
        {"upstream": "https://nas:5001", "verify_tls": False, "websocket": False},
        {"basic_auth": True, "body_size": "50m"},
        {},
    )
    assert load(settings_text(settings), "nvrstack.toml", STACKS) == settings


def test_the_commented_example_in_the_settings_is_a_usable_site() -> None:
    text = settings_text(sites())
    start = text.index("# [[sites]]")
    example = "\n".join(line.removeprefix("# ") for line in text[start:].splitlines())
    (site,) = load(text[:start] + example, "nvrstack.toml", STACKS).sites
    assert site.domain == "nas.example.com"


def seconds(count: int) -> float:
    """The least time of several to read and render so many sites."""
    text = GOOD + "".join(
        f'\n[[sites]]\ndomain = "s{n}.example.com"\nupstream = "http://nas{n}:80"\n'
        for n in range(count)
    )
    times = []
    for _ in range(3):
        begin = time.process_time()
        settings = load(text, "nvrstack.toml", STACKS)
        tree = render(settings, STACKS[settings.stack])
        times.append(time.process_time() - begin)
        assert tree[FURTHER].content.count(b"443 ssl") == count
    return min(times)


def test_ten_times_the_sites_take_about_ten_times_as_long() -> None:
    seconds(10)
    assert seconds(1000) < 20 * seconds(100)
