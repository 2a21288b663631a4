"""`nvrstack domain`: another name in every file that names it, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.commands import nvrstack
from tests.unit.projects.made import NEW, OLD, domain, edit, files, made, render, traces

SETTINGS = "nvrstack.toml"


def services(folder: Path) -> dict[str, Any]:
    """What Compose compares to decide which containers are made anew."""
    found: dict[str, Any] = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
    return found


def text(folder: Path, path: str) -> str:
    return (folder / path).read_text()


def get(folder: Path, key: str) -> str:
    return nvrstack("--project", folder, "get", key).stdout.strip()


def naming(folder: Path, name: str) -> set[str]:
    return {path for path, (_, data) in files(folder).items() if name.encode() in data}


@pytest.fixture
def public(tmp_path: Path) -> Path:
    """A project of the stack that has every part."""
    return made(tmp_path / "p", stack="public")


def test_the_new_name_takes_the_old_ones_place_in_every_file(public: Path) -> None:
    before = files(public)
    named = naming(public, OLD)
    assert named >= {
        SETTINGS, "README.md", "nginx/sites/moonfire.conf", "nginx/certificates",
        "certbot/certificates.json", "ddclient/ddclient.conf",
    }  # fmt: skip
    done = domain(public, NEW)
    assert done.code == 0, done.stderr
    assert naming(public, OLD) == set()
    after = files(public)
    for path in named - {SETTINGS}:
        mode, data = before[path]
        assert after[path] == (mode, data.replace(OLD.encode(), NEW.encode())), path
    # The placeholder has its names in a form of its own; nothing else changed.
    assert {path for path in before if before[path] != after[path]} - named == {
        "tls/placeholder/fullchain.pem",
        "tls/placeholder/privkey.pem",
    }
    assert set(after) == set(before)
    assert render(public, "--check").code == 0


def test_each_part_says_the_new_name_in_its_own_way(public: Path) -> None:
    assert domain(public, NEW).code == 0
    site = text(public, "nginx/sites/moonfire.conf")
    assert site.count(f"server_name {NEW};") == 2
    assert f"return 301 https://{NEW}$request_uri;" in site
    assert f"moonfire /etc/letsencrypt/live/{NEW} {NEW}\n" in text(public, "nginx/certificates")
    certificates = json.loads(text(public, "certbot/certificates.json"))
    assert NEW in json.dumps(certificates)
    assert text(public, "ddclient/ddclient.conf").rstrip().endswith(NEW)
    assert f"https://{NEW}/" in text(public, "README.md")
    assert f'domain = "{NEW}"' in text(public, SETTINGS)


@pytest.mark.parametrize("stack", ["public", "router-ddns", "lan"])
@pytest.mark.parametrize("options", [(), ("--keep-old-as-redirect",)], ids=["", "keep"])
def test_compose_recreates_neither_moonfire_nor_nginx(
    tmp_path: Path, stack: str, options: tuple[str, ...]
) -> None:
    folder = made(tmp_path / "p", stack=stack)
    before = services(folder)
    assert domain(folder, "cams.home.arpa" if stack == "lan" else NEW, *options).code == 0
    after = services(folder)
    assert list(after) == list(before)
    for name in ("moonfire-nvr", "nginx"):
        assert after[name] == before[name]
    whole = yaml.safe_load(text(folder, "compose.yaml"))
    assert whole["networks"]["backend"] == {
        "internal": True,
        "ipam": {"config": [{"subnet": get(folder, "network.backend_subnet")}]},
    }


def test_moonfires_own_files_stay_untouched(public: Path) -> None:
    (public / "data/moonfire/db").mkdir()
    (public / "data/moonfire/db/db").write_bytes(b"recordings")
    own = {path for path in traces(public) if "moonfire/" in path and "sites" not in path}
    before = {path: traces(public)[path] for path in own}
    assert len(own) == 2
    assert domain(public, NEW).code == 0
    assert {path: traces(public)[path] for path in own} == before


def test_the_old_name_is_kept_as_a_redirect_with_a_certificate_of_its_own(public: Path) -> None:
    assert domain(public, NEW, "--keep-old-as-redirect").code == 0
    assert get(public, "site.redirects") == OLD
    redirects = text(public, "nginx/sites/redirects.conf")
    assert redirects.count(f"server_name {OLD};") == 2
    assert redirects.count(f"return 301 https://{NEW}$request_uri;") == 2
    assert f"include /tmp/nginx/certificates/redirect-{OLD}.conf;" in redirects
    assert text(public, "nginx/certificates").splitlines() == [
        f"moonfire /etc/letsencrypt/live/{NEW} {NEW}",
        f"redirect-{OLD} /etc/letsencrypt/live/{OLD} {OLD}",
    ]
    hosts = [
        line for line in text(public, "ddclient/ddclient.conf").splitlines() if line in {OLD, NEW}
    ]
    assert sorted(hosts) == [NEW, OLD]


def test_who_moves_twice_keeps_every_old_name_once(public: Path) -> None:
    assert domain(public, NEW, "--keep-old-as-redirect").code == 0
    assert domain(public, "third.example.com", "--keep-old-as-redirect").code == 0
    assert get(public, "site.redirects") == f"{OLD},{NEW}"
    # And back: a name that leads is no redirect.
    assert domain(public, OLD, "--keep-old-as-redirect").code == 0
    assert get(public, "site.redirects") == f"{NEW},third.example.com"


def test_there_and_back_again_gives_the_same_bytes(public: Path) -> None:
    before = {path: file for path, file in files(public).items() if not path.startswith("tls/")}
    assert domain(public, NEW).code == 0
    assert domain(public, OLD).code == 0
    after = {path: file for path, file in files(public).items() if not path.startswith("tls/")}
    assert after == before


def test_an_alias_can_become_the_domain(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", f"site.aliases={NEW},third.example.com")
    assert domain(folder, NEW).code == 0
    assert get(folder, "site.domain") == NEW
    assert get(folder, "site.aliases") == "third.example.com"


def test_hosts_that_are_listed_for_the_updater_follow(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", f"ddns.hosts={OLD},other.example.com", stack="public")
    assert domain(folder, NEW).code == 0
    assert get(folder, "ddns.hosts") == f"{NEW},other.example.com"
    assert domain(folder, "third.example.com", "--keep-old-as-redirect").code == 0
    assert get(folder, "ddns.hosts") == f"third.example.com,{NEW},other.example.com"


ZONED = ("ddns.provider=godaddy", "ddns.zone=example.com")


@pytest.mark.parametrize("options", [(), ("--keep-old-as-redirect",)], ids=["", "keep"])
def test_a_name_outside_of_the_providers_zone_changes_nothing(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    folder = made(tmp_path / "p", *ZONED, stack="public")
    before = traces(folder)
    done = domain(folder, NEW, *options)
    assert done.code == 2
    assert f"ddns.hosts: '{NEW}' is not in the zone example.com of ddns.zone" in done.stderr
    assert traces(folder) == before


def test_an_old_name_outside_of_the_zone_is_no_redirect(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", *ZONED, stack="public")
    assert nvrstack("--project", folder, "set", "ddns.hosts", OLD).code == 0
    assert domain(folder, "example.com").code == 0
    assert text(folder, "ddclient/ddclient.conf").splitlines()[-2] == "@"
    edit(folder / SETTINGS, 'zone = "example.com"', 'zone = "example.org"')
    done = domain(folder, NEW, "--keep-old-as-redirect")
    assert done.code == 2
    assert "'example.com' is not in the zone example.org" in done.stderr


def test_comments_of_ones_own_stay(public: Path) -> None:
    edit(public / SETTINGS, f'domain = "{OLD}"', f'domain = "{OLD}"  # paid until 2030')
    before = text(public, SETTINGS)
    assert domain(public, NEW).code == 0
    assert text(public, SETTINGS) == before.replace(f'domain = "{OLD}"', f'domain = "{NEW}"')


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("192.168.1.2", "is an IP address"),
        ("https://x.example.com", "is a URL"),
        ("nvr.local", "ends in .local"),
        ("nvr", "has no dot"),
        ("", "no host name"),
        (OLD, "is the domain already"),
        (OLD.upper(), "is the domain already"),
        (f"{OLD}.", "is the domain already"),
    ],
)
def test_a_name_that_cannot_be_used_changes_nothing(public: Path, name: str, sentence: str) -> None:
    before = traces(public)
    done = domain(public, name, "--keep-old-as-redirect")
    assert done.code == 2
    assert sentence in done.stderr
    assert traces(public) == before


def test_a_name_is_written_as_nginx_and_certbot_know_it(public: Path) -> None:
    assert domain(public, "Größe.Example.ORG", "--keep-old-as-redirect").code == 0
    assert "server_name xn--gre-6ka8i.example.org;" in text(public, "nginx/sites/moonfire.conf")


def test_without_a_terminal_nothing_is_changed_unasked(public: Path) -> None:
    before = files(public)
    done = nvrstack("--project", public, "domain", NEW)
    assert done.code == 2
    assert "nobody is here to be asked" in done.stderr
    assert files(public) == before


def test_a_conflict_takes_the_settings_back(public: Path) -> None:
    edit(public / "nginx/sites/moonfire.conf", f"server_name {OLD};", f"server_name {OLD} mine;")
    before = files(public)
    done = domain(public, NEW)
    assert done.code == 1
    assert "nginx/sites/moonfire.conf" in done.stderr
    assert files(public) == before
    assert render(public, "--check").code == 0


def test_the_change_as_json(public: Path) -> None:
    data = domain(public, NEW, "--json").json()
    assert set(data) == {"schema", "changes", "applied"}
    assert data["applied"] is True
    assert {"path": "ddclient/ddclient.conf", "kind": "update"} in data["changes"]
