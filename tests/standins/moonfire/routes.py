"""Which function answers which path."""

from __future__ import annotations

import re
import uuid

from tests.standins.moonfire.api import (
    serve_camera,
    serve_request,
    serve_signals,
    serve_static,
    serve_top_level,
)
from tests.standins.moonfire.cameras import STREAM_TYPES
from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.live import serve_live
from tests.standins.moonfire.program import MoonfireError, version
from tests.standins.moonfire.recordings import serve_list, serve_view
from tests.standins.moonfire.signing_in import serve_login, serve_logout
from tests.standins.moonfire.users_api import serve_user, serve_users


class RequestHandler(Exchange):
    """The HTTP interface."""

    def dispatch(self, path: str) -> None:
        """Find the handler of a path; /api/… is never served as a static file."""
        if not path.startswith("/api/"):
            serve_static(self, path)
            return
        rest = path.removeprefix("/api/")
        fixed = {
            "": serve_top_level,
            "request": serve_request,
            "login": serve_login,
            "logout": serve_logout,
            "signals": serve_signals,
        }
        if version() >= (0, 7, 6):
            fixed["users/"] = serve_users
            if match := re.fullmatch(r"users/([+-]?\d{1,10})", rest):
                serve_user(self, int(match[1]))
                return
        if rest in fixed:
            fixed[rest](self)
            return
        camera, _, tail = rest.removeprefix("cameras/").partition("/")
        identity = canonical_uuid(camera)
        kind, _, name = tail.partition("/")
        if not rest.startswith("cameras/") or identity is None:
            raise MoonfireError("NOT_FOUND", "path not understood")
        if tail == "" and rest.endswith("/"):
            serve_camera(self, identity)
        elif kind in STREAM_TYPES and name == "live.m4s":
            serve_live(self, identity, kind)
        elif kind in STREAM_TYPES and name == "view.mp4":
            serve_view(self, identity, kind)
        elif kind in STREAM_TYPES and name == "recordings":
            serve_list(self, identity, kind)
        else:
            raise MoonfireError("NOT_FOUND", "path not understood")


def canonical_uuid(text: str) -> str | None:
    """Return a uuid in its usual form, None if the text is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None
