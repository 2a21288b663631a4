"""What becomes of every option of an install: none is dropped in silence."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from nvrstack.migration.carry.accounted import (
    Accounted,
    Decision,
    Fate,
    in_override,
    left_out,
    replaced,
)
from nvrstack.migration.carry.accounted_fields import field_decisions
from nvrstack.migration.carry.accounted_mounts import mount_decisions
from nvrstack.migration.carry.option_fates import NOT_UNDERSTOOD, UNFAMILIAR, fate_of
from nvrstack.migration.carry.override import merged, text_of
from nvrstack.migration.docker.option_table import BY_NAME, LeftOut, Replaced
from nvrstack.migration.docker.option_values import seconds, size
from nvrstack.migration.install import Install
from nvrstack.migration.moonfire.places import STATE
from nvrstack.migration.systemd.unit_options import docker_option

__all__ = ["Accounted", "Fate", "account", "override", "override_text"]

SERVICE = "moonfire-nvr"
GRACE = 90
"""Seconds that the project gives Moonfire to end."""
MEMORY = 1024**3
"""Bytes of the default of moonfire.memory_limit."""


def account(
    install: Install, sample_dirs: Sequence[str] = (), state: PurePosixPath = STATE
) -> tuple[Accounted, ...]:
    """What becomes of each option; `sample_dirs` are those that the settings will have.

    `state` is Moonfire's path of what becomes the state directory.
    """
    return tuple(decision.told for decision in _decisions(install, sample_dirs, state))


def override(
    install: Install, sample_dirs: Sequence[str] = (), state: PurePosixPath = STATE
) -> Mapping[str, Any] | None:
    """The content of the compose.override.yaml that carries what settings cannot say."""
    service: dict[str, Any] = {}
    top: dict[str, Any] = {}
    for decision in _decisions(install, sample_dirs, state):
        service = merged(service, decision.service)
        top = merged(top, decision.top)
    return {"services": {SERVICE: service}, **top} if service else None


def override_text(
    install: Install, sample_dirs: Sequence[str] = (), state: PurePosixPath = STATE
) -> str | None:
    """`override` as the text of the file; None when nothing needs it."""
    content = override(install, sample_dirs, state)
    return None if content is None else text_of(content)


def _decisions(
    install: Install, sample_dirs: Sequence[str], state: PurePosixPath
) -> Iterator[Decision]:
    yield from field_decisions(install)
    yield from mount_decisions(install, sample_dirs, state)
    targets = {mount.target for mount in install.mounts}
    for option, values in install.other_options.items():
        if option == "mount-mode":
            # Those of mounts went with them.
            left = tuple(v for v in values if v.rpartition(":")[0] not in targets)
            if left:
                yield left_out(option, left, "the mount that it is about is not known")
        elif option not in {"network", "networks"}:
            yield _decision(install, option, values)


def _decision(install: Install, option: str, values: tuple[str, ...]) -> Decision:
    if option in BY_NAME and BY_NAME[option].off_is_ours and values[-1:] == ("false",):
        return replaced(option, values, "the same in the project", matters=False)
    name, read = docker_option(option, values) or (option, values)
    fate = fate_of(name)
    if isinstance(fate, Replaced):
        return replaced(option, values, fate.by, matters=fate.matters)
    if isinstance(fate, LeftOut):
        return left_out(option, values, fate.why)
    if not values:
        return left_out(option, values, UNFAMILIAR)
    try:
        return _limit(install, option, values) or in_override(
            option, values, _keyed(BY_NAME[name].compose_key, fate.read(read))
        )
    except (ValueError, TypeError, AttributeError):
        return left_out(option, values, NOT_UNDERSTOOD)


def _keyed(key: str, value: Any) -> dict[str, Any]:
    outer, _, inner = key.partition(".")
    return {outer: {inner: value} if inner else value}


def _limit(install: Install, option: str, values: tuple[str, ...]) -> Decision | None:
    """What the project's own limits make of one of these; None where they say nothing."""
    if option == "stop-timeout" and seconds(values[-1]) <= GRACE:
        return replaced(
            option, values, f"{GRACE} seconds, as some cameras are slow to say good-bye"
        )
    alone = "memory" not in install.other_options
    if option == "memory-swap" and alone:
        return left_out(option, values, "without a limit of memory it means nothing")
    if option == "memory-reservation" and alone and size(values[-1]) > MEMORY:
        return left_out(option, values, "it is above moonfire.memory_limit; raise that instead")
    return None
