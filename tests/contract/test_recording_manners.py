"""How Moonfire records and stops: the stand-in as v0.7.30 does, which runs here where it is had."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from tests.bed.camera import RtspCamera
from tests.bed.process import wait_for
from tests.contract.nvr import Nvr, camera, nvr
from tests.moonfire.recorded import Recorded, last_written, recordings, written_after
from tests.moonfire.rows import DOOR, Camera, opened
from tests.standins.moonfire.meta import DirMeta

PASSWORD = "gehe1m"


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def door() -> Iterator[RtspCamera]:
    with camera(free_port(), PASSWORD) as found:
        yield found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Nvr]:
    with nvr(tmp_path, free_port()) as found:
        yield found


def of(door: RtspCamera, *, retain_bytes: int = 1 << 30, flush_if_sec: int = 0) -> Camera:
    return Camera("door", door.urls, "admin", PASSWORD, retain_bytes, flush_if_sec)


def numbers(server: Nvr) -> set[int]:
    """The numbers of the recordings whose files are there."""
    names = [path.name for path in server.samples.iterdir()]
    return {int(name, 16) & 0xFFFF for name in names if name != "meta"}


def begun(server: Nvr) -> None:
    """Start, and wait until both streams are recorded."""
    started = time.time()
    server.start()
    both = {1, 2}
    assert wait_for(lambda: written_after(server.samples, started) == both, seconds=15), server.log


def by_stream(found: list[Recorded]) -> dict[int, list[Recorded]]:
    return {one: [row for row in found if row.stream == one] for one in (1, 2)}


def test_a_stream_that_ends_by_itself_is_kept_and_then_nothing_is_for_a_second(
    server: Nvr, door: RtspCamera
) -> None:
    """What finishes before the signal is committed, and the pause of 1 s is slept out."""
    server.make(of(door))
    begun(server)
    time.sleep(1)
    door.hang_up()
    ended = time.time()
    time.sleep(0.3)
    assert server.log.count("sleeping for 1 s after error") == 2
    assert server.stop() == 0
    assert 0.6 < time.time() - ended < 3, "the pause is slept out, and no more"
    kept = by_stream(recordings(server.database))
    for rows in kept.values():
        (one,) = rows
        assert ended - 1 < one.end < ended + 0.5
    begun(server)
    assert numbers(server) == {0, 1}, "files of kept ones stay"


def test_streams_go_on_a_second_after_they_ended(server: Nvr, door: RtspCamera) -> None:
    server.make(of(door))
    begun(server)
    door.hang_up()
    ended = time.time()
    assert wait_for(lambda: last_written(server.samples) > ended + 0.5, seconds=10)
    assert last_written(server.samples) - ended > 0.9
    assert server.get(f"/api/cameras/{DOOR}/main/recordings")["recordings"]


def test_a_recording_that_grows_is_listed_as_such(server: Nvr, door: RtspCamera) -> None:
    server.make(of(door))
    begun(server)
    path = f"/api/cameras/{DOOR}/sub/recordings"
    assert wait_for(lambda: server.get(path)["recordings"], seconds=10)
    (found,) = server.get(path)["recordings"]
    assert found.pop("endTime90k") > found.pop("startTime90k") > 0
    assert found.pop("sampleFileBytes") > 0
    assert found.pop("videoSamples") > 0
    assert found == {
        "startId": 0,
        "runStartId": 0,
        "openId": 1,
        "firstUncommitted": 0,
        "growing": True,
        "videoSampleEntryId": found["videoSampleEntryId"],
    }
    entries = server.get(path)["videoSampleEntries"]
    assert entries[str(found["videoSampleEntryId"])]["width"] == 160


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "stream has no RTSP URL"),
        ("rtsp://admin:x@127.0.0.1/", "RTSP URL shouldn't include credentials"),
    ],
)
def test_a_recorded_stream_that_cannot_be_opened_ends_the_server(
    server: Nvr, url: str | None, said: str
) -> None:
    server.make(Camera("door", {"main": url or "rtsp://127.0.0.1/"}))
    if url is None:
        with opened(server.database / "db") as connection:
            connection.execute("update stream set config = json_remove(config, '$.url')")
    done = server.run("run", check=False)
    assert done.returncode == 1
    assert said in done.stderr


def test_two_servers_do_not_share_a_database(server: Nvr, door: RtspCamera) -> None:
    server.make(of(door))
    server.start()
    for words in (("run",), ("check",)):
        done = server.run(*words, check=False)
        assert done.returncode == 1
        assert "unable to get exclusive lock on db dir" in done.stderr
        assert "EAGAIN" in done.stderr


def test_check_opens_nothing_for_good(server: Nvr, door: RtspCamera) -> None:
    server.make(of(door))
    server.start()
    assert server.stop() == 0
    server.run("check")
    with opened(server.database / "db") as connection:
        assert connection.execute("select count(*) from open").fetchone() == (1,)


def test_the_open_of_a_directory_is_in_progress_for_good(server: Nvr, door: RtspCamera) -> None:
    server.make(of(door))
    server.start()
    found = DirMeta.read(server.samples)
    assert found.last_complete_open is None
    assert found.in_progress_open is not None
    assert found.in_progress_open.id == 1
    assert server.stop() == 0
    assert DirMeta.read(server.samples) == found


def test_a_log_has_colours_without_a_terminal(server: Nvr, door: RtspCamera) -> None:
    server.make(of(door))
    server.start()
    assert "\x1b[32m INFO\x1b[0m" in (server.folder / "log").read_text()


def test_no_threads_are_a_panic(server: Nvr, door: RtspCamera) -> None:
    server.make(of(door))
    config = server.folder / "nvr.toml"
    config.write_text(f"workerThreads = 0\n{config.read_text()}")
    done = server.run("run", check=False)
    assert done.returncode == -signal.SIGABRT
    assert "Worker threads cannot be set to 0" in done.stderr


def test_older_recordings_go_when_a_new_one_comes(server: Nvr, door: RtspCamera) -> None:
    """Where nothing is to be kept, the newest complete one is kept all the same."""
    server.make(of(door, retain_bytes=0))
    begun(server)
    for number in range(2):
        hung_up = time.time()
        door.hang_up()
        pause = hung_up + 0.9
        resumed = wait_for(lambda: written_after(server.samples, pause) == {1, 2}, seconds=10)  # noqa: B023
        assert resumed, server.log
        assert wait_for(lambda: numbers(server) == {number, number + 1}, seconds=5)  # noqa: B023
        assert {one.number for one in recordings(server.database)} == {number}


@pytest.mark.standin
@pytest.mark.parametrize(("way", "count"), [("lost", 0), ("kept", 1)])
def test_what_is_in_progress_at_a_stop_is_lost_or_kept(
    server: Nvr, door: RtspCamera, way: str, count: int
) -> None:
    server.make(of(door), stop=way)
    begun(server)
    assert server.stop() == 0
    assert [len(rows) for rows in by_stream(recordings(server.database)).values()] == [count] * 2
    begun(server)
    assert max(numbers(server)) == count, "the number of one that was lost is used again"


@pytest.mark.standin
def test_the_first_recording_of_a_run_is_longer(server: Nvr, door: RtspCamera) -> None:
    server.make(of(door), recording_seconds=2)
    begun(server)
    found: dict[int, list[Recorded]] = {}

    def three_each() -> bool:
        nonlocal found
        found = by_stream(recordings(server.database))
        return all(len(rows) >= 3 for rows in found.values())

    assert wait_for(three_each, seconds=20), server.log
    for rows in found.values():
        first, *others = (round(row.end - row.start, 1) for row in rows)
        assert 2 <= first <= 4.6
        assert all(1.4 <= duration <= 2.6 for duration in others)
        assert all(row.end == later.start for row, later in pairwise(rows))


@pytest.mark.standin
def test_completed_recordings_wait_for_a_flush_and_a_crash_loses_them(
    server: Nvr, door: RtspCamera
) -> None:
    server.make(of(door, flush_if_sec=600), recording_seconds=1)
    begun(server)
    path = f"/api/cameras/{DOOR}/main/recordings"

    def completed() -> bool:
        runs = server.get(path)["recordings"]
        return bool(runs) and runs[0].get("endId", 0) >= 2

    assert wait_for(completed, seconds=15)
    assert recordings(server.database) == []
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    assert recordings(server.database) == []
    begun(server)
    assert wait_for(completed, seconds=15)
    assert server.stop() == 0
    assert len(recordings(server.database)) >= 2, "a stop in good order keeps what is complete"
