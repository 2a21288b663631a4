"""What nginx lets visitors do who mean no good, or whose browsers send more than usual."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.bed.process import run, wait_for
from tests.contract.certificates import issue, put
from tests.contract.crowd import HALF, crowd
from tests.contract.door import Door, door
from tests.contract.space import inside

DOMAIN = "nvr.example.com"
FURTHER = "nas.example.com"
CHANGE = {
    "access": {"login_rate": 3, "login_rate_of_all": 6},
    "sites": [{"domain": FURTHER, "upstream": "http://127.0.0.1:5002"}],
}
ONE_HOME = ("2001:db8:0:a::1/128", "2001:db8:0:a:ffff:0:10a:d0a/128")
OTHER_HOMES = ("2001:db8:0:b::1/128", "2001:db8:0:c::1/128")
BEHIND = """
map "" $quarter {{ default "{quarter}"; }}
server {{
    listen 172.31.255.3:8080;
    listen 127.0.0.1:5002;
    add_header X-Asked "$request_uri";
    add_header X-Told "$http_host upgrade=$http_upgrade connection=$http_connection";
    location / {{
        return 200 "the page";
    }}
    location = /api/login {{
        return 401;
    }}
    location = /large {{
        add_header X-Large "$quarter$quarter$quarter$quarter";
        return 200 "much";
    }}
    location = /moved {{
        return 302 http://$http_host/there;
    }}
    location = /elsewhere {{
        return 302 http://elsewhere.example/;
    }}
}}
server {{
    listen [::]:8082;
    location / {{
        limit_req zone=login_visitor burst=5 nodelay;
        proxy_pass http://127.0.0.1:5002;
    }}
}}
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, netns: str) -> Iterator[Door]:
    """nginx, with nginx itself in the place of Moonfire and of a further site."""
    folder = tmp_path_factory.mktemp("visitors")
    for path in (folder, *list(folder.parents)[:2]):
        path.chmod(0o755)
    for address in ("172.31.255.3/32", *ONE_HOME, *OTHER_HOMES):
        run(["ip", "-n", netns, "address", "add", address, "dev", "lo"])
    found = door(folder, netns, {"seconds_between_looks": "0.4"}, CHANGE, stack="router-ddns")
    (found.project.directory / "nginx/custom.d/behind.conf").write_text(
        BEHIND.format(quarter="x" * 3_000)
    )
    put(found.project, issue(DOMAIN))
    with found.open():
        yield found


def asked(served: Door, url: str, *options: str) -> dict[str, Any]:
    """An answer: `status`, and each header by its name."""
    head = served.curl("--insecure", "--include", *options, url).stdout.partition("\r\n\r\n")[0]
    first, *lines = head.splitlines() or ["- 0"]
    pairs = (line.partition(": ") for line in lines)
    return {"status": int(first.split()[1]), **{key.lower(): value for key, _, value in pairs}}


@pytest.mark.parametrize(("port", "number"), [(80, 2200), (443, 200)])
def test_half_sent_requests_of_one_address_stop_nobody(
    served: Door, port: int, number: int
) -> None:
    enter, name = inside(served.container.netns), DOMAIN if port == 443 else None
    with crowd(enter, "127.0.0.1", port, number, HALF, name) as made:
        assert made == number
        answer = asked(served, f"https://{DOMAIN}/")
        assert answer["status"] == 200, answer
        assert wait_for(lambda: connections(served, port) == 0, seconds=20), "held too long"


def connections(served: Door, port: int) -> int:
    """How many connections to a port are open on nginx's side."""
    filters = ["state", "established", "sport", "=", f":{port}"]
    words = [*inside(served.container.netns), "ss", "--no-header", "--numeric", *filters]
    return len(run(words).stdout.splitlines())


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("name", [DOMAIN, FURTHER])
def test_a_large_cookie_gets_through(served: Door, name: str, version: str) -> None:
    cookie = ["--header", f"Cookie: s={'c' * 30_000}"]
    assert asked(served, f"https://{name}/", version, *cookie)["status"] == 200


@pytest.mark.parametrize("name", [DOMAIN, FURTHER])
def test_a_large_header_of_an_answer_gets_through(served: Door, name: str) -> None:
    answer = asked(served, f"https://{name}/large")
    assert answer["status"] == 200
    assert len(answer["x-large"]) == 12_000


@pytest.mark.parametrize("name", [DOMAIN, FURTHER])
@pytest.mark.parametrize(
    ("upgrade", "told"),
    [
        ("websocket", "upgrade=websocket connection=upgrade"),
        ("WebSocket", "upgrade=websocket connection=upgrade"),
        ("h2c", "upgrade= connection="),
        ("TLS/1.0", "upgrade= connection="),
    ],
)
def test_nothing_but_a_websocket_is_passed_on(
    served: Door, name: str, upgrade: str, told: str
) -> None:
    headers = ["--header", f"Upgrade: {upgrade}", "--header", "Connection: Upgrade"]
    answer = asked(served, f"https://{name}/", "--http1.1", *headers)
    assert answer["x-told"] == f"{name} {told}"


@pytest.mark.parametrize("port", ["", ":8443"])
def test_a_further_site_that_knows_of_no_https_leads_back_to_it(served: Door, port: str) -> None:
    answer = asked(served, f"https://{FURTHER}/moved", "--header", f"Host: {FURTHER}{port}")
    assert answer["location"] == f"https://{FURTHER}{port}/there"
    assert asked(served, f"https://{FURTHER}/elsewhere")["location"] == "http://elsewhere.example/"


def attempts(served: Door, source: str, number: int) -> list[int]:
    """The answers to so many attempts to sign in from one address."""
    words = ["--interface", source, "--data", "{}"]
    url = f"https://{DOMAIN}/api/login"
    return [asked(served, url, *words)["status"] for _ in range(number)]


def test_signing_in_is_limited_for_each_and_for_all(served: Door) -> None:
    assert attempts(served, "127.0.0.2", 8) == [401] * 6 + [429] * 2
    others = [attempts(served, f"127.0.1.{number}", 1)[0] for number in range(1, 31)]
    assert others[0] == 401, "one visitor does not use up what is there for all"
    passed = others.count(401)
    assert 5 <= passed <= 8, "five, and what comes by the minute"
    assert asked(served, f"https://{DOMAIN}/")["status"] == 200


def test_an_ipv6_home_counts_once(served: Door) -> None:
    def statuses(address: str, number: int) -> list[int]:
        source = address.removesuffix("/128")
        words = ["curl", "--silent", "--max-time", "5", "--noproxy", "*", "--globoff"]
        words += ["--output", "/dev/null", "--write-out", "%{http_code}", "--interface", source]
        command = [*inside(served.container.netns), *words, f"http://[{source}]:8082/"]
        return [int(run(command).stdout) for _ in range(number)]

    first, second = ONE_HOME
    assert statuses(first, 6) == [200] * 6
    assert statuses(second, 2) == [429] * 2
    for other in OTHER_HOMES:
        assert statuses(other, 2) == [200] * 2


@pytest.mark.parametrize("path", ["/live", "/users"])
def test_the_pages_own_places_are_found_without_their_hash(served: Door, path: str) -> None:
    headers = ["--header", f"Host: {DOMAIN}:8443"]
    answer = asked(served, f"https://{DOMAIN}{path}?cams=%5B1%5D", *headers)
    assert answer["status"] == 302
    assert answer["location"] == f"https://{DOMAIN}:8443/#{path}?cams=%5B1%5D"
    assert asked(served, f"https://{DOMAIN}{path}")["location"] == f"https://{DOMAIN}/#{path}"


@pytest.mark.parametrize("path", ["/live/", "/live.m4s", "/users/1", "/list", "/Live"])
def test_all_else_is_asked_of_moonfire(served: Door, path: str) -> None:
    answer = asked(served, f"https://{DOMAIN}{path}")
    assert answer["status"] == 200
    assert answer["x-asked"] == path


@pytest.mark.parametrize("program", ["curl", "wget"])
def test_the_health_check_needs_no_curl_and_asks_no_proxy(
    served: Door, program: str, tmp_path: Path
) -> None:
    """The slim images have busybox alone."""
    nobody = "http://198.51.100.126:3128"
    asking = replace(served.container, env={"http_proxy": nobody, "HTTP_PROXY": nobody})
    if program == "wget":
        wget, nothing = tmp_path / "wget", tmp_path / "nothing"
        wget.write_text('#!/bin/busybox sh\nexec busybox wget "$@"\n')
        wget.chmod(0o755)
        nothing.touch()
        asking = asking.with_mount("/usr/bin/curl", nothing).with_mount("/usr/bin/wget", wget)
    done = asking.run([*served.container.argv, "--healthy"])
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
