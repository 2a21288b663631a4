"""Further sites of the house behind the same address: `[[sites]]` in nvrstack.toml.

The tests go on from each other. While certbot gets the certificates, clients that do not look at
them are served already.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.bed.bed import Bed
from tests.e2e import client, streams
from tests.e2e.again import certified_names, lives, rendered
from tests.e2e.first_light import FirstLight, issued
from tests.e2e.house import SAFE, SITES, Neighbours, ask, guest, host, htpasswd, self_signed, told
from tests.e2e.project import FIRST_CLIENT, SECOND_CLIENT, Project
from tests.e2e.projects import Projects
from tests.e2e.test_healing import squatter
from tests.e2e.waiting import Stopwatch, wait_until

CLIENTS = (FIRST_CLIENT, SECOND_CLIENT)
CLOSED = {"ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "timed out"}
USER, PASSWORD = "anna", "p:ss wörd"
ALIAS = "cams.example.test"
LIMIT = 64 << 10
FORGED = (
    "X-Real-IP: 203.0.113.66",
    "x-REAL-ip: 127.0.0.1",
    "X_Real_IP: 203.0.113.66",
    "X-Forwarded-For: 203.0.113.66, 127.0.0.1",
    "X-Forwarded-Proto: ftp",
    "X-Forwarded-Host: evil.example",
    "Forwarded: for=203.0.113.66;host=evil.example",
    "Proxy: http://evil.example/",
)


@pytest.fixture(scope="module")
def neighbours(bed: Bed, folder: Path) -> Iterator[Neighbours]:
    """Servers on the LAN; all but the one with basic authentication speak https."""
    found = Neighbours(bed, folder)
    found.start("nas", *self_signed(folder, "nas", f"IP:{found.address},DNS:{SAFE}"))
    found.start("safe", *self_signed(folder, "safe", f"DNS:{SAFE}"))
    found.start("files")
    bed.set_address(SAFE, found.address)
    yield found
    bed.set_address(SAFE, None)
    found.stop()


@pytest.fixture(scope="module")
def house(first_light: FirstLight, projects: Projects, neighbours: Neighbours) -> Project:
    """A stack with further sites. Its nginx trusts one certificate, that of `safe`."""
    assert first_light.project.world.authority.process is not None
    project = projects.new("router-ddns", "house", 13)
    for name in (*map(host, ("nas", "files", "cloud", "vault", "safe")), ALIAS):
        project.world.know(name, project.address)
    project.init()
    trusted = "/etc/ssl/certs/ca-certificates.crt"
    shutil.copy(neighbours.folder / "safe.pem", project.directory / "trusted.pem")
    (project.directory / "trusted.pem").chmod(0o644)
    project.override({"nginx": {"volumes": [f"./trusted.pem:{trusted}:ro"]}})
    with (project.directory / "nvrstack.toml").open("a") as settings:
        settings.write(SITES.format(address=neighbours.address, name=SAFE))
    done = project.nvrstack("render", "--yes", check=False)
    assert done.returncode == 2
    assert f"secrets/htpasswd_{host('files')}" in done.stderr
    users = project.directory / f"secrets/htpasswd_{host('files')}"
    users.write_text(f"{htpasswd('bert', 'another')}\n{htpasswd(USER, PASSWORD)}\n")
    rendered(project)
    project.up()
    wait_until("the authority's certificate", lambda: issued(project), seconds=60)
    return project


def test_a_site_that_is_down_stops_nobody(house: Project) -> None:
    """Nobody has ever heard of `cloud` yet, and nginx has started all the same."""
    assert house.serves()
    assert ask(house, "cloud").status == 502
    assert told(ask(house, "nas")).site == "nas"
    assert ask(house, "files").status == 401


def test_a_certificate_that_has_to_be_trusted_and_is_not_gives_502(house: Project) -> None:
    """The same server is reached by the site which does not ask for trust."""
    before = told(ask(house, "nas")).number
    assert ask(house, "vault").status == 502
    assert told(ask(house, "nas")).number == before + 1, "no request has come through"
    assert "upstream SSL certificate verify error" in house.logs("nginx")


@dataclass(frozen=True)
class Changed:
    """What was changed about the running stack."""

    files: dict[str, str]
    before: dict[str, tuple[str, str, int]]
    watch: Stopwatch


@pytest.fixture(scope="module")
def changed(house: Project) -> Changed:
    """One site gets another name and upstream, and the page itself a further name."""
    before = lives(house)
    path = house.directory / "nvrstack.toml"
    text = path.read_text()
    assert text.count("vault.example.test") == 1
    text = text.replace("vault.example.test", "safe.example.test")
    path.write_text(text.replace(f"https://{SAFE}:5001", f"https://{SAFE}:5002"))
    house.nvrstack("set", "site.aliases", ALIAS)
    files = dict(rendered(house))
    watch = Stopwatch()
    house.up()
    return Changed(files, before, watch)


def test_a_renamed_site_is_gone(
    house: Project, changed: Changed, bed: Bed, figures: dict[str, str]
) -> None:
    wait_until("the new name", lambda: ask(house, "safe").status == 200, seconds=20)
    figures["from `nvrstack render` to a site's new name"] = f"{changed.watch.seconds:.1f} s"
    # In the first moment after a reload, an old worker may still take a connection.
    gone = client.CURL_TLS_CONNECT
    wait_until("the old name's end", lambda: ask(house, "vault").curl == gone, seconds=3)
    http = house.request(FIRST_CLIENT, f"http://{host('vault')}/")
    assert http.curl == client.CURL_EMPTY_REPLY
    code, said = client.handshake(bed, FIRST_CLIENT, house.address, server_name=host("vault"))
    assert code != 0
    assert "unrecognized name" in said


def test_a_certificate_that_is_to_be_trusted_gives_the_page(
    house: Project, changed: Changed
) -> None:
    assert told(ask(house, "safe")).site == "safe"


@pytest.mark.parametrize("netns", CLIENTS)
@pytest.mark.parametrize("name", ["nas", "files", "safe"])
@pytest.mark.parametrize("forged", [(), FORGED], ids=["as it is", "forged"])
def test_a_site_is_told_the_truth(
    house: Project, changed: Changed, bed: Bed, name: str, netns: str, forged: tuple[str, ...]
) -> None:
    headers = [word for header in forged for word in ("--header", header)]
    login = ["--user", f"{USER}:{PASSWORD}"] if name == "files" else []
    seen = told(ask(house, name, *headers, *login, netns=netns))
    # What must be verified goes by the name in its certificate, in TLS and as host.
    names = {"safe": f"{SAFE}:5002"}
    assert seen.header("host") == [names.get(name, host(name))]
    assert seen.server_name == {"nas": host("nas"), "safe": SAFE}.get(name)
    assert seen.header("x-forwarded-host") == ([host(name)] if name in names else [])
    assert seen.header("x-real-ip") == [bed.client_addresses[netns]]
    assert seen.header("x-forwarded-for") == [bed.client_addresses[netns]]
    assert seen.header("x-forwarded-proto") == ["https"]
    for dropped in ("x_real_ip", "forwarded", "proxy"):
        assert seen.header(dropped) == []


def test_http_leads_to_https(house: Project) -> None:
    answer = house.request(FIRST_CLIENT, f"http://{host('nas')}/page?x=1")
    assert answer.status == 301
    assert answer.header("location") == [f"https://{host('nas')}/page?x=1"]


def test_a_password_lets_one_in_and_is_not_passed_on(house: Project) -> None:
    right = ["--user", f"{USER}:{PASSWORD}"]
    before = told(ask(house, "files", *right))
    refused = ask(house, "files")
    assert refused.status == 401
    assert refused.header("www-authenticate") == [f'Basic realm="{host("files")}"']
    for wrong in (f"{USER}:wrong", f"{USER}:", f"carl:{PASSWORD}", "bert:anothe"):
        assert ask(house, "files", "--user", wrong).status == 401
    seen = told(ask(house, "files", *right))
    assert seen.number == before.number + 1, "who is refused does not get through"
    assert seen.header("authorization") == []
    assert told(ask(house, "files", "--user", "bert:another")).site == "files"
    own = told(ask(house, "nas", "--user", "nas:secret"))
    assert own.header("authorization") == ["Basic bmFzOnNlY3JldA=="], "its own door needs it"


def test_passwords_are_kept_from_others(house: Project) -> None:
    for path in ("secrets", f"nginx/htpasswd/{host('files')}"):
        assert (house.directory / path).stat().st_mode & 0o077 == 0


def test_a_body_above_the_limit_is_refused(house: Project, folder: Path) -> None:
    file = folder / "body"
    file.write_bytes(bytes(LIMIT))
    upload = ["--data-binary", f"@{file}"]
    seen = told(ask(house, "nas", *upload))
    assert seen.length == LIMIT
    file.write_bytes(bytes(LIMIT + 1))
    assert ask(house, "nas", *upload).status == 413
    assert told(ask(house, "nas")).number == seen.number + 1, "it does not get through"
    # Where nothing is said, a megabyte is allowed.
    assert told(ask(house, "safe", *upload)).length == LIMIT + 1


def test_a_site_may_count_over_a_websocket(house: Project, folder: Path) -> None:
    command = [sys.executable, str(streams.CLIENT), house.address, host("nas"), "/ws"]
    with streams.background(house, command, folder / "nas.txt"):
        view = streams.Live(folder / "nas.txt")
        wait_until("an answer to the WebSocket", lambda: view.status, seconds=10)
        assert view.status == "HTTP/1.1 101 Switching Protocols"
        view.wait_for(5)
        view.assert_in_order()
    upgrade = ["--http1.1", "--header", "Connection: Upgrade", "--header", "Upgrade: websocket"]
    login = ["--user", f"{USER}:{PASSWORD}"]
    seen = told(ask(house, "files", *upgrade, *login, path="/ws"))
    assert seen.header("upgrade") == [], "websocket = false there"


def test_a_site_that_ends_and_comes_back_is_served_at_once(
    house: Project, neighbours: Neighbours
) -> None:
    right = ["--user", f"{USER}:{PASSWORD}"]
    neighbours.running["files"].stop()
    assert ask(house, "files", *right).status == 502
    assert told(ask(house, "nas")).site == "nas"
    assert house.serves()
    neighbours.start("files")
    assert told(ask(house, "files", *right)).site == "files"


def test_a_site_given_by_name_may_come_late_and_move(
    house: Project, bed: Bed, figures: dict[str, str]
) -> None:
    def answers() -> bool:
        return ask(house, "cloud").status == 200

    with guest(house, "cloud") as first:
        watch = Stopwatch()
        wait_until("the site", answers, seconds=30)
        figures["from a site's first start, given by name, to its answer"] = (
            f"{watch.seconds:.1f} s"
        )
        taken = first.address
    with squatter(bed, f"{house.name}_edge") as other:
        assert other == taken, "the old address was to be taken"
        with guest(house, "cloud") as second:
            assert second.address != taken
            watch = Stopwatch()
            wait_until("the site at its new address", answers, seconds=30)
            figures["from a site's move, given by name, to its answer"] = f"{watch.seconds:.1f} s"
            assert told(ask(house, "cloud")).header("x-real-ip") == [
                bed.client_addresses[FIRST_CLIENT]
            ]


def test_a_site_beside_nginx_does_not_reach_moonfire(house: Project) -> None:
    networks = house.container("moonfire-nvr")["NetworkSettings"]["Networks"]
    moonfire = [f"{network['IPAddress']}:8080" for network in networks.values()]
    assert len(moonfire) == 2
    with guest(house, "cloud") as site:
        found = site.reaches("nginx:80", "moonfire-nvr:8080", *moonfire)
    assert found.pop("nginx:80") == "open", "it can reach its neighbour"
    assert found.pop("moonfire-nvr:8080") == "", "there is no such name: no error of a connection"
    assert set(found.values()) <= CLOSED, found


def test_each_site_has_a_certificate_of_its_own(
    house: Project, changed: Changed, figures: dict[str, str]
) -> None:
    """Those that were asked for first, and the one of the renamed site."""
    root = house.world.issuing_root()

    def valid(name: str) -> bool:
        url = f"https://{host(name)}/"
        return house.request(FIRST_CLIENT, url, trust=root).curl == 0

    for name in ("nas", "files", "cloud", "safe"):
        wait_until(f"the certificate of {name}", partial(valid, name), seconds=60)
        shown = client.served_certificate(house.world.bed, FIRST_CLIENT, house.address, host(name))
        assert certified_names(shown) == [host(name)]
    figures["from `nvrstack render` to the renamed site's certificate, at most"] = (
        f"{changed.watch.seconds:.1f} s"
    )


def test_a_further_name_gets_into_the_certificate(house: Project, changed: Changed) -> None:
    root, url = house.world.issuing_root(), f"https://{ALIAS}/api/request"
    wait_until(
        "the further name in the certificate",
        lambda: house.request(FIRST_CLIENT, url, trust=root).status == 200,
        seconds=60,
    )
    assert certified_names(house.certificate()) == [ALIAS, house.domain]
    assert "certbot/certificates.json" in changed.files


def test_a_site_that_is_removed_goes_and_the_others_stay(
    house: Project, changed: Changed, folder: Path, figures: dict[str, str]
) -> None:
    """Somebody else's WebSocket goes on, and no request of theirs fails meanwhile."""
    path, gone = house.directory / "nvrstack.toml", host("files")
    before, _, rest = path.read_text().partition(f'[[sites]]\ndomain = "{gone}"\n')
    lineage = house.directory / "data/letsencrypt/live" / gone
    certificate = (lineage / "fullchain.pem").read_bytes()
    command = [sys.executable, str(streams.CLIENT), house.address, host("nas"), "/ws"]
    with streams.background(house, command, folder / "stays.txt"):
        view = streams.Live(folder / "stays.txt")
        view.wait_for(2)
        path.write_text(before + rest[rest.index("[[sites]]") :])
        files = dict(rendered(house))
        watch = Stopwatch()

        def is_gone() -> bool:
            assert told(ask(house, "nas")).site == "nas"
            assert told(ask(house, "safe")).site == "safe"
            assert house.serves()
            return ask(house, "files").curl == client.CURL_TLS_CONNECT

        wait_until("the site's end", is_gone, seconds=20)
        figures["from `nvrstack render` to a removed site's end"] = f"{watch.seconds:.1f} s"
        view.wait_for(3)
        view.assert_in_order()
        assert not view.closed
    assert files[f"nginx/htpasswd/{gone}"] == "remove"
    assert not (house.directory / f"nginx/htpasswd/{gone}").exists()
    named = [
        str(found.relative_to(house.directory))
        for place in ("nginx", "certbot")
        for found in (house.directory / place).rglob("*")
        if found.is_file() and gone in found.read_text()
    ]
    assert named == []
    http = house.request(FIRST_CLIENT, f"http://{gone}/")
    assert http.curl == client.CURL_EMPTY_REPLY
    assert (lineage / "fullchain.pem").read_bytes() == certificate, "it may be wanted again"
    assert f"secrets/htpasswd_{gone}" not in files, "its users are the owner's own"


def test_nothing_was_restarted(house: Project, changed: Changed) -> None:
    assert lives(house) == changed.before
    assert house.serves()
