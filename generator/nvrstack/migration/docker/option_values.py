"""Values of docker's options as Compose has them.

https://docs.docker.com/reference/compose-file/services/ . Values are docker's, or a Compose file's
own as compose/values.py writes them down. What cannot be said in Compose raises ValueError.
"""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

Values = Sequence[str]
Reader = Callable[[Values], Any]

UNITS = {unit: 1024**power for power, unit in enumerate(("", "k", "m", "g", "t", "p"))}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?", re.IGNORECASE)
_LENGTH = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


def size(text: str) -> int:
    """Bytes of a size such as 512m or 1.5GiB (docker's go-units). Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no size"
        raise ValueError(message)
    return int(float(match[1]) * UNITS[match[2].lower()])


def seconds(text: str) -> int:
    """Seconds of docker's number, or of a length in Compose's form such as 1m30s."""
    if text.isdecimal():
        return int(text)
    match = _LENGTH.fullmatch(text)
    if match is None or not text:
        message = f"{text!r} is no length of time"
        raise ValueError(message)
    hours, minutes, rest = (float(part or 0) for part in match.groups())
    return int(hours * 3600 + minutes * 60 + rest)


def texts(values: Values) -> list[Any]:
    """All values, each once: Compose refuses a list that says something twice."""
    return [_plain(value) for value in dict.fromkeys(values)]


def text(values: Values) -> str:
    """The last value as it stands."""
    return values[-1]


def integer(values: Values) -> int:
    """The last value as a whole number."""
    return int(values[-1])


def decimal(values: Values) -> float:
    """The last value as a number."""
    return float(values[-1])


def bytes_of(values: Values) -> int:
    """The last value as a number of bytes, -1 for no limit."""
    return -1 if values[-1] == "-1" else size(values[-1])


def length(values: Values) -> str:
    """The last value as a length of time."""
    return f"{seconds(values[-1])}s"


def switch(values: Values) -> bool:
    """Whether the last value is true."""
    return values[-1].lower() == "true"


def mapping(values: Values) -> dict[str, str]:
    """Values of the form NAME=value."""
    return dict(_pair(value) for value in values)


def ulimits(values: Values) -> dict[str, Any]:
    """Values of the form NAME=soft:hard, or NAME= and Compose's long form as JSON."""
    found: dict[str, Any] = {}
    for name, value in map(_pair, values):
        if value.startswith("{"):
            limits = json.loads(value)
            found[name] = {key: int(limit) for key, limit in limits.items()}
            continue
        soft, _, hard = value.partition(":")
        found[name] = {"soft": int(soft), "hard": int(hard or soft)}
    return found


def rates(values: Values) -> list[dict[str, Any]]:
    """Values of the form DEVICE:bytes a second, or operations."""
    return [{"path": path, "rate": size(rate)} for path, rate in map(_device, values)]


def weights(values: Values) -> list[dict[str, Any]]:
    """Values of the form DEVICE:weight."""
    return [{"path": path, "weight": int(weight)} for path, weight in map(_device, values)]


def _device(value: str) -> tuple[str, str]:
    path, _, number = value.rpartition(":")
    return path, number


def _pair(value: str) -> tuple[str, str]:
    name, _, rest = value.partition("=")
    return name, rest


def _plain(value: str) -> Any:
    """A value of a list; one in Compose's long form was written down as JSON."""
    return json.loads(value) if value.startswith("{") else value
