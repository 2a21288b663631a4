"""What a visitor sees: the page, the live view, and the headers that browsers obey."""

import re

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.checks.verify.believed import belief, knows_host
from nvrstack.checks.verify.expected import Expected, Origin
from nvrstack.visit import Answer, Handshake, Live, Visit

UPGRADE = (
    "`proxy_set_header Upgrade $http_upgrade;` and "
    "`proxy_set_header Connection $connection_upgrade;` in nginx, and in its http block "
    "`map $http_upgrade $connection_upgrade { default upgrade; '' ''; }`"
)
BUFFERING = "`proxy_buffering off;` in nginx/sites/moonfire.conf"
LOGIN = "/api/login"
MOONFIRE_LOGS = "docker compose logs moonfire-nvr"


def page_verdict(visit: Visit) -> Verdict:
    """Whether the page loads, and with it the script that shows the login form."""
    about, page = "page", visit.page
    if belief(visit.request) is None:
        return _without(about)
    if not isinstance(page, Answer):
        return Verdict(about, Level.PROBLEM, page.reason, "docker compose logs nginx")
    if page.status != 200 or "<script" not in page.text:
        return Verdict(
            about,
            Level.PROBLEM,
            f"/ is answered with HTTP {page.status} and without Moonfire's page",
            "remove `uiDir` from moonfire/moonfire-nvr.toml, and let nginx pass / to Moonfire",
        )
    broken = [s for s in visit.scripts if not isinstance(s, Answer) or s.status != 200]
    if broken or not visit.scripts:
        return Verdict(
            about,
            Level.PROBLEM,
            "the page is there, but not its script",
            "let nginx pass every path to Moonfire: `proxy_pass http://moonfire;`",
        )
    if not any(isinstance(s, Answer) and LOGIN in s.text for s in visit.scripts):
        text = "could not be told: the page's script shows no login form that nvrstack knows"
        return Verdict(about, Level.UNKNOWN, text)
    return Verdict(about, Level.FINE, "loads, with its login form")


def live_verdict(visit: Visit) -> Verdict:
    """Whether the WebSocket of the live view gets through, and frames in it."""
    about = "live view"
    if belief(visit.request) is None:
        return _without(about)
    signed_in = visit.session.live if visit.session else None
    live = signed_in or visit.live
    if not isinstance(live, Live):
        return Verdict(about, Level.PROBLEM, live.reason, UPGRADE)
    if live.status != 101:
        return _no_socket(live.status, visit)
    if live.frame is None or (signed_in and isinstance(live.frame, str)):
        text = f"the WebSocket opens, but there is no picture: {live.frame or 'nothing comes'}"
        return Verdict(about, Level.PROBLEM, text, MOONFIRE_LOGS)
    if signed_in is None:
        return Verdict(about, Level.FINE, "the WebSocket opens, and frames come through it")
    return Verdict(about, Level.FINE, f"pictures come ({len(live.frame)} bytes at first)")


def _no_socket(status: int, visit: Visit) -> Verdict:
    about = "live view"
    if status == 401:
        return Verdict(about, Level.FINE, "asks for a login")
    if status == 403 and not knows_host(visit):
        return Verdict(about, Level.UNKNOWN, "is refused, as Moonfire is told another host")
    text = f"there is no WebSocket: the upgrade is answered with HTTP {status}"
    return Verdict(about, Level.PROBLEM, text, MOONFIRE_LOGS if status == 403 else UPGRADE)


def buffering_verdict(expected: Expected) -> Verdict | None:
    """Whether nginx passes each picture on at once; nothing where its file is not to be seen."""
    if expected.site_file is None:
        return None
    plain = re.sub(r"#.*", "", expected.site_file)
    found = re.findall(r"\bproxy_buffering\s+(on|off)\s*;", plain)
    if found and set(found) == {"off"}:
        return Verdict("buffering", Level.FINE, "is off")
    text = "nginx keeps recordings back and writes them to its disk: proxy_buffering is on"
    return Verdict("buffering", Level.PROBLEM, text, BUFFERING)


def headers_verdict(visit: Visit, expected: Expected) -> Verdict:
    """Whether browsers are told what else they should refuse."""
    about, page = "headers", visit.page
    if not isinstance(page, Answer) or belief(visit.request) is None:
        return _without(about)
    hsts = page.header("strict-transport-security")
    insists = hsts is not None and not re.search(r"max-age\s*=\s*\"?0+\b", hsts)
    shaken = visit.handshakes.get(visit.place.host)
    if insists and isinstance(shaken, Handshake) and shaken.errors:
        return Verdict(
            about,
            Level.PROBLEM,
            "Strict-Transport-Security goes with a certificate that is not trusted: browsers then "
            "let nobody in",
            "send it with a trusted certificate only, as nginx/trusted.conf does",
        )
    if insists and expected.origin is Origin.INTERNET and visit.place.https_port != 443:
        return Verdict(
            about,
            Level.PROBLEM,
            "Strict-Transport-Security goes with a port other than 443: browsers that were here "
            "once look for the page at 443 and find nobody",
            "send it with max-age=0, as nginx/trusted.conf does",
        )
    missing = []
    if (page.header("x-content-type-options") or "").lower() != "nosniff":
        missing.append("X-Content-Type-Options nosniff")
    framing = page.header("content-security-policy") or ""
    if not page.header("x-frame-options") and "frame-ancestors" not in framing:
        missing.append("X-Frame-Options SAMEORIGIN")
    if expected.hsts and not insists:
        missing.append('Strict-Transport-Security "max-age=2592000"')
    if missing:
        remedy = " and ".join(f"`add_header {name} always;`" for name in missing)
        names = ", ".join(name.partition(" ")[0] for name in missing)
        return Verdict(about, Level.WARNING, f"missing: {names}", f"{remedy} in nginx")
    return Verdict(about, Level.FINE, "no sniffing, no framing" + (", HSTS" if insists else ""))


def _without(about: str) -> Verdict:
    return Verdict(about, Level.UNKNOWN, "could not be told: Moonfire does not answer")
