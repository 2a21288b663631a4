"""The options of `docker run`, and the words of a call taken apart as docker itself does it.

Options: https://docs.docker.com/reference/cli/docker/container/run/ ; rules of the words:
https://pkg.go.dev/github.com/spf13/pflag, with options ending at the first operand.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nvrstack.migration.words import Unknown, Word

SWITCHES = frozenset(
    {
        "detach", "disable-content-trust", "help", "init", "interactive", "no-healthcheck",
        "oom-kill-disable", "privileged", "publish-all", "quiet", "read-only", "rm", "sig-proxy",
        "tty", "use-api-socket",
    }
)  # fmt: skip
"""Options that take no value, unless it is glued to them: --detach=false."""
WITH_VALUE = frozenset(
    {
        "add-host", "annotation", "attach", "blkio-weight", "blkio-weight-device", "cap-add",
        "cap-drop", "cgroup-parent", "cgroupns", "cidfile", "cpu-count", "cpu-percent",
        "cpu-period", "cpu-quota", "cpu-rt-period", "cpu-rt-runtime", "cpu-shares", "cpus",
        "cpuset-cpus", "cpuset-mems", "detach-keys", "device", "device-cgroup-rule",
        "device-read-bps", "device-read-iops", "device-write-bps", "device-write-iops", "dns",
        "dns-option", "dns-search", "domainname", "entrypoint", "env", "env-file", "expose",
        "gpus", "group-add", "health-cmd", "health-interval", "health-retries",
        "health-start-interval", "health-start-period", "health-timeout", "hostname",
        "io-maxbandwidth", "io-maxiops", "ip", "ip6", "ipc", "isolation", "kernel-memory", "label",
        "label-file", "link", "link-local-ip", "log-driver", "log-opt", "mac-address", "memory",
        "memory-reservation", "memory-swap", "memory-swappiness", "mount", "name", "network",
        "network-alias", "oom-score-adj", "pid", "pids-limit", "platform", "publish", "pull",
        "restart", "runtime", "security-opt", "shm-size", "stop-signal", "stop-timeout",
        "storage-opt", "sysctl", "tmpfs", "ulimit", "user", "userns", "uts", "volume",
        "volume-driver", "volumes-from", "workdir",
    }
)  # fmt: skip
OTHER_NAMES = {"net": "network", "net-alias": "network-alias", "dns-opt": "dns-option"}
"""Names from before, which docker takes without saying so in its help."""
SHORT = {
    "a": "attach", "c": "cpu-shares", "d": "detach", "e": "env", "h": "hostname",
    "i": "interactive", "l": "label", "m": "memory", "p": "publish", "P": "publish-all",
    "q": "quiet", "t": "tty", "u": "user", "v": "volume", "w": "workdir",
}  # fmt: skip
REPEATABLE = frozenset(
    {
        "add-host", "annotation", "attach", "blkio-weight-device", "cap-add", "cap-drop", "device",
        "device-cgroup-rule", "device-read-bps", "device-read-iops", "device-write-bps",
        "device-write-iops", "dns", "dns-option", "dns-search", "env", "env-file", "expose",
        "gpus", "group-add", "label", "label-file", "link", "link-local-ip", "log-opt", "mount",
        "network", "network-alias", "publish", "security-opt", "storage-opt", "sysctl", "tmpfs",
        "ulimit", "volume", "volumes-from",
    }
)  # fmt: skip
"""Options whose values add up; of the others the last one counts."""
GLOBAL_WITH_VALUE = frozenset(
    {"--config", "--context", "-c", "--host", "-H", "--log-level", "-l", "--tlscacert", "--tlscert",
     "--tlskey"}
)  # fmt: skip
"""Options of docker itself, in front of the command."""
YES = frozenset({"1", "t", "T", "true", "TRUE", "True"})
NO = frozenset({"0", "f", "F", "false", "FALSE", "False"})


class OptionError(ValueError):
    """Words that docker refuses; the text says why, as half a sentence."""


@dataclass(frozen=True)
class RunCommand:
    """The words of `docker run` taken apart: options by their long names, image, arguments.

    `extra` has words of which nobody can tell how many options they stand for.
    """

    options: dict[str, tuple[Word, ...]] = field(default_factory=dict)
    image: Word | None = None
    command: tuple[Word, ...] = ()
    extra: tuple[Unknown, ...] = ()


def subcommand(words: Sequence[Word]) -> tuple[str, tuple[Word, ...]]:
    """What a call of docker does, and the words behind that: `run` for `container run` too.

    The first is empty where it cannot be told.
    """
    left = list(words)
    while left and isinstance(left[0], str) and left[0].startswith("-"):
        option = left.pop(0)
        if option in GLOBAL_WITH_VALUE and left:
            del left[0]
    if left[:1] == ["container"]:
        del left[0]
    if not left or isinstance(left[0], Unknown):
        return "", tuple(left)
    return str(left[0]), tuple(left[1:])


def parse_run(words: Sequence[Word]) -> RunCommand:
    """Take apart the words behind `docker run`. Raises OptionError for what docker refuses."""
    left = list(words)
    found: dict[str, list[Word]] = {}
    extra: list[Unknown] = []
    while left:
        word = left[0]
        if isinstance(word, Unknown):
            told = _partly_known(word)
            if told is None and _is_image(left):
                break
            del left[0]
            if told is None:
                extra.append(word)
            elif told[1] is None:
                _add(found, told[0], left.pop(0) if left else _missing(f"--{told[0]}"))
            else:
                _add(found, told[0], told[1])
            continue
        if word in {"-", ""} or not word.startswith("-"):
            break
        del left[0]
        if word == "--":
            break
        for name, value in _long(word, left) if word.startswith("--") else _short(word, left):
            _add(found, name, value)
    return RunCommand(
        {name: tuple(values) for name, values in found.items()},
        left[0] if left else None,
        tuple(left[1:]),
        tuple(extra),
    )


def is_on(values: Sequence[Word]) -> bool:
    """Whether a switch with these values is on."""
    return bool(values) and values[-1] == "true"


def _add(found: dict[str, list[Word]], name: str, value: Word) -> None:
    if name in REPEATABLE:
        found.setdefault(name, []).append(value)
    else:
        found[name] = [value]


def _long(word: str, left: list[Word]) -> Iterator[tuple[str, Word]]:
    given, equals, value = word[2:].partition("=")
    name = OTHER_NAMES.get(given, given)
    if name in SWITCHES:
        yield name, _switch(f"--{given}", value) if equals else "true"
    elif name in WITH_VALUE:
        if not equals and not left:
            _missing(f"--{given}")
        yield name, value if equals else left.pop(0)
    else:
        raise OptionError(f"--{given} is no option of docker run")


def _short(word: str, left: list[Word]) -> Iterator[tuple[str, Word]]:
    """One dash and several letters: switches, and at last perhaps one that takes a value."""
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        name = SHORT.get(letter)
        if name is None:
            raise OptionError(f"-{letter} is no option of docker run")
        if name in SWITCHES:
            if letters.startswith("="):
                yield name, _switch(f"-{letter}", letters[1:])
                return
            yield name, "true"
            continue
        if letters:
            yield name, letters.removeprefix("=") if len(letters) > 1 else letters
        else:
            yield name, left.pop(0) if left else _missing(f"-{letter}")
        return


def _switch(option: str, value: str) -> str:
    if value not in YES | NO:
        raise OptionError(f"{option}={value} is neither true nor false")
    return "true" if value in YES else "false"


def _missing(option: str) -> str:
    raise OptionError(f"{option} has no value")


def _partly_known(word: Unknown) -> tuple[str, Unknown | None] | None:
    """The option in a word such as `--user=$(…)`, and its value; None where it is none."""
    match = re.match(r"[\"']?--([a-z-]+)=", word.text)
    if match is not None:
        name = OTHER_NAMES.get(match[1], match[1])
        if name in WITH_VALUE | SWITCHES:
            return name, Unknown(word.text[match.end() :], word.line)
    match = re.match(r"[\"']?-([a-zA-Z])=?", word.text)
    if match is not None and SHORT.get(match[1]) in WITH_VALUE:
        return SHORT[match[1]], Unknown(word.text[match.end() :], word.line)
    return None


def _is_image(left: list[Word]) -> bool:
    """Whether an unknown word in front of an option's place is rather the image."""
    return len(left) == 1 or left[1] == "run"
