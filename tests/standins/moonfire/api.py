"""What a viewer asks for: the page, the cameras, and what the server believes of a request."""

from __future__ import annotations

import json
import time
import urllib.parse
from typing import Any

from tests.standins.moonfire.accounts import rust_option, rust_string
from tests.standins.moonfire.cameras import cameras
from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.page import STATIC_FILES
from tests.standins.moonfire.program import MoonfireError, version


def serve_static(exchange: Exchange, path: str) -> None:
    """Serve the page and its script: never with a question about who is calling."""
    if not exchange.require_method("GET", "HEAD"):
        return
    if path not in STATIC_FILES or not exchange.server.shared.config.serves_static_files:
        raise MoonfireError("NOT_FOUND", "static file not found")
    kind, cache, text = STATIC_FILES[path]
    exchange.reply(200, {"Content-Type": kind, "Cache-Control": cache}, text.encode())


def serve_request(exchange: Exchange) -> None:
    """`/api/request`: what this server believes about the request, in Rust's Debug form."""
    now = time.localtime()
    when = time.strftime("%Y-%m-%dT%H:%M:%S", now)
    if version() >= (0, 7, 18):
        when = (
            "Some(Display { fmt: [37, 70, 84, 37, 84, 37, 58, 122], "
            f"tm: BrokenDownTime {{ year: Some({now.tm_year}), month: Some({now.tm_mon}), "
            f"day: Some({now.tm_mday}), hour: Some({now.tm_hour}), "
            f"minute: Some({now.tm_min}), second: Some({now.tm_sec}), subsec: Some(0), "
            f"iana: Some({rust_string(exchange.server.shared.zone)}) }} }})"
        )
    client = exchange.client()
    text = (
        f"when: {when}\n"
        f"host: {rust_option(exchange.header('Host'))}\n"
        f"addr: {'None' if client is None else f'Some({client})'}\n"
        f"user_agent: {rust_option(exchange.header('User-Agent'))}\n"
        f"secure: {str(exchange.secure()).lower()}\n"
        f"caller: {exchange.caller(needed=False).debug()}\n"
    )
    exchange.respond(
        200,
        {"Content-Type": "text/plain", "Cache-Control": "private, no-cache"},
        text.encode(),
    )


def serve_top_level(exchange: Exchange) -> None:
    """`/api/`: 401 without any right to be here; camera configs need their permission."""
    caller = exchange.caller()
    query = dict(urllib.parse.parse_qsl(exchange.query))
    with_config = query.get("cameraConfigs") == "true"
    if with_config and not caller.permissions.read_camera_configs:
        raise MoonfireError("PERMISSION_DENIED", "read_camera_configs required")
    number = ".".join(map(str, version()))
    top: dict[str, Any] = {
        "timeZoneName": exchange.server.shared.zone,
        "serverVersion": "0.0.0" if version() >= (0, 7, 8) else number,
        "cameras": cameras(
            exchange.db, with_config=with_config, with_days=query.get("days") == "true"
        ),
        "permissions": caller.permissions.to_json(),
    }
    if caller.user is not None:
        top["user"] = {
            "name": caller.user.username,
            "id": caller.user.id,
            "preferences": caller.user.preferences(),
            "session": {"csrf": caller.csrf},
        }
    exchange.reply_api(json.dumps({**top, "signals": [], "signalTypes": []}))


def serve_camera(exchange: Exchange, identity: str) -> None:
    """`/api/cameras/<uuid>/`: one camera."""
    exchange.caller()
    for camera in cameras(exchange.db, with_days=True):
        if camera["uuid"] == identity:
            exchange.reply_api(json.dumps(camera))
            return
    raise MoonfireError("NOT_FOUND", f"no such camera {identity}")


def serve_signals(exchange: Exchange) -> None:
    """`/api/signals`: there are none; changing them needs updateSignals."""
    caller = exchange.caller()
    if exchange.command == "POST":
        if not caller.permissions.update_signals:
            raise MoonfireError("PERMISSION_DENIED", "update_signals required")
        raise MoonfireError("UNIMPLEMENTED", "the stand-in has no signals")
    exchange.reply_api('{"times90k":[],"signalIds":[],"states":[]}')
