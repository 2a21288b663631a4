"""The cameras and their streams, of which the stand-in knows what the database says."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

from tests.standins.moonfire.database import Database
from tests.standins.moonfire.program import MoonfireError

STREAM_TYPES = ("main", "sub", "ext")
UNITS = 90_000
STREAMS = """
select s.camera_id, s.type, s.id, s.config, min(r.start_time_90k),
  max(r.start_time_90k + r.wall_duration_90k), coalesce(sum(r.wall_duration_90k), 0),
  coalesce(sum(r.sample_file_bytes), 0)
from stream s left join recording r on r.stream_id = s.id group by s.id order by s.id
"""


def cameras(
    db: Database, *, with_config: bool = False, with_days: bool = False
) -> list[dict[str, Any]]:
    """Return the cameras with their streams as `GET /api/` lists them."""
    with db.lock:
        rows = db.conn.execute(
            "select id, uuid, short_name, config from camera order by id"
        ).fetchall()
        streams = db.conn.execute(STREAMS).fetchall()
    out = []
    for number, identity, short_name, config in rows:
        camera: dict[str, Any] = {"uuid": str(uuid.UUID(bytes=identity)), "id": number}
        camera["shortName"] = short_name
        camera["description"] = json.loads(config).get("description", "")
        if with_config:
            camera["config"] = json.loads(config)
        camera["streams"] = {
            kind: _stream(db, stream_id, json.loads(text), sums, with_config, with_days)
            for camera_id, kind, stream_id, text, *sums in streams
            if camera_id == number
        }
        out.append(camera)
    return out


def find_stream(db: Database, camera: str, kind: str) -> tuple[int, str]:
    """Return the id of a stream and its camera's name, or raise the 404 of either."""
    with db.lock:
        row = db.conn.execute(
            "select id, short_name from camera where uuid = ?", (uuid.UUID(camera).bytes,)
        ).fetchone()
        if row is None:
            raise MoonfireError("NOT_FOUND", f"no such camera {camera}")
        found = db.conn.execute(
            "select id from stream where camera_id = ? and type = ?", (row[0], kind)
        ).fetchone()
    if found is None:
        raise MoonfireError("NOT_FOUND", f"no such stream {camera}/{kind}")
    return int(found[0]), str(row[1])


def _stream(
    db: Database,
    number: int,
    config: dict[str, Any],
    sums: list[Any],
    with_config: bool,
    with_days: bool,
) -> dict[str, Any]:
    first, last, duration, size = sums
    stream: dict[str, Any] = {
        "id": number,
        "retainBytes": config.get("retainBytes", 0),
        "minStartTime90k": first,
        "maxEndTime90k": last,
        "totalDuration90k": duration,
        "totalSampleFileBytes": size,
        "fsBytes": -(-size // 4096) * 4096,
        "record": config.get("mode") == "record",
        "numRecentRecordings": 0,
        "numRecentFrames": 0,
        "recentFrameBytes": 0,
    }
    if with_days:
        stream["days"] = _days(db, number)
    if with_config:
        stream["config"] = config
    return stream


def _days(db: Database, stream: int) -> dict[str, dict[str, int]]:
    """How much of each calendar day of the server's zone is recorded; by their beginnings."""
    with db.lock:
        rows = db.conn.execute(
            "select start_time_90k, wall_duration_90k from recording where stream_id = ?", (stream,)
        ).fetchall()
    days: dict[str, dict[str, int]] = {}
    for start, duration in rows:
        moment = time.localtime(start / UNITS)
        begin = int(time.mktime((*moment[:3], 0, 0, 0, 0, 0, -1))) * UNITS
        end = int(time.mktime((*moment[:2], moment[2] + 1, 0, 0, 0, 0, 0, -1))) * UNITS
        day = days.setdefault(
            time.strftime("%Y-%m-%d", moment),
            {"totalDuration90k": 0, "startTime90k": begin, "endTime90k": end},
        )
        day["totalDuration90k"] += duration
    return days
