"""What nginx lets through, and as whom: headers, hosts, redirects, TLS."""

from __future__ import annotations

import pytest

from tests.bed.bed import Bed
from tests.e2e import client
from tests.e2e.client import Answer
from tests.e2e.project import FIRST_CLIENT, SECOND_CLIENT, Project

CLIENTS = (FIRST_CLIENT, SECOND_CLIENT)
ELSEWHERE = "203.0.113.66"
FORGERIES = {
    "nothing": [],
    "X-Real-IP": [f"X-Real-IP: {ELSEWHERE}"],
    "X-Real-IP twice, in odd case": [f"x-REAL-iP: {ELSEWHERE}", "X-real-ip: 127.0.0.1"],
    "X-Real-IP with underscores": [f"X_Real_IP: {ELSEWHERE}"],
    "X-Forwarded-Proto": ["X-Forwarded-Proto: http"],
    "X-Forwarded-Proto twice": ["X-Forwarded-Proto: http", "x-forwarded-PROTO: ftp"],
    "X-Forwarded-For": [f"X-Forwarded-For: {ELSEWHERE}, 127.0.0.1", "x-forwarded-for: 10.0.0.1"],
    "X-Forwarded-Host": ["X-Forwarded-Host: evil.example", "x-forwarded-hosT: evil.example"],
    "Forwarded": [f"Forwarded: for={ELSEWHERE};proto=http;host=evil.example", "forwarded: for=_x"],
    "Connection names the header to drop": ["Connection: close, X-Real-IP, X-Forwarded-Proto"],
    "everything": [
        f"X-Real-IP: {ELSEWHERE}",
        f"X-REAL-IP: {ELSEWHERE}",
        "X-Forwarded-Proto: http",
        f"X-Forwarded-For: {ELSEWHERE}",
        "X-Forwarded-Host: evil.example",
        f"Forwarded: for={ELSEWHERE}",
    ],
}


def assert_no_answer(answer: Answer) -> None:
    """The connection was closed, and not a byte of an answer came."""
    assert answer.status == 0, answer
    assert answer.body == "", answer
    assert answer.curl in {
        client.CURL_EMPTY_REPLY,
        client.CURL_TLS_CONNECT,
        client.CURL_HTTP2_STREAM,
    }, answer


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("forged", FORGERIES.values(), ids=FORGERIES.keys())
@pytest.mark.parametrize("netns", CLIENTS)
def test_moonfire_is_told_the_truth(
    public: Project, bed: Bed, netns: str, forged: list[str], version: str
) -> None:
    headers = [word for header in forged for word in ("--header", header)]
    answer = public.request(netns, "/api/request", version, *headers)
    assert answer.status == 200, answer
    assert answer.value("addr") == f"Some({bed.client_addresses[netns]})"
    assert answer.value("secure") == "true"
    assert answer.value("host") == f'Some("{public.domain}")'


def test_http2_is_spoken(public: Project) -> None:
    assert public.request(FIRST_CLIENT, "/api/request").version == "HTTP/2"
    assert public.request(FIRST_CLIENT, "/api/request", "--http1.1").version == "HTTP/1.1"


@pytest.mark.parametrize("netns", CLIENTS)
@pytest.mark.parametrize("path", ["/", "/some/page?with=query&and=%20more", "/api/request"])
def test_http_leads_to_https(public: Project, netns: str, path: str) -> None:
    answer = public.request(netns, f"http://{public.domain}{path}")
    assert answer.status == 301
    assert answer.header("location") == [f"https://{public.domain}{path}"]


def test_the_challenge_is_answered_over_http(public: Project) -> None:
    challenges = public.directory / "data/webroot/.well-known/acme-challenge"
    challenges.mkdir(parents=True, exist_ok=True)
    (challenges / "a-token").write_text("the answer")
    (challenges / "a-token").chmod(0o644)
    for folder in (challenges, challenges.parent):
        folder.chmod(0o755)
    url = f"http://{public.domain}/.well-known/acme-challenge"
    answer = public.request(FIRST_CLIENT, f"{url}/a-token")
    assert (answer.status, answer.body) == (200, "the answer")
    assert public.request(FIRST_CLIENT, f"{url}/no-token").status == 404


def test_the_short_name_leads_to_the_domain(public: Project) -> None:
    answer = public.request(FIRST_CLIENT, "http://nvr/some/page")
    assert answer.status == 301
    assert answer.header("location") == [f"https://{public.domain}/some/page"]


@pytest.mark.parametrize("netns", CLIENTS)
@pytest.mark.parametrize(
    "host", ["unknown.example.test", "nvr.example.test.evil.example", "ADDRESS", "localhost"]
)
def test_an_unknown_host_gets_no_answer(public: Project, netns: str, host: str) -> None:
    host = public.address if host == "ADDRESS" else host
    http = public.request(netns, f"http://{host}/")
    assert_no_answer(http)
    assert http.curl == client.CURL_EMPTY_REPLY
    https = public.request(netns, f"https://{host}/")
    assert_no_answer(https)
    assert https.curl == client.CURL_TLS_CONNECT


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_the_right_name_in_tls_and_another_host_get_no_answer(
    public: Project, version: str
) -> None:
    host = ["--header", "Host: unknown.example.test"]
    assert_no_answer(public.request(FIRST_CLIENT, "/api/request", version, *host))


def test_http_without_a_host_gets_no_answer(public: Project) -> None:
    url = f"http://{public.domain}/"
    assert_no_answer(public.request(FIRST_CLIENT, url, "--http1.0", "--header", "Host:"))


@pytest.mark.parametrize("name", ["unknown.example.test", None])
def test_the_handshake_is_refused_for_other_names(
    public: Project, bed: Bed, name: str | None
) -> None:
    code, said = client.handshake(bed, FIRST_CLIENT, public.address, server_name=name)
    assert code != 0
    assert "unrecognized name" in said
    assert "BEGIN CERTIFICATE" not in said, "the certificate tells the name"


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_tls_is_refused_by_the_server(public: Project, bed: Bed, version: str) -> None:
    options = [version, "-cipher", "ALL:@SECLEVEL=0"]
    code, said = client.handshake(
        bed, FIRST_CLIENT, public.address, *options, server_name=public.domain
    )
    assert code != 0
    assert "alert protocol version" in said, said


@pytest.mark.parametrize(("option", "name"), [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
def test_present_tls_is_spoken(public: Project, bed: Bed, option: str, name: str) -> None:
    code, said = client.handshake(
        bed, FIRST_CLIENT, public.address, option, server_name=public.domain
    )
    assert code == 0
    assert f"New, {name}, Cipher is" in said, said
