"""Whether anybody gets in who should not."""

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.checks.verify.believed import belief
from nvrstack.visit import MOONFIRE_PORT, Answer, Kind, Visit

SHUT = {Kind.TLS, Kind.CLOSED}


def anonymous_verdict(visit: Visit) -> Verdict:
    """Whether cameras are listed without a login."""
    about, seen = "anonymous access", visit.anonymous
    if belief(visit.request) is None or not isinstance(seen, Answer):
        return Verdict(about, Level.UNKNOWN, "could not be told: Moonfire does not answer")
    if seen.status == 401:
        return Verdict(about, Level.FINE, "/api/ is refused without a login")
    if seen.status == 200:
        return Verdict(
            about,
            Level.PROBLEM,
            "/api/ lists the cameras to everybody",
            "remove `allowUnauthenticatedPermissions` from moonfire/moonfire-nvr.toml, then "
            "restart moonfire-nvr",
        )
    return Verdict(about, Level.UNKNOWN, f"could not be told: /api/ answers HTTP {seen.status}")


def strangers_verdict(visit: Visit) -> Verdict:
    """Whether names that are not ours are left without an answer."""
    about = "unknown hosts"
    answered = {
        how: seen.status
        for how, seen in visit.strangers.items()
        if isinstance(seen, Answer) and seen.status < 400
    }
    if answered:
        shown = ", ".join(f"{how} (HTTP {status})" for how, status in answered.items())
        return Verdict(
            about,
            Level.PROBLEM,
            f"are answered: {shown}",
            "give nginx default servers that do nothing but `return 444;`: one with `listen 80 "
            "default_server;`, one with `listen 443 ssl default_server;` and "
            "`ssl_reject_handshake on;`",
        )
    told = [s for s in visit.strangers.values() if isinstance(s, Answer) or s.kind in SHUT]
    if len(told) < len(visit.strangers) or not told:
        return Verdict(about, Level.UNKNOWN, "could not be told: not every port answers")
    return Verdict(about, Level.FINE, "get no answer")


def back_door_verdict(visit: Visit) -> Verdict:
    """Whether Moonfire's own port is closed, where everybody could pass for the proxy."""
    about = f"port {MOONFIRE_PORT}"
    if visit.open_moonfire:
        return Verdict(
            about,
            Level.PROBLEM,
            f"Moonfire answers without the proxy at {', '.join(visit.open_moonfire)}",
            f"take `ports:` from moonfire-nvr in compose.override.yaml and compose.yaml, and let "
            f"it listen on port {MOONFIRE_PORT} of the backend network alone",
        )
    if not visit.target:
        return Verdict(about, Level.UNKNOWN, "could not be told without an address")
    return Verdict(about, Level.FINE, "Moonfire answers nowhere but through the proxy")
