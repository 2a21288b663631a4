"""What somebody sees who signs in. They sign out again, so that no session stays behind."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from nvrstack.host.network.tls import trusting
from nvrstack.host.visit.http import Client
from nvrstack.host.visit.live import watch
from nvrstack.visit import Answer, Place, Seen, Session

HOUR_90K = 3600 * 90_000
"""An hour in Moonfire's unit of time (its ref/api.md)."""


@dataclass(frozen=True)
class Login:
    """With whose name to sign in."""

    user: str
    password: str

    def __repr__(self) -> str:
        """Without the password, which must not get into any log."""
        return f"Login({self.user!r})"


def sign_in(
    place: Place, address: str, login: Login, *, roots: tuple[bytes, ...], seconds: float
) -> Session:
    """Sign in, look at the newest recording and at the live view, and sign out.

    The password goes only to a server whose certificate this machine trusts, or `roots` as PEM.
    """
    client = Client(address, seconds, trusting(roots))
    credentials = {"username": login.user, "password": login.password}
    url = f"{place.origin}/api/login"
    answer = client.ask(url, method="POST", json=credentials, headers=_json())
    cookie = _cookie(answer)
    if not cookie:
        return Session(answer)
    known = replace(client, headers={"Cookie": cookie})
    api = known.ask(f"{place.origin}/api/")
    top = _parsed(api)
    try:
        streams = list(_streams(top))
        stream = next((name for name, _ in streams), "")
        live = (
            watch(place, address, stream, tls=trusting(roots), cookie=cookie, seconds=seconds)
            if stream
            else None
        )
        return Session(answer, api, _download(known, place, streams), live, stream)
    finally:
        csrf = _at(top, "user", "session", "csrf")
        if isinstance(csrf, str):
            url = f"{place.origin}/api/logout"
            known.ask(url, method="POST", json={"csrf": csrf}, headers=_json())


def _json() -> dict[str, str]:
    """Moonfire takes this one spelling (its ref/api.md)."""
    return {"Content-Type": "application/json"}


def _cookie(answer: Seen) -> str:
    given = answer.header("set-cookie") if isinstance(answer, Answer) else None
    return (given or "").partition(";")[0]


def _streams(top: Any) -> Iterator[tuple[str, int | None]]:
    """Each stream as `UUID/sub` or `UUID/main`, which the page shows, and when its record ends."""
    cameras = _at(top, "cameras")
    for camera in cameras if isinstance(cameras, list) else ():
        for kind in ("sub", "main"):
            stream = _at(camera, "streams", kind)
            if isinstance(stream, dict):
                end = stream.get("maxEndTime90k")
                yield f"{_at(camera, 'uuid')}/{kind}", end if isinstance(end, int) else None


def _download(client: Client, place: Place, streams: list[tuple[str, int | None]]) -> Seen | None:
    """The first bytes of the newest recording; None where there is none."""
    for stream, end in streams:
        if end is None:
            continue
        base = f"{place.origin}/api/cameras/{stream}"
        period = f"startTime90k={end - HOUR_90K}&endTime90k={end}"
        listed = _at(_parsed(client.ask(f"{base}/recordings?{period}")), "recordings")
        ids = [entry.get("startId") for entry in listed] if isinstance(listed, list) else []
        newest = max((number for number in ids if isinstance(number, int)), default=None)
        if newest is not None:
            return client.ask(f"{base}/view.mp4?s={newest}", headers={"Range": "bytes=0-15"})
    return None


def _parsed(answer: Seen) -> Any:
    try:
        return json.loads(answer.text) if isinstance(answer, Answer) else None
    except ValueError:
        return None


def _at(found: Any, *keys: str) -> Any:
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found
