"""What stands in a sample directory's `meta` file, and the locks on directories."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.standins.moonfire.program import MoonfireError, os_error
from tests.standins.moonfire.protobuf import bytes_field, read_message, read_varint, varint

META_LENGTH = 512


@dataclass(frozen=True)
class Open:
    """One row of the table `open`: a read-write opening of the database."""

    id: int
    uuid: bytes

    def encode(self) -> bytes:
        """Return the protobuf form used in `meta` files."""
        return varint(8) + varint(self.id) + bytes_field(2, self.uuid)

    @classmethod
    def decode(cls, data: bytes) -> Open:
        """Read the protobuf form used in `meta` files."""
        fields = dict(read_message(data))
        number, identity = fields.get(1, 0), fields.get(2, b"")
        if not isinstance(number, int) or not isinstance(identity, bytes):
            raise ValueError("not an Open message")
        return cls(number, identity)


@dataclass(frozen=True)
class DirMeta:
    """The `meta` file of a sample directory: 512 bytes, a varint length, a protobuf message."""

    db_uuid: bytes = b""
    dir_uuid: bytes = b""
    last_complete_open: Open | None = None
    in_progress_open: Open | None = None

    @classmethod
    def read(cls, directory: Path) -> DirMeta:
        """Read the file; a missing one is an empty message."""
        path = directory / "meta"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return cls()
        except OSError as err:
            raise os_error("unable to read meta file", err) from err
        try:
            if len(data) != META_LENGTH:
                raise ValueError(f"expected {META_LENGTH} bytes, got {len(data)}")
            length, start = read_varint(data, 0)
            fields: dict[int, Any] = dict(read_message(data[start : start + length]))
            opens = [Open.decode(fields[n]) if n in fields else None for n in (3, 4)]
        except (ValueError, IndexError) as err:
            raise MoonfireError("DATA_LOSS", f"unable to read meta file\ncaused by: {err}") from err
        return cls(fields.get(1, b""), fields.get(2, b""), *opens)

    def write(self, directory: Path) -> None:
        """Write the file in place, padded to its fixed length."""
        message = bytes_field(1, self.db_uuid) + bytes_field(2, self.dir_uuid)
        for number, opened in ((3, self.last_complete_open), (4, self.in_progress_open)):
            if opened is not None:
                message += bytes_field(number, opened.encode())
        data = (varint(len(message)) + message).ljust(META_LENGTH, b"\0")
        try:
            fd = os.open(directory / "meta", os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(fd, data)
                os.fsync(fd)
            finally:
                os.close(fd)
        except OSError as err:
            raise os_error("unable to write to meta file", err) from err


def lock_directory(path: Path, *, shared: bool) -> int:
    """Open a directory and flock it without waiting; the descriptor holds the lock."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd


def lock_db_dir(db_dir: Path, *, shared: bool = False) -> int:
    """Lock the database directory; the texts of the failures are the documented ones."""
    try:
        db_dir.stat()
    except FileNotFoundError:
        raise MoonfireError(
            "NOT_FOUND", f"db dir {db_dir} not found; try running moonfire-nvr init"
        ) from None
    except OSError as err:
        raise os_error(f"unable to open db dir {db_dir}", err) from err
    mode = "shared" if shared else "exclusive"
    try:
        return lock_directory(db_dir, shared=shared)
    except BlockingIOError as err:
        message = f"unable to get {mode} lock on db dir {db_dir} "
        raise MoonfireError("ABORTED", f"{message}\ncaused by: EAGAIN: {err.strerror}") from err
    except OSError as err:
        raise os_error(f"unable to open db dir {db_dir}", err) from err
