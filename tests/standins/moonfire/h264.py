"""H.264 as cameras send it: RTP packets (RFC 6184) to frames, parameter sets to a sample entry."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

KEY, SPS, PPS, DELIMITER, STAP_A, FU_A = 5, 7, 8, 9, 24, 28
HIGH_PROFILES = (100, 110, 122, 244, 44, 83, 86, 118, 128)


@dataclass(frozen=True)
class Frame:
    """A picture as MP4 files hold it: NAL units behind their lengths."""

    data: bytes
    pts_90k: int
    is_key: bool


@dataclass(frozen=True)
class SampleEntry:
    """What a decoder has to know before the first frame."""

    width: int
    height: int
    codec: str
    data: bytes


@dataclass
class Frames:
    """Puts frames together, packet by packet; a frame ends with its last packet's mark."""

    _units: list[bytes] = field(default_factory=list)
    _fragment: bytearray = field(default_factory=bytearray)
    _last: int | None = None
    _pts: int = 0

    def add(self, packet: bytes) -> Frame | None:
        """Take an RTP packet (RFC 3550); return the frame that it completes."""
        first, kind, _, stamp = struct.unpack(">BBHI", packet[:8])
        start = 12 + 4 * (first & 0x0F)
        if first & 0x10:
            start += 4 + 4 * int(struct.unpack(">H", packet[start + 2 : start + 4])[0])
        end = len(packet) - (packet[-1] if first & 0x20 else 0)
        self._unpack(packet[start:end])
        if not kind & 0x80:
            return None
        if self._last is not None:
            # The difference of two 32-bit clocks that may have wrapped.
            self._pts += (stamp - self._last + (1 << 31)) % (1 << 32) - (1 << 31)
        self._last = stamp
        units = [unit for unit in self._units if unit[0] & 0x1F not in (SPS, PPS, DELIMITER)]
        self._units = []
        if not units:
            return None
        data = b"".join(struct.pack(">I", len(unit)) + unit for unit in units)
        return Frame(data, self._pts, any(unit[0] & 0x1F == KEY for unit in units))

    def _unpack(self, payload: bytes) -> None:
        kind = payload[0] & 0x1F
        if kind == STAP_A:
            position = 1
            while position + 2 < len(payload):
                (length,) = struct.unpack(">H", payload[position : position + 2])
                self._units.append(payload[position + 2 : position + 2 + length])
                position += 2 + length
        elif kind == FU_A:
            if payload[1] & 0x80:
                self._fragment = bytearray([payload[0] & 0xE0 | payload[1] & 0x1F])
            self._fragment += payload[2:]
            if payload[1] & 0x40:
                self._units.append(bytes(self._fragment))
        elif payload:
            self._units.append(payload)


def sample_entry(sps: bytes, pps: bytes) -> SampleEntry:
    """The sample entry `avc1` (ISO/IEC 14496-15, 5.4.2) of a stream with these parameter sets."""
    width, height = dimensions(sps)
    record = bytes([1, *sps[1:4], 0xFF, 0xE1]) + struct.pack(">H", len(sps)) + sps
    record += b"\x01" + struct.pack(">H", len(pps)) + pps
    head = bytes(6) + b"\0\1" + bytes(16) + struct.pack(">HH", width, height)
    head += bytes.fromhex("0048000000480000") + bytes(4) + b"\0\1" + bytes(32) + b"\0\x18\xff\xff"
    avcc = struct.pack(">I4s", 8 + len(record), b"avcC") + record
    data = struct.pack(">I4s", 8 + len(head) + len(avcc), b"avc1") + head + avcc
    return SampleEntry(width, height, f"avc1.{sps[1:4].hex()}", data)


class _Bits:
    """Reads a NAL unit bit by bit, without its emulation prevention (ITU-T H.264, 7.3.1)."""

    def __init__(self, unit: bytes) -> None:
        raw = unit.replace(b"\0\0\3", b"\0\0")
        self._bits = "".join(f"{byte:08b}" for byte in raw)
        self._position = 0

    def take(self, count: int) -> int:
        """An unsigned number of so many bits."""
        self._position += count
        return int(self._bits[self._position - count : self._position] or "0", 2)

    def golomb(self) -> int:
        """An Exp-Golomb number, unsigned (9.1)."""
        zeros = 0
        while self.take(1) == 0:
            zeros += 1
        return (1 << zeros) - 1 + (self.take(zeros) if zeros else 0)


def dimensions(sps: bytes) -> tuple[int, int]:
    """Width and height in pixels that a sequence parameter set tells (7.3.2.1.1)."""
    bits = _Bits(sps[1:])
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = 1
    if profile in HIGH_PROFILES:
        chroma = bits.golomb()
        bits.golomb(), bits.golomb()
        bits.take(1)
        if bits.take(1):
            raise ValueError("a scaling matrix is more than this reader knows")
    bits.golomb()
    order = bits.golomb()
    if order == 0:
        bits.golomb()
    elif order == 1:
        bits.take(1)
        bits.golomb(), bits.golomb()
        for _ in range(bits.golomb()):
            bits.golomb()
    bits.golomb()
    bits.take(1)
    width, height = 16 * (bits.golomb() + 1), bits.golomb() + 1
    only_frames = bits.take(1)
    height *= 16 * (2 - only_frames)
    if not only_frames:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        unit = 2 if chroma in (1, 2) else 1
        left, right, top, bottom = (bits.golomb() for _ in range(4))
        width -= unit * (left + right)
        height -= unit * (2 - only_frames) * (top + bottom)
    return width, height
