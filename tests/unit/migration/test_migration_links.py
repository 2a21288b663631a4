"""Links of a unit's host on the way to the database and the recordings, which a container lacks."""

import json
import os
import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from nvrstack.host.container_paths import leads_to, on_host
from nvrstack.migration.moonfire.places import outermost
from tests.unit import host_trees
from tests.unit.commands import nvrstack

STATE = "/var/lib/moonfire-nvr"


def link(root: Path, path: str, target: str) -> None:
    """A link in the place of whatever empty directory is there."""
    place = root / path.lstrip("/")
    if place.is_dir():
        place.rmdir()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def folder(root: Path, path: str) -> None:
    (root / path.lstrip("/")).mkdir(parents=True, exist_ok=True)


def host(root: Path, samples: str) -> Path:
    root.mkdir()
    return host_trees.systemd(host_trees.host(root, samples=samples))


def planned(root: Path) -> dict[str, Any]:
    words = ("plan", "--json", "--root", root, "--no-docker")
    return nvrstack("migrate", root.parent / "project", *words).json()


def mounted(found: dict[str, Any]) -> list[str]:
    assert found["blockers"] == []
    return list(tomllib.loads(found["settings"])["moonfire"]["sample_dirs"])


def codes(found: dict[str, Any]) -> list[str]:
    return [finding["code"] for finding in found["blockers"]]


def test_a_linked_directory_of_recordings_is_mounted_where_its_link_leads(tmp_path: Path) -> None:
    root = host(tmp_path / "root", f"{STATE}/sample")
    link(root, f"{STATE}/sample", "/media/disk/sample")
    folder(root, "/media/disk/sample")
    assert mounted(planned(root)) == ["/media/disk/sample"]
    words = ("plan", "--root", root, "--no-docker")
    told = nvrstack("migrate", tmp_path / "project", *words).stdout
    assert f"{STATE}/sample leads to /media/disk/sample by a link" in told


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("../../../media/disk", ["/media/disk/sample"]),
        ("/media/disk", ["/media/disk/sample"]),
        ("/linked", ["/linked/sample"]),
        ("inner", []),
        (f"{STATE}/inner", []),
    ],
)
def test_a_link_on_the_way_to_recordings(tmp_path: Path, target: str, found: list[str]) -> None:
    root = host(tmp_path / "root", "/media/disk/sample")
    folder(root, f"{STATE}/inner/sample")
    link(root, "/linked", "media/disk")
    link(root, f"{STATE}/disks", target)
    place = root / f"{STATE.lstrip('/')}/db/db"
    with closing(sqlite3.connect(place)) as connection:
        config = json.dumps({"path": f"{STATE}/disks/sample"})
        connection.execute("update sample_file_dir set config = ?", (config,))
        connection.commit()
    assert mounted(planned(root)) == found


def test_a_state_directory_that_is_a_link_itself_goes_along(tmp_path: Path) -> None:
    root = host(tmp_path / "root", f"{STATE}/sample")
    (root / "ssd").mkdir()
    (root / STATE.lstrip("/")).rename(root / "ssd/nvr")
    link(root, STATE, "/ssd/nvr")
    found = planned(root)
    assert mounted(found) == []
    assert tomllib.loads(found["settings"])["moonfire"]["state_dir"] == STATE
    # From there, a relative link leads elsewhere than from the container's mount point.
    folder(root, "/ssd/disk")
    link(root, "/ssd/nvr/sample", "../disk")
    found = planned(root)
    assert codes(found) == ["sample-dir-linked"]
    assert "leads to /ssd/disk by a link" in found["blockers"][0]["message"]
    link(root, "/ssd/nvr/whole", "/ssd/disk")
    (root / "ssd/nvr/whole").rename(root / "ssd/nvr/sample")
    assert mounted(planned(root)) == ["/ssd/disk"]


def test_directories_inside_of_others_are_mounted_with_them_unless_links_lead_out(
    tmp_path: Path,
) -> None:
    root = host(tmp_path / "root", "/media/nvr")
    folder(root, "/media/nvr/two")
    host_trees.recorded_in(root, "/media/nvr/two", "/media/nvr/two")
    assert mounted(planned(root)) == ["/media/nvr"]
    folder(root, "/media/usb/deep")
    link(root, "/media/nvr/two", "/media/usb")
    assert mounted(planned(root)) == ["/media/nvr", "/media/usb"]
    # What is mounted for the sake of a link may have links of its own.
    folder(root, "/srv/three")
    link(root, "/media/usb/three", "/srv/three")
    link(root, f"{STATE}/three", "/media/usb/three")
    host_trees.recorded_in(root, f"{STATE}/three")
    assert sorted(mounted(planned(root))) == ["/media/nvr", "/media/usb", "/srv/three"]


def test_a_linked_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    root = host(tmp_path / "root", f"{STATE}/sample")
    link(root, f"{STATE}/sample", "/media/gone")
    assert codes(planned(root)) == ["sample-dir-absent"]
    link(root, "/media/gone", f"{STATE}/sample")
    assert codes(planned(root)) == ["sample-dir-absent"]


@pytest.mark.parametrize("target", ["/ssd/db", "../../../ssd/db", "inner/db", "/var/lib/db"])
def test_a_linked_database_blocks_and_the_way_out_is_named(tmp_path: Path, target: str) -> None:
    root = host(tmp_path / "root", "/media/nvr")
    here = root / STATE.lstrip("/")
    goal = Path(os.path.normpath(f"{STATE}/{target}" if target[0] != "/" else target))
    moved = root / str(goal).lstrip("/")
    moved.parent.mkdir(exist_ok=True)
    (here / "db").rename(moved)
    link(root, f"{STATE}/db", target)
    (blocker,) = planned(root)["blockers"]
    assert blocker["code"] == "database-linked"
    assert blocker["message"].startswith(f"{STATE}/db is a link to {goal}, but ")
    assert f"`{goal} {STATE}/db none bind 0 0` to /etc/fstab" in blocker["hint"]


def test_a_database_linked_within_its_own_directory_goes_along(tmp_path: Path) -> None:
    root = host(tmp_path / "root", "/media/nvr")
    here = root / STATE.lstrip("/")
    (here / "db").rename(here / "database")
    link(root, f"{STATE}/db", "database")
    assert mounted(planned(root)) == ["/media/nvr"]


def test_links_inside_a_container_are_as_before(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    root = host_trees.compose(host_trees.host(tmp_path / "root", samples=f"{STATE}/sample"))
    folder(root, "/media/disk")
    link(root, f"{STATE}/sample", "/media/disk")
    assert mounted(planned(root)) == []


def test_paths_of_a_container(tmp_path: Path) -> None:
    mounts = {
        PurePosixPath("/data"): PurePosixPath("/srv"),
        PurePosixPath("/data/in"): PurePosixPath("/other"),
    }
    link(tmp_path, "/srv/out", "../../x")
    link(tmp_path, "/srv/in", "/hidden/by/a/mount")
    link(tmp_path, "/other/back", "../out/y")
    link(tmp_path, "/srv/a", "b")
    link(tmp_path, "/srv/b", "a")

    def lead(path: str) -> str | None:
        found = leads_to(tmp_path, mounts, PurePosixPath(path))
        return None if found is None else str(found)

    assert lead("/data/in/z") == "/data/in/z"
    assert lead("/data/out") == "/x"
    assert lead("/data/in/back") == "/x/y"
    assert lead("/srv/out/../out") == "/srv/out"
    assert lead("/data/a") is None
    assert on_host(mounts, PurePosixPath("/data/in/z")) == PurePosixPath("/other/z")
    assert on_host(mounts, PurePosixPath("/elsewhere")) is None


def test_outermost_directories() -> None:
    paths = [PurePosixPath(path) for path in ("/a/b", "/c", "/a", "/ab", "/a", "/a/b/c")]
    assert list(map(str, outermost(paths))) == ["/c", "/a", "/ab"]
