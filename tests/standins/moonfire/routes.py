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
from tests.standins.moonfire.recordings import serve_init, serve_list, serve_view
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
        if match := re.fullmatch(r"init/(\d{1,9})\.mp4", rest):
            serve_init(self, int(match[1]))
        elif rest.startswith("cameras/"):
            self.dispatch_camera(rest.removeprefix("cameras/"))
        else:
            raise MoonfireError("NOT_FOUND", "path not understood")

    def dispatch_camera(self, rest: str) -> None:
        """Find the handler of what stands behind /api/cameras/."""
        camera, slash, tail = rest.partition("/")
        identity = canonical_uuid(camera)
        kind, _, name = tail.partition("/")
        if identity is None or (tail and kind not in STREAM_TYPES):
            raise MoonfireError("NOT_FOUND", "path not understood")
        if tail == "" and slash:
            serve_camera(self, identity)
        elif name == "live.m4s":
            serve_live(self, identity, kind)
        elif name in ("view.mp4", "view.m4s"):
            serve_view(self, identity, kind, name.removeprefix("view."))
        elif name == "recordings":
            serve_list(self, identity, kind)
        else:
            raise MoonfireError("NOT_FOUND", "path not understood")


def canonical_uuid(text: str) -> str | None:
    """Return a uuid in its usual form, None if the text is none."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None
