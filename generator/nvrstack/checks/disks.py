"""Whether each directory for recordings is on its disk, with room, and belongs to Moonfire."""

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.surroundings import Disk

GIB = 2**30
TIGHT = GIB
"""Below this Moonfire may fill a disk before it deletes: what it keeps free for each camera."""
FULL = 100 * 2**20


def disk_verdict(disk: Disk) -> Verdict:
    """The verdict on the disk below a directory: there, mounted, writable, with room, no UAS."""
    about = f"disk of {disk.path}"
    if disk.is_unmounted:
        return Verdict(
            about,
            Level.PROBLEM,
            f"/etc/fstab wants a disk at {disk.expected_mount}, but none is mounted there: "
            f"{disk.what} would fill the disk of {disk.mount or '/'}",
            f"sudo mount {disk.expected_mount}, then docker compose restart moonfire-nvr",
        )
    if disk.exists is None:
        text = "could not tell: only root may look there"
        return Verdict(about, Level.UNKNOWN, text, "sudo nvrstack doctor")
    if not disk.exists:
        text = f"the directory for {disk.what} is not there"
        return Verdict(about, Level.PROBLEM, text, f"sudo mkdir -p {disk.path}, or mount its disk")
    if disk.read_only:
        return Verdict(
            about,
            Level.PROBLEM,
            f"{disk.mount} is mounted read-only, as Linux does after an error of the disk",
            f"look for errors with `dmesg`, check the disk with fsck, then mount {disk.mount} anew",
        )
    return _room(about, disk)


def silent_disks() -> Verdict:
    """The verdict where a disk, such as a network's, did not answer in time."""
    return Verdict("disks", Level.UNKNOWN, "could not tell: one does not answer", "see `df -h`")


def owner_verdict(disk: Disk, ids: tuple[int, int]) -> Verdict:
    """The verdict on whether the user with these ids, uid and gid, may write in a directory."""
    about = f"owner of {disk.path}"
    uid, gid = ids
    shift = 6 if disk.owner[0] == uid else 3 if disk.owner[1] == gid else 0
    if disk.mode >> shift & 0o3 == 0o3:
        return Verdict(about, Level.FINE, f"{uid}:{gid} may write {disk.what} there")
    text = f"belongs to {disk.owner[0]}:{disk.owner[1]}, so that {uid}:{gid} cannot write there"
    return Verdict(about, Level.PROBLEM, text, f"sudo chown -R {uid}:{gid} {disk.path}")


def _room(about: str, disk: Disk) -> Verdict:
    room = f"{disk.free / GIB:.1f} GiB free"
    if disk.free < TIGHT:
        level = Level.PROBLEM if disk.free < FULL else Level.WARNING
        return Verdict(about, level, room, f"make room on {disk.mount}, or record less")
    if disk.uas is not None:
        return _uas(about, room, disk)
    return Verdict(about, Level.FINE, f"{room} on {disk.mount}")


def _uas(about: str, room: str, disk: Disk) -> Verdict:
    """USB bridges that speak UAS badly lose data: Moonfire's guide/troubleshooting.md."""
    quirk = f"usb-storage.quirks={disk.uas}:u"
    remedy = f"switch UAS off: add {quirk} to the kernel's command line and restart"
    if disk.uas_errors:
        text = f"{room}, but its USB bridge ({disk.uas}) fails with UAS; recordings get damaged"
        return Verdict(about, Level.PROBLEM, text, f"{remedy}, then check the disk with fsck")
    log = "no errors in the kernel's log" if disk.uas_errors is False else "see `dmesg`"
    text = f"{room}; its USB bridge ({disk.uas}) speaks UAS, which some do badly; {log}"
    return Verdict(about, Level.WARNING, text, f"if dmesg says uas_eh_abort_handler, {remedy}")
