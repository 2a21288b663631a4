"""Limits of a systemd unit as the options of `docker run` that mean the same.

systemd.exec(5), systemd.resource-control(5), systemd.kill(5), and
https://docs.docker.com/reference/cli/docker/container/run/ .
"""

import re
from collections.abc import Callable, Mapping

Option = tuple[str, tuple[str, ...]]
PERIOD = 100_000
"""Microseconds: the period that the kernel counts a quota by, unless another is asked for."""


def docker_option(key: str, values: tuple[str, ...]) -> Option | None:
    """The option, by its long name, and its values; None where no option means the same.

    `key` is section and key, such as `Service.LimitNOFILE`; of several values the last one counts.
    """
    name, read = SAME_AS.get(key, (None, None))
    if name is None or read is None or not values:
        return None
    found = read(values if key in LISTS else values[-1:])
    return (name, found) if found else None


def _limit(name: str) -> Callable[[tuple[str, ...]], tuple[str, ...]]:
    def read(values: tuple[str, ...]) -> tuple[str, ...]:
        match = re.fullmatch(r"(\d+|infinity)(?::(\d+|infinity))?", values[-1])
        # systemd means fs.nr_open by it, and the kernel refuses more (setrlimit(2)).
        if match is None or (name == "nofile" and "infinity" in values[-1]):
            return ()
        return (f"{name}={values[-1].replace('infinity', '-1')}",)

    return read


def _quota(values: tuple[str, ...]) -> tuple[str, ...]:
    """Of one processor's time, so that 200% are two."""
    match = re.fullmatch(r"(\d+)%", values[-1])
    return (str(int(match[1]) * PERIOD // 100),) if match and int(match[1]) else ()


def _bytes(values: tuple[str, ...]) -> tuple[str, ...]:
    return values if re.fullmatch(r"\d+[KMGT]?", values[-1]) else ()


def _processors(values: tuple[str, ...]) -> tuple[str, ...]:
    return (",".join(values[-1].split()),)


def _groups(values: tuple[str, ...]) -> tuple[str, ...]:
    """An image knows no names of the host's."""
    return values if all(value.isdecimal() for value in values) else ()


def _as_they_are(values: tuple[str, ...]) -> tuple[str, ...]:
    return values


LISTS = frozenset({"Service.SupplementaryGroups"})
SAME_AS: Mapping[str, tuple[str, Callable[[tuple[str, ...]], tuple[str, ...]]]] = {
    "Service.AllowedCPUs": ("cpuset-cpus", _processors),
    "Service.CPUQuota": ("cpu-quota", _quota),
    "Service.KillSignal": ("stop-signal", _as_they_are),
    "Service.LimitCORE": ("ulimit", _limit("core")),
    "Service.LimitMEMLOCK": ("ulimit", _limit("memlock")),
    "Service.LimitNOFILE": ("ulimit", _limit("nofile")),
    "Service.LimitNPROC": ("ulimit", _limit("nproc")),
    "Service.MemoryLimit": ("memory", _bytes),
    "Service.MemoryMax": ("memory", _bytes),
    "Service.OOMScoreAdjust": ("oom-score-adj", _as_they_are),
    "Service.SupplementaryGroups": ("group-add", _groups),
}
"""The option of each key, and how its values are read."""
