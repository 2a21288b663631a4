"""The flags of Moonfire's `run`, as every version from 2016 on knew them.

From version 0.7.2 on there are only `--config` and `--read-only`; everything else moved into the
configuration file (upstream's CHANGELOG.md).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

WITH_VALUE = (
    "--config", "--db-dir", "--ui-dir", "--http-addr", "--http-port",
    "--allow-unauthenticated-permissions", "--worker-threads", "--rtsp-library", "--rtsp-transport",
    "--sample-file-dir",
)  # fmt: skip
SWITCHES = ("--trust-forward-hdrs", "--read-only", "--object-detection", "--require-auth")
STILL_KNOWN = frozenset({"--config", "--read-only"})


@dataclass(frozen=True)
class ServerFlags:
    """What the arguments of `run` say: each known flag once, the last one counting.

    A switch without a value is "true". `unknown` holds the arguments that no version knows.
    """

    given: Mapping[str, str]
    unknown: tuple[str, ...] = ()

    @property
    def config(self) -> str | None:
        """The configuration file that is named, as the container sees it."""
        return self.given.get("--config")

    @property
    def old(self) -> tuple[str, ...]:
        """The flags that versions from 0.7.2 on refuse."""
        return tuple(flag for flag in self.given if flag not in STILL_KNOWN)

    @property
    def anonymous_permissions(self) -> Mapping[str, bool] | None:
        """What whoever is not signed in may do; None when they may do nothing.

        The flag has the form of protobuf's text format: `view_video: true`. Before it there was
        `--require-auth`, which had to be asked for.
        """
        text = self.given.get("--allow-unauthenticated-permissions")
        if text is not None:
            found = re.findall(r"(\w+)\s*:\s*(\w+)", text)
            return {name: value in {"true", "t", "1"} for name, value in found}
        if self.given.get("--require-auth") == "false":
            return {"view_video": True}
        return None


def read_flags(arguments: Sequence[str]) -> ServerFlags:
    """Read the arguments of Moonfire's server; a leading `run` may be there or not."""
    words = list(arguments)
    if words[:1] == ["run"]:
        del words[0]
    given: dict[str, str] = {}
    unknown = []
    while words:
        word = words.pop(0)
        flag, equals, value = word.partition("=")
        if flag.startswith("-c") and not flag.startswith("--"):
            # -cPATH and -c=PATH are one word, too.
            flag, equals, value = "--config", word[2:], word[2:].removeprefix("=")
        if flag in WITH_VALUE and (equals or words):
            given[flag] = value if equals else words.pop(0)
        elif flag in SWITCHES:
            given[flag] = value if equals else "true"
        else:
            unknown.append(word)
    return ServerFlags(MappingProxyType(given), tuple(unknown))
