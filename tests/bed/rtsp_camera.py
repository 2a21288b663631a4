#!/usr/bin/python3
"""A camera: an RTSP server with the H.264 streams /main and /sub, by GStreamer's own library.

    rtsp_camera.py ADDRESS PORT [PASSWORD]

With a password, user `admin` has to sign in (digest). SIGUSR1 ends the connections of all who
watch, as a network does that fails; they may come again at once. Run by Debian's own Python, for
its bindings.
"""

import signal
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

STREAMS = (("main", 320, 240), ("sub", 160, 120))
FRAMES = 10
"""A second. Every fifth one can be decoded alone, so that a recording may begin."""
PIPELINE = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width={},height={},framerate={}/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 bitrate=100"
    " ! video/x-h264,profile=constrained-baseline"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
DIGEST = 2


def factory(width: int, height: int, *, private: bool) -> GstRtspServer.RTSPMediaFactory:
    """A stream that is encoded for each who watches: it begins at once, and with a key frame."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(PIPELINE.format(width, height, FRAMES))
    if private:
        permissions = GstRtspServer.RTSPPermissions()
        for right in ("access", "construct"):
            permissions.add_permission_for_role("user", f"media.factory.{right}", True)
        made.set_permissions(permissions)
    return made


def hang_up(server: GstRtspServer.RTSPServer) -> bool:
    """Close every connection."""
    server.client_filter(lambda *_: GstRtspServer.RTSPFilterResult.REMOVE)
    return True


def forget(server: GstRtspServer.RTSPServer) -> bool:
    """Remove sessions that are over."""
    server.get_session_pool().cleanup()
    return True


def main() -> None:
    """Serve until the end."""
    address, port, *passwords = sys.argv[1:]
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(address)
    server.set_service(port)
    for name, width, height in STREAMS:
        stream = factory(width, height, private=bool(passwords))
        server.get_mount_points().add_factory(f"/{name}", stream)
    for password in passwords:
        auth = GstRtspServer.RTSPAuth()
        auth.set_supported_methods(DIGEST)
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "user")
        auth.add_digest("admin", password, token)
        server.set_auth(auth)
    server.attach(None)
    # A session whose connection is gone would go on encoding until it is looked for.
    GLib.timeout_add_seconds(5, forget, server)
    GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGUSR1, hang_up, server)
    print("ready", flush=True)
    GLib.MainLoop().run()


main()
