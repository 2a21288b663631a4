"""The cameras and their streams, of which the stand-in knows what the database says."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.standins.moonfire.database import Database
from tests.standins.moonfire.program import MoonfireError

STREAM_TYPES = ("main", "sub", "ext")


def cameras(db: Database, *, with_config: bool = False) -> list[dict[str, Any]]:
    """Return the cameras with their streams as `GET /api/` lists them."""
    with db.lock:
        rows = db.conn.execute(
            "select id, uuid, short_name, config from camera order by id"
        ).fetchall()
        streams = db.conn.execute(
            "select camera_id, type, id, config, cum_media_duration_90k from stream order by id"
        ).fetchall()
    out = []
    for number, identity, short_name, config in rows:
        camera: dict[str, Any] = {"uuid": str(uuid.UUID(bytes=identity)), "id": number}
        camera["shortName"] = short_name
        if with_config:
            camera["config"] = json.loads(config)
        camera["streams"] = {
            kind: stream_json(stream_id, json.loads(text), recorded, with_config=with_config)
            for camera_id, kind, stream_id, text, recorded in streams
            if camera_id == number
        }
        out.append(camera)
    return out


def check_stream(db: Database, camera: str, kind: str) -> None:
    """Raise the 404 of an unknown camera or stream; a database without cameras has all."""
    known = {entry["uuid"]: entry["streams"] for entry in cameras(db)}
    if not known:
        return
    if camera not in known:
        raise MoonfireError("NOT_FOUND", f"no such camera {camera}")
    if kind not in known[camera]:
        raise MoonfireError("NOT_FOUND", f"no such stream {camera}/{kind}")


def recorded_time(db: Database, camera: str, kind: str) -> int:
    """Return how much of a stream is recorded, in units of 1/90,000 s."""
    with db.lock:
        row = db.conn.execute(
            "select cum_media_duration_90k from stream join camera on camera.id = camera_id "
            "where camera.uuid = ? and type = ?",
            (uuid.UUID(camera).bytes, kind),
        ).fetchone()
    return int(row[0]) if row else 0


def stream_json(
    stream_id: int, config: dict[str, Any], recorded: int, *, with_config: bool
) -> dict[str, Any]:
    """Return a stream as the API shows it; what is recorded of it begins with the epoch."""
    stream: dict[str, Any] = {
        "id": stream_id,
        "retainBytes": config.get("retainBytes", 0),
        "minStartTime90k": 0 if recorded else None,
        "maxEndTime90k": recorded or None,
        "totalDuration90k": recorded,
        "totalSampleFileBytes": 0,
        "fsBytes": 0,
        "record": config.get("mode") == "record",
        "numRecentRecordings": 0,
        "numRecentFrames": 0,
        "recentFrameBytes": 0,
    }
    if with_config:
        stream["config"] = config
    return stream
