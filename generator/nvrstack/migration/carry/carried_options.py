"""Options of `docker run` as keys of a Compose service.

https://docs.docker.com/reference/compose-file/services/ . Values are docker's, or a Compose file's
own as migration/compose.py writes them down. What cannot be said in Compose raises ValueError.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Key = tuple[str, Any]
Values = Sequence[str]

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


def _list(key: str) -> Callable[[Values], Key]:
    # Compose refuses a list that says something twice.
    return lambda values: (key, [_plain(value) for value in dict.fromkeys(values)])


def _text(key: str) -> Callable[[Values], Key]:
    return lambda values: (key, values[-1])


def _integer(key: str) -> Callable[[Values], Key]:
    return lambda values: (key, int(values[-1]))


def _bytes(key: str) -> Callable[[Values], Key]:
    return lambda values: (key, -1 if values[-1] == "-1" else size(values[-1]))


def _mapping(key: str) -> Callable[[Values], Key]:
    return lambda values: (key, dict(_pair(value) for value in values))


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _plain(text: str) -> Any:
    """A value of a list; one in Compose's long form was written down as JSON."""
    return json.loads(text) if text.startswith("{") else text


def _ulimits(values: Values) -> Key:
    found: dict[str, Any] = {}
    for name, value in map(_pair, values):
        if value.startswith("{"):
            limits = json.loads(value)
            found[name] = {key: int(limit) for key, limit in limits.items()}
            continue
        soft, _, hard = value.partition(":")
        found[name] = {"soft": int(soft), "hard": int(hard or soft)}
    return "ulimits", found


def _switch(key: str) -> Callable[[Values], Key]:
    return lambda values: (key, values[-1].lower() == "true")


def _throttle(key: str, unit: str) -> Callable[[Values], Key]:
    def read(values: Values) -> Key:
        pairs = (value.rpartition(":") for value in values)
        return "blkio_config", {key: [{"path": p, unit: _rate(unit, r)} for p, _, r in pairs]}

    return read


def _rate(unit: str, text: str) -> int:
    return int(text) if unit == "weight" else size(text)


CARRIED: Mapping[str, Callable[[Values], Key]] = {
    "add-host": _list("extra_hosts"),
    "annotation": _mapping("annotations"),
    "blkio-weight": lambda values: ("blkio_config", {"weight": int(values[-1])}),
    "blkio-weight-device": _throttle("weight_device", "weight"),
    "cgroup-parent": _text("cgroup_parent"),
    "cpu-period": _integer("cpu_period"),
    "cpu-quota": _integer("cpu_quota"),
    "cpu-rt-period": _integer("cpu_rt_period"),
    "cpu-rt-runtime": _integer("cpu_rt_runtime"),
    "cpu-shares": _integer("cpu_shares"),
    "cpus": lambda values: ("cpus", float(values[-1])),
    "cpuset-cpus": _text("cpuset"),
    "device": _list("devices"),
    "device-cgroup-rule": _list("device_cgroup_rules"),
    "device-read-bps": _throttle("device_read_bps", "rate"),
    "device-read-iops": _throttle("device_read_iops", "rate"),
    "device-write-bps": _throttle("device_write_bps", "rate"),
    "device-write-iops": _throttle("device_write_iops", "rate"),
    "dns": _list("dns"),
    "dns-option": _list("dns_opt"),
    "dns-search": _list("dns_search"),
    "domainname": _text("domainname"),
    "group-add": _list("group_add"),
    "hostname": _text("hostname"),
    "init": _switch("init"),
    "label": _mapping("labels"),
    "memory": _bytes("mem_limit"),
    "memory-reservation": _bytes("mem_reservation"),
    "memory-swap": _bytes("memswap_limit"),
    "memory-swappiness": _integer("mem_swappiness"),
    "oom-score-adj": _integer("oom_score_adj"),
    "platform": _text("platform"),
    "runtime": _text("runtime"),
    "shm-size": _bytes("shm_size"),
    "stop-signal": _text("stop_signal"),
    "stop-timeout": lambda values: ("stop_grace_period", f"{seconds(values[-1])}s"),
    "storage-opt": _mapping("storage_opt"),
    "sysctl": _mapping("sysctls"),
    "ulimit": _ulimits,
    "userns": _text("userns_mode"),
}
"""The key of the service, and its value, for the values of an option."""
