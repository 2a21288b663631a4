"""Whether anybody answers: the name, the two ports, the way from http to https."""

from urllib.parse import urlsplit

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.checks.verify.expected import Expected
from nvrstack.visit import Answer, Failure, Kind, Visit

UP = "docker compose up -d"
MOVED = {301, 302, 303, 307, 308}


def name_verdict(visit: Visit) -> Verdict:
    """Whether the name leads somewhere, and each of its addresses to this proxy."""
    about, host = "name", visit.place.host
    if isinstance(visit.addresses, Failure):
        return Verdict(
            about,
            Level.PROBLEM,
            f"{host} leads nowhere: {visit.addresses.reason}",
            "let it lead here at your DNS provider or in your router; until then try "
            "`nvrstack verify --resolve ADDRESS`",
        )
    if visit.place.address:
        return Verdict(about, Level.FINE, f"{host} is taken to lead to {visit.place.address}")
    leads = f"{host} leads to {' and '.join(visit.addresses)}"
    if visit.deaf and len(visit.deaf) < len(visit.addresses):
        port = visit.place.https_port
        return Verdict(
            about,
            Level.PROBLEM,
            f"{leads}, but nobody answers port {port} at {' and '.join(visit.deaf)}",
            f"remove {' and '.join(visit.deaf)} from its addresses: some browsers try them first",
        )
    return Verdict(about, Level.FINE, leads)


def https_verdict(visit: Visit) -> Verdict:
    """Whether nginx answers https."""
    about, port = "https", visit.place.https_port
    seen = visit.request
    if isinstance(seen, Answer):
        return Verdict(about, Level.FINE, f"port {port} answers")
    if isinstance(visit.addresses, Failure):
        return Verdict(about, Level.UNKNOWN, "could not be told without an address")
    remedy = "docker compose logs nginx"
    if seen.kind is Kind.REFUSED:
        remedy = f"start it: {UP}; if it runs: docker compose logs nginx"
    elif seen.kind is Kind.SILENT and visit.own_address is None:
        remedy = f"forward TCP port {port} in your router, start this machine, or mend its firewall"
    return Verdict(about, Level.PROBLEM, f"port {port} of {visit.target}: {seen.reason}", remedy)


def redirect_verdict(visit: Visit, expected: Expected) -> Verdict:
    """Whether http leads to https, and there to an end."""
    about, host = "redirect to https", visit.place.host
    if not visit.hops:
        return Verdict(about, Level.UNKNOWN, "could not be told without an address")
    first, last = visit.hops[0].seen, visit.hops[-1].seen
    if isinstance(first, Failure):
        return _no_http(first, visit, expected)
    location = first.header("location") or ""
    if first.status not in MOVED or urlsplit(location).scheme != "https":
        told = f"answers {first.status}" + (f" and leads to {location}" if location else "")
        remedy = "lead it to https in nginx: `return 301 https://$host$request_uri;`"
        return Verdict(about, Level.PROBLEM, f"http://{host} {told}", remedy)
    way = " → ".join(hop.url for hop in visit.hops)
    # A name that leads to another one is as it should be.
    onward = (last.header("location") or "") if isinstance(last, Answer) else ""
    if onward and urlsplit(onward).hostname == host:
        return Verdict(
            about,
            Level.PROBLEM,
            f"the redirects do not end: {way} → {onward}",
            "let the https server pass requests on, `proxy_pass http://moonfire;`, instead of "
            "redirecting them",
        )
    return Verdict(about, Level.FINE, way)


def _no_http(failure: Failure, visit: Visit, expected: Expected) -> Verdict:
    about, port = "redirect to https", visit.place.http_port
    if isinstance(visit.request, Failure):
        return Verdict(about, Level.UNKNOWN, "could not be told: nobody answers at all")
    if not expected.needs_port_80:
        return Verdict(about, Level.FINE, f"port {port} does not answer, and need not")
    remedy = f"publish it, and forward TCP port {port} in your router"
    return Verdict(about, Level.PROBLEM, f"port {port}: {failure.reason}", remedy)
