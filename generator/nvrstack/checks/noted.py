"""What a service noted of itself in its `state.json`, as far as it can be understood."""

from collections.abc import Mapping
from typing import Any


def entry_of(state: Any, group: str, name: str, fields: frozenset[str]) -> Mapping[str, Any] | None:
    """What is noted of `name` in a group; None where nothing is, or not all of `fields`.

    A file that another version of the service left, or that was damaged, is as good as none.
    """
    for key in (group, name):
        state = state.get(key) if isinstance(state, dict) else None
    return state if isinstance(state, dict) and fields <= state.keys() else None
