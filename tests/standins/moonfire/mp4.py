"""MP4 files around recordings: their sizes, their order and their bytes of video are right.

The boxes of the head hold no index, so that no player can show them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PIECE = 1 << 18
LONGEST_SIZE = 1 << 32


def box(kind: bytes, content: bytes, behind: int = 0) -> bytes:
    """A box (ISO/IEC 14496-12, 4.2), or the head of one whose last `behind` bytes come later."""
    size = 8 + len(content) + behind
    if size < LONGEST_SIZE:
        return struct.pack(">I4s", size, kind) + content
    return struct.pack(">I4sQ", 1, kind, size + 8) + content


@dataclass(frozen=True)
class Mp4:
    """A file that is made as it is read: a head, then the files of recordings."""

    head: bytes
    files: tuple[tuple[Path, int], ...]

    @property
    def length(self) -> int:
        """Its size in bytes."""
        return len(self.head) + sum(size for _, size in self.files)

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """A stretch of it, in pieces."""
        if start < len(self.head):
            yield self.head[start:end]
        position = len(self.head)
        for path, size in self.files:
            first, last = max(start, position), min(end, position + size)
            if first < last:
                with path.open("rb") as file:
                    file.seek(first - position)
                    while first < last:
                        piece = file.read(min(PIECE, last - first))
                        if not piece:
                            message = f"{path} is shorter than the database says"
                            raise OSError(message)
                        first += len(piece)
                        yield piece
            position += size


def movie(entries: list[bytes], files: list[tuple[Path, int]], *, segment: bool) -> Mp4:
    """`view.mp4`, or `view.m4s` where it is a segment."""
    size = sum(length for _, length in files)
    if segment:
        head = box(b"styp", b"msdh\0\0\0\0msdhmsix")
        head += box(b"moof", box(b"mfhd", struct.pack(">II", 0, 1)))
    else:
        head = box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41") + init_box(entries)
    return Mp4(head + box(b"mdat", b"", size), tuple(files))


def init_box(entries: list[bytes]) -> bytes:
    """The box that names the frames' descriptions."""
    described = box(b"stsd", struct.pack(">II", 0, len(entries)) + b"".join(entries))
    return box(b"moov", box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", described)))))
