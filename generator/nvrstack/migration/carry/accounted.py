"""What becomes of one option, and the keys of the Compose service that carry it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Fate = Literal["carried", "replaced", "not carried"]


@dataclass(frozen=True)
class Accounted:
    """One option with its values, and what becomes of it, in words.

    `matters` is False where its owner will notice nothing of it.
    """

    option: str
    values: tuple[str, ...]
    fate: Fate
    text: str
    matters: bool = True


@dataclass(frozen=True)
class Decision:
    """What is told of an option, and what compose.override.yaml says of it.

    `service` are keys of Moonfire's service, `top` of the file itself.
    """

    told: Accounted
    service: Mapping[str, Any] = field(default_factory=dict)
    top: Mapping[str, Any] = field(default_factory=dict)


def as_setting(option: str, values: Sequence[str], key: str) -> Decision:
    """The option is carried by a key of nvrstack.toml."""
    return Decision(Accounted(option, tuple(values), "carried", f"as {key} in nvrstack.toml"))


def in_override(
    option: str,
    values: Sequence[str],
    service: Mapping[str, Any],
    top: Mapping[str, Any] | None = None,
) -> Decision:
    """The option is carried by keys of compose.override.yaml."""
    keys = ", ".join(service)
    text = f"as {keys} in compose.override.yaml"
    return Decision(Accounted(option, tuple(values), "carried", text), service, top or {})


def replaced(option: str, values: Sequence[str], by: str, *, matters: bool = True) -> Decision:
    """Something of the project's takes the option's place."""
    return Decision(Accounted(option, tuple(values), "replaced", f"by {by}", matters))


def left_out(option: str, values: Sequence[str], why: str) -> Decision:
    """The option is not carried, for a reason."""
    return Decision(Accounted(option, tuple(values), "not carried", why))
