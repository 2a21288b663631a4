"""A whole visit: everything is asked at once, and within ten seconds.

A visit that signs in takes up to as long again, for it does one thing after the other.
"""

import re
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from typing import TypeVar

from nvrstack.host.background import begin, by
from nvrstack.host.network.tls import anything
from nvrstack.host.network.web import outside_address
from nvrstack.host.visit.failures import SILENT
from nvrstack.host.visit.http import CONNECT_SECONDS, Client
from nvrstack.host.visit.live import NOBODY, watch
from nvrstack.host.visit.reach import addresses_of, is_moonfire, local_addresses, own_end
from nvrstack.host.visit.session import Login, sign_in
from nvrstack.host.visit.tls import OLD, WEAK_CIPHERS, shake_hands
from nvrstack.visit import (
    FORGED,
    STRANGER,
    Answer,
    Failure,
    Handshake,
    Hop,
    Place,
    Seen,
    Session,
    Visit,
)

NAME_SECONDS = 2.5
ANSWER_SECONDS = 6.0
"""For each answer: longer than nginx's own `proxy_connect_timeout`, so that it can say 504."""
BEHIND_SECONDS = 2.0
VISIT_SECONDS = 6.3
"""For everything that is asked at once, once the name is known."""
SESSION_SECONDS = 10.0
"""For everything that is done with a login."""
LIES = {"X-Real-IP": FORGED, "X-Forwarded-For": FORGED, "X-Forwarded-Proto": "http"}
"""What a client would claim that wants to pass for another one."""

T = TypeVar("T")


@dataclass(frozen=True)
class VisitRequest:
    """What to look at beside the page itself.

    `names` are all that have a certificate here, `roots` the certificates as PEM that are trusted
    beside this machine's. `address_services` tell a client its address on the Internet. With
    `own_host`, every address of this host is tried for Moonfire's port, but those in
    `private_subnet`, where nginx is to find it.
    """

    names: tuple[str, ...]
    roots: tuple[bytes, ...] = ()
    address_services: tuple[str, ...] = ()
    own_host: bool = False
    private_subnet: str | None = None
    login: Login | None = None


def visit(place: Place, wanted: VisitRequest) -> Visit:
    """Visit the page. Nothing is raised for what does not work: it is in the values."""
    addresses = (
        (place.address,)
        if place.address
        else by(time.monotonic() + NAME_SECONDS, begin(addresses_of, place.host), SILENT)
    )
    if isinstance(addresses, Failure):
        return Visit(place, addresses)
    return _look(place, wanted, addresses)


def _look(place: Place, wanted: VisitRequest, addresses: tuple[str, ...]) -> Visit:
    deadline = time.monotonic() + VISIT_SECONDS
    address, port = addresses[0], place.https_port
    page = Client(address, ANSWER_SECONDS)

    ends = {to: begin(own_end, to, port, CONNECT_SECONDS) for to in addresses}
    outside = begin(outside_address, wanted.address_services, deadline)
    hops = begin(page.follow, _http(place, "/api/request"))
    shake = partial(shake_hands, address, port, seconds=CONNECT_SECONDS)
    shaken = {name: begin(shake, name, roots=wanted.roots) for name in wanted.names}
    old, weak = (begin(shake, place.host, offer=offer) for offer in (OLD, WEAK_CIPHERS))
    request = begin(page.ask, f"{place.origin}/api/request")
    forged = begin(page.ask, f"{place.origin}/api/request", headers=LIES)
    anonymous = begin(page.ask, f"{place.origin}/api/")
    shown = begin(_page, page, place)
    live = begin(watch, place, address, NOBODY, tls=anything(), cookie="", seconds=ANSWER_SECONDS)
    stranger = replace(place, host=STRANGER)
    strangers = {
        "http": begin(page.ask, _http(stranger, "/")),
        "https": begin(page.ask, f"https://{STRANGER}:{port}/"),
        "https under our name": begin(page.ask, f"{place.origin}/", host=STRANGER, http2=False),
    }
    behind = (address, *(local_addresses(wanted.private_subnet) if wanted.own_host else ()))
    moonfire = {to: begin(is_moonfire, to, BEHIND_SECONDS) for to in dict.fromkeys(behind)}

    met = _all(ends, deadline)
    own = met[address]
    handshakes = _all(shaken, deadline)
    whole_page = by(deadline, shown, SILENT)
    seen_page, scripts = (whole_page, ()) if isinstance(whole_page, Failure) else whole_page
    told, steps = by(deadline, outside, SILENT), by(deadline, hops, SILENT)
    opened = _all(moonfire, deadline)
    checked = handshakes.get(place.host)
    # A password is for the right server alone.
    may_sign_in = isinstance(checked, Handshake) and not checked.errors
    return Visit(
        place=place,
        addresses=addresses,
        deaf=tuple(to for to, end in met.items() if isinstance(end, Failure)),
        own_address=own if isinstance(own, str) else None,
        outside_address=str(told) if isinstance(told, IPv4Address) else None,
        hops=(Hop(_http(place, "/api/request"), steps),) if isinstance(steps, Failure) else steps,
        handshakes=handshakes,
        old_tls=by(deadline, old, SILENT),
        weak_ciphers=by(deadline, weak, SILENT),
        request=by(deadline, request, SILENT),
        forged=by(deadline, forged, SILENT),
        page=seen_page,
        scripts=scripts,
        anonymous=by(deadline, anonymous, SILENT),
        live=by(deadline, live, SILENT),
        strangers=_all(strangers, deadline),
        open_moonfire=tuple(to for to, is_open in opened.items() if is_open is True),
        session=_session(place, wanted, address) if may_sign_in else None,
    )


def _session(place: Place, wanted: VisitRequest, address: str) -> Session | None:
    if wanted.login is None:
        return None
    asked = begin(sign_in, place, address, wanted.login, roots=wanted.roots, seconds=ANSWER_SECONDS)
    found = by(time.monotonic() + SESSION_SECONDS, asked, SILENT)
    return Session(found) if isinstance(found, Failure) else found


def _http(place: Place, path: str) -> str:
    port = "" if place.http_port == 80 else f":{place.http_port}"
    return f"http://{place.host}{port}{path}"


def _page(client: Client, place: Place) -> tuple[Seen, tuple[Seen, ...]]:
    """The page and the scripts that it names."""
    page = client.ask(f"{place.origin}/")
    if not isinstance(page, Answer):
        return page, ()
    paths = re.findall(r"""<script\b[^>]*\bsrc=["'](/[^"'/][^"']*)""", page.text)
    return page, tuple(client.ask(f"{place.origin}{path}") for path in paths[:3])


def _all(asked: Mapping[str, Future[T]], deadline: float) -> dict[str, T | Failure]:
    return {what: by(deadline, question, SILENT) for what, question in asked.items()}
