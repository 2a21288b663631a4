"""Users, and who makes a request."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.standins.moonfire.permissions import Permissions


@dataclass(frozen=True)
class User:
    """A row of the table `user`."""

    id: int
    username: str
    config: dict[str, Any]
    password_hash: str | None
    password_id: int
    permissions: Permissions

    def disabled(self) -> bool:
        """Tell whether the account may not be used."""
        return bool(self.config.get("disabled", False))

    def preferences(self) -> dict[str, Any]:
        """Return the preferences of the web interface."""
        return dict(self.config.get("preferences", {}))

    def to_json(self) -> dict[str, Any]:
        """Return the user as the users API shows it; the password only as a presence."""
        return {
            "username": self.username,
            "disabled": self.disabled(),
            "preferences": self.preferences(),
            "password": None if self.password_hash is None else "(censored)",
            "permissions": self.permissions.to_json(),
        }


@dataclass(frozen=True)
class Caller:
    """Who makes a request, and what they may do."""

    permissions: Permissions
    user: User | None = None
    csrf: str | None = None

    def debug(self) -> str:
        """Return the value of the `caller` line of /api/request, like Rust's Debug output."""
        names = ("view_video", "read_camera_configs", "update_signals", "admin_users")
        flags = zip(names, self.permissions.flags(), strict=True)
        shown = ", ".join(f"{name}: {str(flag).lower()}" for name, flag in flags)
        special = (
            "special_fields: SpecialFields { unknown_fields: UnknownFields { fields: None }, "
            "cached_size: CachedSize { size: 0 } }"
        )
        user = "None"
        if self.user is not None:
            user = (
                f"Some(ToplevelUser {{ name: {rust_string(self.user.username)}, "
                f"id: {self.user.id}, preferences: UserPreferences({self.user.preferences()}), "
                f'session: Some(Session {{ csrf: SessionHash("{self.csrf}") }}) }})'
            )
        return f"Caller {{ permissions: Permissions {{ {shown}, {special} }}, user: {user} }}"


def user_from_row(row: tuple[Any, ...]) -> User:
    """Build a user from the columns that `Database.users` selects."""
    number, username, config, password_hash, password_id, permissions = row
    return User(
        number,
        username,
        json.loads(config),
        password_hash,
        password_id,
        Permissions.from_blob(permissions),
    )


def rust_string(text: str | None) -> str:
    """Format a string as Rust's Debug does."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    return '"' + "".join(escapes.get(char, char) for char in text or "") + '"'


def rust_option(text: str | None) -> str:
    """Format an optional string as Rust's Debug does."""
    return "None" if text is None else f"Some({rust_string(text)})"
