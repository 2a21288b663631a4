"""A file of `docker run --env-file`, which is no shell and no `.env` of Compose's.

Values are taken as they stand, quotes and remarks behind them included:
https://docs.docker.com/reference/cli/docker/container/run/#env
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nvrstack.migration.docker.options import OptionError


@dataclass(frozen=True)
class EnvFile:
    """The variables that a file sets, and the names that it takes from whoever calls docker."""

    values: Mapping[str, str]
    from_caller: tuple[str, ...] = ()


def read_env_file(text: str) -> EnvFile:
    """Read the text of such a file. Raises OptionError for what docker refuses."""
    values: dict[str, str] = {}
    from_caller: list[str] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        entry = line.removesuffix("\r").lstrip()
        if not entry or entry.startswith("#"):
            continue
        name, equals, value = entry.partition("=")
        if not name or any(character.isspace() for character in name):
            raise OptionError(f"line {number} is not NAME=value: {entry}")
        if equals:
            values[name] = value
        else:
            from_caller.append(name)
    return EnvFile(values, tuple(from_caller))
