"""Recordings: listed, and as MP4 files with ranges, validators and a name."""

from __future__ import annotations

import email.utils
import hashlib
import json
import re
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.standins.moonfire.cameras import find_stream
from tests.standins.moonfire.database import Database
from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.mp4 import Mp4, box, init_box, movie
from tests.standins.moonfire.program import MoonfireError
from tests.standins.moonfire.ranges import send
from tests.standins.moonfire.recording import TRAILING_ZERO, Recording

UNITS = 90_000
SEGMENT = re.compile(r"(\d+)(?:-(\d+))?(?:@(\d+))?(?:\.(\d*)-(\d*))?")
TIME = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Row:
    """A recording of the database, or one that is not in it yet."""

    number: int
    open_id: int
    run_offset: int
    flags: int
    bytes: int
    start: int
    duration: int
    samples: int
    entry: int
    end_reason: str | None
    state: str = "committed"


def rows(exchange: Exchange, stream: int) -> list[Row]:
    """All recordings of a stream, the newest of which may still grow."""
    db = exchange.db
    reason = "end_reason" if db.schema > 6 else "null"
    with db.lock:
        found = db.conn.execute(
            "select composite_id & 0xffffffff, open_id, run_offset, flags, sample_file_bytes,"
            " start_time_90k, wall_duration_90k, video_samples, video_sample_entry_id,"
            f" {reason} from recording where stream_id = ? order by composite_id",
            (stream,),
        ).fetchall()
    known = [Row(*row) for row in found]
    server = exchange.server.shared
    new = [one for one in server.flusher.pending if one.stream == stream]
    current = server.streams[stream].current if stream in server.streams else None
    if current is not None and current.samples:
        new.append(current)
    return known + [uncommitted(one) for one in new]


def uncommitted(one: Recording) -> Row:
    """A recording that no flush has taken yet."""
    return Row(
        one.number, one.open_id, one.run_offset, one.flags, one.bytes, one.start_90k,
        one.duration_90k, one.samples, one.entry, one.end_reason,
        "growing" if one.growing else "uncommitted",
    )  # fmt: skip


def serve_list(exchange: Exchange, camera: str, kind: str) -> None:
    """`recordings`: runs of recordings that follow each other, between two times."""
    exchange.caller()
    query = dict(urllib.parse.parse_qsl(exchange.query))
    limits = {"startTime90k": -(1 << 63), "endTime90k": (1 << 63) - 1, "split90k": (1 << 63) - 1}
    for name in limits.keys() & query.keys():
        if TIME.fullmatch(query[name]) is None:
            raise MoonfireError("INVALID_ARGUMENT", f"unparseable {name}")
        limits[name] = int(query[name])
    stream, _ = find_stream(exchange.db, camera, kind)
    runs: list[list[Row]] = []
    for row in rows(exchange, stream):
        if row.start >= limits["endTime90k"] or row.start + row.duration <= limits["startTime90k"]:
            continue
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and row.run_offset
            and row.number == last.number + 1
            and (row.entry, row.open_id) == (last.entry, last.open_id)
            and row.start + row.duration - runs[-1][0].start <= limits["split90k"]
        ):
            runs[-1].append(row)
        else:
            runs.append([row])
    found = [listed(run) for run in reversed(runs)]
    used = {entry["videoSampleEntryId"] for entry in found}
    entries = {str(number): entry_json(exchange.db, number) for number in sorted(used)}
    exchange.reply_api(json.dumps({"recordings": found, "videoSampleEntries": entries}))


def listed(run: list[Row]) -> dict[str, Any]:
    """A run of recordings as the API shows it; what is usual is left out."""
    first, last = run[0], run[-1]
    new = next((row.number for row in run if row.state != "committed"), None)
    shown: dict[str, Any] = {
        "startTime90k": first.start,
        "endTime90k": last.start + last.duration,
        "sampleFileBytes": sum(row.bytes for row in run),
        "videoSamples": sum(row.samples for row in run),
        "videoSampleEntryId": first.entry,
        "startId": first.number,
        "openId": first.open_id,
        "runStartId": first.number - first.run_offset,
    }
    if new is not None:
        shown["firstUncommitted"] = new
    if len(run) > 1:
        shown["endId"] = last.number
    if last.state == "growing":
        shown["growing"] = True
    if last.flags & TRAILING_ZERO:
        shown["hasTrailingZero"] = True
    if last.end_reason is not None:
        shown["endReason"] = last.end_reason
    return shown


def entry_json(db: Database, number: int) -> dict[str, int]:
    """A video sample entry as the API shows it."""
    with db.lock:
        width, height = db.conn.execute(
            "select width, height from video_sample_entry where id = ?", (number,)
        ).fetchone()
    return {
        "width": width,
        "height": height,
        "paspHSpacing": 1,
        "paspVSpacing": 1,
        "aspectWidth": width,
        "aspectHeight": height,
    }


def serve_view(exchange: Exchange, camera: str, kind: str, suffix: str) -> None:
    """`view.mp4` and `view.m4s`: the recordings that the parameters `s` name, one after another."""
    if not exchange.caller().permissions.view_video:
        raise MoonfireError("PERMISSION_DENIED", "view_video required")
    stream, name = find_stream(exchange.db, camera, kind)
    chosen: list[Row] = []
    known = rows(exchange, stream)
    for key, value in urllib.parse.parse_qsl(exchange.query, keep_blank_values=True):
        if key == "s":
            chosen += select(known, value, stream)
        elif key != "ts":
            raise MoonfireError("INVALID_ARGUMENT", f"parameter {key} not understood")
    if not chosen:
        raise MoonfireError("INVALID_ARGUMENT", "no video_sample_entries")
    with exchange.db.lock:
        (directory,) = exchange.db.conn.execute(
            "select json_extract(d.config, '$.path') from stream s"
            " join sample_file_dir d on d.id = s.sample_file_dir_id where s.id = ?",
            (stream,),
        ).fetchone()
        wanted = sorted({row.entry for row in chosen})
        query = "select data from video_sample_entry where id = ?"
        entries = [exchange.db.conn.execute(query, (n,)).fetchone()[0] for n in wanted]
    files = [(Path(directory) / f"{stream << 32 | row.number:016x}", row.bytes) for row in chosen]
    stamp = time.strftime("%Y%m%d%H%M%S", time.localtime(chosen[0].start / UNITS))
    file_name = f"{stamp}-{name}-{'main' if kind == 'main' else 'sub'}.{suffix}"
    serve(
        exchange,
        movie(entries, files, segment=suffix == "m4s"),
        what=f"{[(row.number, row.open_id) for row in chosen]}",
        modified=max(row.start + row.duration for row in chosen) // UNITS,
        file_name=file_name,
    )


def select(known: list[Row], value: str, stream: int) -> list[Row]:
    """The recordings that one parameter `s` names: START[-END][@OPEN][.[FROM]-[TO]].

    The times are held against the recordings, each of which is given whole.
    """
    match = SEGMENT.fullmatch(value)
    first = int(match[1]) if match else 0
    last = int(match[2]) if match and match[2] else first
    if match is None or last < first:
        raise MoonfireError("INVALID_ARGUMENT", f"invalid s parameter: {value}")
    by_number = {row.number: row for row in known}
    chosen, offset, end = [], 0, int(match[5]) if match[5] else None
    for number in range(first, last + 1):
        row = by_number.get(number)
        if row is None:
            raise MoonfireError("NOT_FOUND", f"no such recording {stream}/{number}")
        if match[3] and row.open_id != int(match[3]):
            raise MoonfireError(
                "NOT_FOUND",
                f"recording {stream}/{number} has open id {row.open_id}, requested {match[3]}",
            )
        if int(match[4] or 0) <= offset + row.duration and (end is None or offset < end):
            chosen.append(row)
        offset += row.duration
    if end is not None and end > offset:
        message = f"end time {end} is beyond specified recordings"
        raise MoonfireError("INVALID_ARGUMENT", message)
    return chosen


def serve_init(exchange: Exchange, number: int) -> None:
    """`init/ID.mp4`: what a player needs before any frame."""
    exchange.caller()
    with exchange.db.lock:
        row = exchange.db.conn.execute(
            "select data from video_sample_entry where id = ?", (number,)
        ).fetchone()
    if row is None:
        raise MoonfireError("NOT_FOUND", "no such init segment")
    file = Mp4(box(b"ftyp", b"isom\0\0\2\0isom") + init_box([row[0]]), ())
    serve(exchange, file, what=f"init {number}", modified=0, file_name=None)


def serve(
    exchange: Exchange, file: Mp4, *, what: str, modified: int, file_name: str | None
) -> None:
    """Answer with a file: all of it, parts of it, or that the client has it already."""
    if not exchange.require_method("GET", "HEAD"):
        return
    etag = f'"{hashlib.sha256(f"{exchange.path} {what} {file.length}".encode()).hexdigest()}"'
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Last-Modified": email.utils.formatdate(modified, usegmt=True),
        "Cache-Control": "private, max-age=3600",
    }
    if (exchange.header("If-Match") or etag) not in ("*", etag):
        raise MoonfireError("FAILED_PRECONDITION", "If-Match does not match")
    if exchange.header("If-None-Match") in ("*", etag):
        exchange.respond(304, headers)
        return
    headers["Content-Type"] = 'video/mp4; codecs="avc1"'
    if file_name is not None:
        headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    send(exchange, file, headers)
