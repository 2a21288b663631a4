"""A client of RTSP 1.0 (RFC 2326) over TCP, as far as cameras need it: digest, H.264, interleaved.

UDP is not spoken: a stream that wants it is opened by TCP, and the log says so.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.standins.moonfire.h264 import Frame, Frames, SampleEntry, sample_entry
from tests.standins.moonfire.program import MoonfireError

TIMEOUT_SECONDS = 30.0
KEEPALIVE_SECONDS = 20.0
TEARDOWN_SECONDS = 1.0


@dataclass
class Session:
    """One stream of a camera; `close` may be called by another thread and ends `frames`."""

    url: str
    username: str
    password: str
    entry: SampleEntry = field(init=False)
    _number: int = 0
    _session: str = ""
    _challenge: dict[str, str] = field(default_factory=dict)
    _control: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        parts = urllib.parse.urlsplit(self.url)
        address = (parts.hostname or "", parts.port or 554)
        try:
            self._socket = socket.create_connection(address, timeout=TIMEOUT_SECONDS)
            self._in = self._socket.makefile("rb")
            self._play()
        except OSError as err:
            self.close()
            text = f"Unable to connect to RTSP server: {err}"
            raise MoonfireError("UNKNOWN", text) from err
        except MoonfireError:
            self.close()
            raise

    def _play(self) -> None:
        head, sdp = self._request("DESCRIBE", self.url, Accept="application/sdp")
        base = head.get("content-base", self.url)
        video = sdp[sdp.index("m=video") :] if "m=video" in sdp else ""
        control = re.search(r"^a=control:(\S+)", video, re.MULTILINE)
        sets = re.search(r"sprop-parameter-sets=([^;\s]+)", video)
        if control is None or sets is None:
            raise MoonfireError("UNKNOWN", "couldn't find supported video stream")
        sps, pps = (base64.b64decode(text) for text in sets[1].split(",")[:2])
        self.entry = sample_entry(sps, pps)
        self._control = urllib.parse.urljoin(f"{base.rstrip('/')}/", control[1])
        head, _ = self._request(
            "SETUP", self._control, Transport="RTP/AVP/TCP;unicast;interleaved=0-1"
        )
        self._session = head.get("session", "").partition(";")[0]
        self._control = base
        self._request("PLAY", base, Session=self._session, Range="npt=0.000-")

    def frames(self) -> Iterator[Frame]:
        """The frames as they come; raises MoonfireError when the stream ends."""
        frames, alive = Frames(), time.monotonic()
        while True:
            try:
                packet = self._packet()
            except (OSError, ValueError, struct.error) as err:
                reason = str(err) if isinstance(err, OSError) else "connection closed"
                raise MoonfireError("UNKNOWN", f"Error receiving RTSP message: {reason}") from err
            if packet is not None and (frame := frames.add(packet)) is not None:
                yield frame
            if time.monotonic() - alive > KEEPALIVE_SECONDS:
                alive = time.monotonic()
                self._send("GET_PARAMETER", self._control, {"Session": self._session})

    def teardown(self) -> None:
        """Say good-bye and close."""
        with contextlib.suppress(OSError):
            self._socket.settimeout(TEARDOWN_SECONDS)
            self._send("TEARDOWN", self._control, {"Session": self._session})
        self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if hasattr(self, "_socket"):
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

    def _packet(self) -> bytes | None:
        """The next RTP packet; None for anything else that came."""
        mark = self._in.read(1)
        if mark != b"$":
            if not mark:
                raise ValueError("end")
            self._answer(mark)
            return None
        channel, length = struct.unpack(">BH", self._in.read(3))
        data = self._in.read(length)
        return data if channel == 0 and len(data) == length else None

    def _request(self, method: str, url: str, **headers: str) -> tuple[dict[str, str], str]:
        self._send(method, url, headers)
        status, head, body = self._answer()
        if status == 401 and self.username and not self._challenge:
            self._challenge = dict(re.findall(r'(\w+)="([^"]*)"', head["www-authenticate"]))
            return self._request(method, url, **headers)
        if status != 200:
            raise MoonfireError("UNKNOWN", f"unexpected RTSP response status: {status}")
        return head, body

    def _send(self, method: str, url: str, headers: dict[str, str]) -> None:
        self._number += 1
        if self._challenge:
            headers = {**headers, "Authorization": self._authorization(method, url)}
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._number}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        with self._lock:
            self._socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def _answer(self, begun: bytes = b"") -> tuple[int, dict[str, str], str]:
        line = (begun + self._in.readline()).decode()
        if not line.startswith("RTSP/"):
            raise MoonfireError("UNKNOWN", "Error receiving RTSP message: connection closed")
        head = {}
        while text := self._in.readline().decode().strip():
            name, _, value = text.partition(":")
            head[name.lower()] = value.strip()
        body = self._in.read(int(head.get("content-length", 0))).decode()
        return int(line.split()[1]), head, body

    def _authorization(self, method: str, url: str) -> str:
        realm, nonce = self._challenge.get("realm", ""), self._challenge.get("nonce", "")
        mine = _md5(f"{self.username}:{realm}:{self.password}")
        response = _md5(f"{mine}:{nonce}:{_md5(f'{method}:{url}')}")
        fields = {
            "username": self.username,
            "realm": realm,
            "nonce": nonce,
            "uri": url,
            "response": response,
        }
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()
