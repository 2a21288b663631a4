"""What each thing that a visit may have seen comes to; the other verdicts stay green."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from nvrstack.checks.verdict import Verdict
from nvrstack.checks.verify.expected import Expected, Origin
from nvrstack.pki.certificates import placeholder
from nvrstack.visit import FORGED, Answer, Failure, Hop, Kind, Live, Visit
from tests.contract.chain import signer
from tests.unit.visits import (
    COOKIE,
    HOME,
    HOST,
    INTERNET,
    LAN,
    NOW,
    PUBLIC,
    REFUSED,
    SAFE,
    SILENT,
    TLS,
    bare_der,
    der,
    ders,
    judged,
    request,
    session,
    shaken,
    visit,
)

CERTIFICATE = f"certificate {HOST}"
LOOP = Answer(301, headers=(("location", f"https://{HOST}/api/request"),))
HTTP, HTTPS = f"http://{HOST}/api/request", f"https://{HOST}/api/request"
ROUTER = "192.168.1.1"
HSTS = (("strict-transport-security", "max-age=2592000"),)
SIGNED_IN = replace(INTERNET, signs_in=True)


def not_fine(found: dict[str, Verdict]) -> dict[str, str]:
    """The verdicts that are not green."""
    return {about: str(v.level) for about, v in found.items() if v.level != "fine"}


@pytest.mark.parametrize("expected", [INTERNET, SIGNED_IN, replace(INTERNET, site_file="")])
def test_what_is_looked_at(expected: Expected) -> None:
    found = judged(visit(session=session()), expected)
    assert ("login" in found) == expected.signs_in
    assert ("buffering" in found) == (expected.site_file is not None)
    assert set(not_fine(found)) == ({"buffering"} if expected.site_file is not None else set())


CASES: dict[str, tuple[dict[str, Any], Expected, str, str, str, str]] = {
    # what the visit saw · what was expected · about, level, words of the text, of the remedy
    "one of two addresses is deaf": (
        {"addresses": (PUBLIC, "2001:db8::1"), "deaf": ("2001:db8::1",)},
        INTERNET, "name", "problem", "nobody answers port 443 at 2001:db8::1", "remove",
    ),
    "http is refused": (
        {"hops": (Hop(HTTP, REFUSED),)},
        INTERNET, "redirect to https", "problem", "port 80: the connection was refused", "forward",
    ),
    "http answers itself": (
        {"hops": (Hop(HTTP, Answer(200)),)},
        INTERNET, "redirect to https", "problem", "answers 200", "return 301 https://",
    ),
    "http leads to http": (
        {"hops": (Hop(HTTP, Answer(302, headers=(("location", "http://else.example/"),))),)},
        INTERNET, "redirect to https", "problem", "leads to http://else.example/", "return 301",
    ),
    "redirects in a circle": (
        {"hops": (Hop(HTTP, LOOP), Hop(HTTPS, LOOP), Hop(HTTPS, LOOP))},
        INTERNET, "redirect to https", "problem", "do not end", "proxy_pass",
    ),
    "the certificate has ended": (
        {"handshakes": {HOST: shaken(der(HOST, left=timedelta(days=-2)), 10)}},
        INTERNET, CERTIFICATE, "problem", "ended", "nvrstack status",
    ),
    "the certificate is not valid yet": (
        {"handshakes": {HOST: shaken(der(HOST, left=timedelta(days=95)), 9)}},
        INTERNET, CERTIFICATE, "problem", "begins", "set the clock",
    ),
    "the certificate is late": (
        {"handshakes": {HOST: shaken(der(HOST, left=timedelta(days=5)))}},
        INTERNET, CERTIFICATE, "warning", "should have been renewed", "nvrstack status",
    ),
    "the certificate is another's": (
        {"handshakes": {HOST: shaken(der("nas.example.com"))}},
        INTERNET, CERTIFICATE, "problem", "is for nas.example.com", f"get one for {HOST}",
    ),
    "the chain is missing": (
        {"handshakes": {HOST: shaken(der(HOST, chain=False), 20)}},
        INTERNET, CERTIFICATE, "problem", "comes without its chain", "fullchain.pem",
    ),
    "nobody knows the authority": (
        {"handshakes": {HOST: shaken(der(HOST), 19)}},
        INTERNET, CERTIFICATE, "problem", "does not trust Root of the tests", "install its root",
    ),
    "the placeholder is still there": (
        {"handshakes": {HOST: shaken(ders(placeholder((HOST,), NOW).certificate), 18)}},
        INTERNET, CERTIFICATE, "problem", "is the placeholder", "nvrstack status",
    ),
    "the certificate is for trials": (
        {"handshakes": {HOST: shaken(der(HOST, by=signer("(STAGING) Pretend Pear X1")), 20)}},
        INTERNET, CERTIFICATE, "problem", "is for trials, from (STAGING) Pretend Pear X1",
        "nvrstack set certificate.staging false && nvrstack render && docker compose up -d",
    ),
    "the chain has ended": (
        {"handshakes": {HOST: shaken(der(HOST), 10)}},
        INTERNET, CERTIFICATE, "problem", "of its chain has ended", "present chain",
    ),
    "OpenSSL has another objection": (
        {"handshakes": {HOST: shaken(der(HOST), 26)}},
        INTERNET, CERTIFICATE, "problem", "error 26", "logs nginx",
    ),
    "no certificate": (
        {"handshakes": {HOST: shaken(())}},
        INTERNET, CERTIFICATE, "problem", "no certificate is shown", "logs nginx",
    ),
    "a certificate without names": (
        {"handshakes": {HOST: shaken(bare_der())}},
        INTERNET, CERTIFICATE, "problem", "is for no name", f"get one for {HOST}",
    ),
    "a device at home signed for itself": (
        {"handshakes": {HOST: shaken(bare_der(HOST), 18)}},
        INTERNET, CERTIFICATE, "problem", "does not trust O=The house", "the page /install",
    ),
    "nginx knows no such name": (
        {"handshakes": {HOST: shaken(), "cams.example.com": TLS}},
        INTERNET, "certificate cams.example.com", "problem", "shows none", "nvrstack render",
    ),
    "a handshake is lost": (
        {"handshakes": {HOST: shaken(), "cams.example.com": SILENT}},
        INTERNET, "certificate cams.example.com", "unknown", "could not be told", "",
    ),
    "whether old versions are spoken is lost": (
        {"old_tls": SILENT}, INTERNET, "TLS versions", "unknown", "no answer in time", "",
    ),
    "weak ciphers": (
        {"weak_ciphers": replace(shaken(), cipher="AES128-SHA")},
        INTERNET, "TLS ciphers", "problem", "AES128-SHA is accepted", "ssl_ciphers",
    ),
    "whether weak ciphers are spoken is lost": (
        {"weak_ciphers": SILENT}, INTERNET, "TLS ciphers", "unknown", "no answer in time", "",
    ),
    "HTTP/1.1 alone": (
        {"request": replace(request(), version="HTTP/1.1")},
        INTERNET, "HTTP/2", "warning", "HTTP/1.1 is all", "http2 on;",
    ),
    "no protocol": (
        {"request": request(secure=False)},
        INTERNET, "secure", "problem", "X-Forwarded-Proto does not arrive", "X-Forwarded-Proto",
    ),
    "no address": (
        {"request": request(None)},
        INTERNET, "client address", "problem", "told none", "X-Real-IP $remote_addr",
    ),
    "the address of the router": (
        {"request": request(ROUTER)},
        INTERNET, "client address", "problem", f"this machine is {PUBLIC}", "look from outside",
    ),
    "nobody tells the address": (
        {"outside_address": None},
        INTERNET, "client address", "unknown", "no service told", "",
    ),
    "the visit stayed at home": (
        {"request": request(LAN)},
        INTERNET, "client address", "unknown", "did not leave your network", "--from lan",
    ),
    "at home, another address": (
        {"request": request("172.18.0.1"), "addresses": (LAN,)},
        HOME, "client address", "problem", "172.18.0.1, but this machine came from", "X-Real-IP",
    ),
    "at home, over the loopback": (
        {"request": request("172.18.0.1"), "addresses": ("127.0.0.1",), "own_address": "127.0.0.1"},
        HOME, "client address", "unknown", "from this machine to itself", "--resolve ADDRESS",
    ),
    "at home, over the router": (
        {"request": request(ROUTER)},
        HOME, "client address", "unknown", "over your router", "--resolve ADDRESS",
    ),
    "a forged address": (
        {"forged": request(FORGED)},
        INTERNET, "forged headers", "problem", f"believed: the address {FORGED}", "real_ip_header",
    ),
    "a forged protocol": (
        {"forged": request(secure=False)},
        INTERNET, "forged headers", "problem", "plain http", "X-Forwarded-Proto $scheme",
    ),
    "the forged one was not answered": (
        {"forged": SILENT}, INTERNET, "forged headers", "unknown", "could not be told", "",
    ),
    "another host": (
        {"request": request(host="moonfire")},
        INTERNET, "host", "problem", "is told moonfire instead", "Host $host",
    ),
    "no page": (
        {"page": Answer(404, headers=SAFE)},
        INTERNET, "page", "problem", "HTTP 404", "remove `uiDir`",
    ),
    "the page is another's": (
        {"page": Answer(200, headers=SAFE, text="<p>Welcome to nginx!</p>"), "scripts": ()},
        INTERNET, "page", "problem", "without Moonfire's page", "pass / to Moonfire",
    ),
    "the page names no script": (
        {"scripts": ()}, INTERNET, "page", "problem", "not its script", "proxy_pass",
    ),
    "the script is gone": (
        {"scripts": (Answer(404),)}, INTERNET, "page", "problem", "not its script", "proxy_pass",
    ),
    "an unknown script": (
        {"scripts": (Answer(200, text="something"),)},
        INTERNET, "page", "unknown", "no login form that nvrstack knows", "",
    ),
    "headers are missing": (
        {"page": Answer(200, text="<script")},
        INTERNET, "headers", "warning", "X-Content-Type-Options, X-Frame-Options", "add_header",
    ),
    "HSTS is missing": (
        {}, replace(INTERNET, hsts=True), "headers", "warning", "Strict-Transport", "add_header",
    ),
    "HSTS is off": (
        {"page": Answer(200, headers=(*SAFE, (HSTS[0][0], "max-age=0")), text="<script")},
        replace(INTERNET, hsts=True), "headers", "warning", "missing: Strict", "add_header",
    ),
    "no upgrade": (
        {"live": Live(400)}, INTERNET, "live view", "problem", "HTTP 400", "Upgrade $http_upgrade",
    ),
    "refused for its origin": (
        {"live": Live(403)}, INTERNET, "live view", "problem", "HTTP 403", "logs moonfire-nvr",
    ),
    "a silent socket": (
        {"live": Live(101)}, INTERNET, "live view", "problem", "nothing comes", "logs moonfire-nvr",
    ),
    "no socket at all": (
        {"live": SILENT}, INTERNET, "live view", "problem", "no answer in time", "Upgrade",
    ),
    "no picture for one who signed in": (
        {"session": session(live=Live(101, "no such camera"))},
        SIGNED_IN, "live view", "problem", "no picture: no such camera", "logs moonfire-nvr",
    ),
    "buffering is on": (
        {}, replace(INTERNET, site_file="# proxy_buffering off;\nproxy_buffering on;"),
        "buffering", "problem", "proxy_buffering is on", "proxy_buffering off;",
    ),
    "buffering is on by default": (
        {}, replace(INTERNET, site_file="server {}"),
        "buffering", "problem", "proxy_buffering is on", "proxy_buffering off;",
    ),
    "everybody may look": (
        {"anonymous": Answer(200)},
        INTERNET, "anonymous access", "problem", "to everybody", "allowUnauthenticatedPermissions",
    ),
    "the list is broken": (
        {"anonymous": Answer(500)}, INTERNET, "anonymous access", "unknown", "HTTP 500", "",
    ),
    "strangers are answered": (
        {"strangers": {"http": Answer(301), "https": TLS}},
        INTERNET, "unknown hosts", "problem", "http (HTTP 301)", "return 444;",
    ),
    "strangers are ignored": (
        {"strangers": {"http": SILENT, "https": TLS}},
        INTERNET, "unknown hosts", "unknown", "not every port", "",
    ),
    "a back door": (
        {"open_moonfire": (LAN,)},
        INTERNET, "port 8080", "problem", f"without the proxy at {LAN}", "take `ports:`",
    ),
    "not signed in for the certificate's sake": (
        {}, SIGNED_IN, "login", "unknown", "whose certificate is right", "",
    ),
    "the cookie opens nothing": (
        {"session": session(api=Answer(401))},
        SIGNED_IN, "login", "problem", "opens nothing", "Cookie",
    ),
    "a cookie for http": (
        {"session": session(login=Answer(204, headers=(("set-cookie", "s=a; HttpOnly"),)))},
        SIGNED_IN, "cookie", "problem", "not Secure", "proxy_cookie_flags",
    ),
    "no recording": (
        {"session": session(download=None)}, SIGNED_IN, "downloads", "unknown", "no recording", "",
    ),
    "no ranges": (
        {"session": session(download=Answer(200))},
        SIGNED_IN, "downloads", "problem", "whole recording", "Range",
    ),
    "a broken recording": (
        {"session": session(download=Answer(500))},
        SIGNED_IN, "downloads", "problem", "HTTP 500", "logs moonfire-nvr",
    ),
    "a lost recording": (
        {"session": session(download=SILENT)},
        SIGNED_IN, "downloads", "problem", "no answer in time", "logs nginx",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_thing_is_wrong(
    case: tuple[dict[str, Any], Expected, str, str, str, str],
) -> None:
    changes, expected, about, level, text, remedy = case
    found = judged(visit(**changes), expected)
    assert not_fine(found) == {about: level}
    assert text in found[about].text
    assert remedy in found[about].remedy
    assert bool(found[about].remedy) == bool(remedy)


def test_at_home_the_machines_own_address_is_right() -> None:
    assert not_fine(judged(visit(request=request(LAN)), HOME)) == {}


def test_a_closed_port_80_is_no_fault_where_nobody_needs_it() -> None:
    expected = replace(INTERNET, needs_port_80=False)
    assert not_fine(judged(visit(hops=(Hop(HTTP, REFUSED),)), expected)) == {}


def test_a_name_that_leads_to_another_one_is_no_circle() -> None:
    onward = Answer(301, headers=(("location", "https://cams.example.com/"),))
    assert not_fine(judged(visit(hops=(Hop(HTTP, LOOP), Hop(HTTPS, onward))))) == {}


def test_a_page_that_is_lost_leaves_its_headers_untold() -> None:
    found = judged(visit(page=SILENT, scripts=()))
    assert not_fine(found) == {"page": "problem", "headers": "unknown"}
    assert (found["page"].text, found["page"].remedy) == (
        "there was no answer in time",
        "docker compose logs nginx",
    )


def test_buffering_is_off_whatever_a_comment_says() -> None:
    text = "# not proxy_buffering on;\nproxy_buffering off;"
    assert not_fine(judged(visit(), replace(INTERNET, site_file=text))) == {}


def test_the_live_view_of_an_older_moonfire_asks_for_a_login() -> None:
    found = judged(visit(live=Live(401)))
    assert (found["live view"].level, found["live view"].text) == ("fine", "asks for a login")


def test_an_unbelieved_proxy_has_one_name() -> None:
    peer = request("172.31.255.2", secure=False)
    found = judged(visit(request=peer, forged=peer))
    assert not_fine(found) == {"secure": "problem", "client address": "unknown"}
    assert "trustForwardHeaders = true" in found["secure"].remedy


def test_a_rewritten_host_costs_the_live_view() -> None:
    found = judged(visit(request=request(host="moonfire"), live=Live(403)))
    assert not_fine(found) == {"host": "problem", "live view": "unknown"}


def test_old_versions_need_weak_ciphers() -> None:
    old = replace(shaken(), protocol="TLSv1.1")
    found = judged(visit(old_tls=old, weak_ciphers=old))
    assert not_fine(found) == {"TLS versions": "problem", "TLS ciphers": "unknown"}
    assert "TLSv1.1 is accepted" in found["TLS versions"].text


def test_hsts_with_an_untrusted_certificate_locks_browsers_out() -> None:
    page = Answer(200, headers=(*SAFE, *HSTS), text="<script")
    found = judged(visit(page=page, handshakes={HOST: shaken(der(HOST), 19)}))
    assert not_fine(found) == {CERTIFICATE: "problem", "headers": "problem"}


def test_hsts_with_another_port_locks_browsers_out_that_were_there_before() -> None:
    page = Answer(200, headers=(*SAFE, *HSTS), text="<script")
    there = visit(page=page, place=replace(visit().place, https_port=8443))
    assert judged(there)["headers"].level == "problem"
    at_home = replace(INTERNET, origin=Origin.LAN)
    assert judged(there, at_home)["headers"].level == "fine", "the router's port may be 443"


@pytest.mark.parametrize(
    ("failure", "own", "remedy"),
    [
        (REFUSED, None, "docker compose up -d"),
        (SILENT, None, "forward TCP port 443"),
        (SILENT, LAN, "docker compose logs nginx"),
        (TLS, LAN, "docker compose logs nginx"),
    ],
)
def test_when_https_does_not_answer_all_else_is_unknown(
    failure: Failure, own: str | None, remedy: str
) -> None:
    seen = visit(
        own_address=own,
        hops=(Hop(HTTP, failure),),
        handshakes={HOST: failure},
        **dict.fromkeys(
            ("old_tls", "weak_ciphers", "request", "forged", "page", "anonymous", "live"), failure
        ),
        strangers={"http": SILENT},
        scripts=(),
    )
    found = judged(seen)
    assert {a for a, level in not_fine(found).items() if level != "unknown"} == {"https"}
    assert remedy in found["https"].remedy


def test_a_name_that_leads_nowhere_leaves_nothing_to_tell() -> None:
    nowhere = Failure(Kind.NO_NAME, "name or service not known")
    found = judged(Visit(visit().place, nowhere))
    assert {a for a, level in not_fine(found).items() if level == "problem"} == {"name"}
    assert "leads nowhere: name or service not known" in found["name"].text


@pytest.mark.parametrize(
    ("answer", "about", "level", "remedy"),
    [
        (Answer(502), "Moonfire", "problem", "up -d moonfire-nvr"),
        (Answer(200, text="hello"), "Moonfire", "problem", "proxy_pass"),
        (Answer(301, headers=(("location", "/"),)), "Moonfire", "unknown", ""),
    ],
)
def test_without_moonfire_its_own_checks_are_unknown(
    answer: Answer, about: str, level: str, remedy: str
) -> None:
    found = judged(visit(request=replace(answer, version="HTTP/2"), forged=answer), SIGNED_IN)
    assert found[about].level == level
    assert remedy in found[about].remedy
    others = {a: v for a, v in not_fine(found).items() if a != about}
    assert set(others.values()) == {"unknown"}
    assert "login" in others


@pytest.mark.parametrize(
    ("answer", "level", "remedy"),
    [
        (Answer(401), "problem", "nvrstack user passwd"),
        (Answer(429), "unknown", "access.login_rate"),
        (Answer(500), "problem", "logs moonfire-nvr"),
        (SILENT, "problem", "logs nginx"),
        (TLS, "unknown", ""),
    ],
)
def test_a_login_that_fails(answer: Answer | Failure, level: str, remedy: str) -> None:
    seen = visit(session=session(login=answer, api=None, download=None, live=None))
    found = judged(seen, SIGNED_IN)
    assert found["login"].level == level
    assert remedy in found["login"].remedy
    others = {v for a, v in not_fine(found).items() if a != "login"}
    assert others <= {"unknown"}


def test_a_cookie_follows_from_what_moonfire_knows_of_https() -> None:
    plain = tuple((key, value.replace(" Secure;", "")) for key, value in COOKIE)
    seen = visit(request=request(secure=False), session=session(login=Answer(204, headers=plain)))
    assert not_fine(judged(seen, SIGNED_IN)) == {"secure": "problem", "cookie": "unknown"}
