"""The little of protobuf that the database and the sample directories need."""

from __future__ import annotations

from collections.abc import Iterator


def varint(number: int) -> bytes:
    """Encode a protobuf varint."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Decode a varint; return it and the position behind it."""
    number = shift = 0
    while True:
        byte = data[position]
        number |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return number, position


def read_message(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield field number and value for the varint and length-delimited fields of a message."""
    position = 0
    while position < len(data):
        key, position = read_varint(data, position)
        number, position = read_varint(data, position)
        if key & 7 == 2:
            yield key >> 3, data[position : position + number]
            position += number
        elif key & 7 == 0:
            yield key >> 3, number
        else:
            raise ValueError(f"unexpected wire type {key & 7}")


def bytes_field(number: int, value: bytes) -> bytes:
    """Encode a length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(value)) + value
