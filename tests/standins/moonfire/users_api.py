"""The users API: list, make, change and delete accounts."""

from __future__ import annotations

import hmac
import json
from typing import Any

from tests.standins.moonfire.accounts import Caller, User
from tests.standins.moonfire.database import Database
from tests.standins.moonfire.exchange import Exchange
from tests.standins.moonfire.passwords import hash_password
from tests.standins.moonfire.permissions import Permissions
from tests.standins.moonfire.program import MoonfireError
from tests.standins.moonfire.strict import borrowed, expect, owned, refuse_unknown


def serve_users(exchange: Exchange) -> None:
    """`/api/users/`: list users, or create one (200 with its id)."""
    if not exchange.require_method("GET", "HEAD", "POST"):
        return
    caller = admin(exchange)
    if exchange.command != "POST":
        users = [{"id": user.id, "user": user.to_json()} for user in exchange.db.users()]
        exchange.reply_api(json.dumps({"users": users}))
        return
    body = exchange.json_body()
    refuse_unknown(body, ("csrf", "user"))
    if "user" not in body:
        raise MoonfireError("INVALID_ARGUMENT", "bad request body: missing field `user`")
    user = parse_user(body["user"])
    require_csrf(caller, body.get("csrf"))
    if "username" not in user:
        raise MoonfireError("INVALID_ARGUMENT", "username must be specified")
    if "disabled" in user:
        raise MoonfireError("UNIMPLEMENTED", "unsupported user fields: disabled")
    config = {"preferences": user["preferences"]} if user.get("preferences") else {}
    change = {
        "username": user["username"],
        "config": json.dumps(config),
        "permissions": user.get("permissions", Permissions()).to_blob(),
    }
    if user.get("password") is not None:
        change["password_hash"] = hash_password(user["password"])
    exchange.reply_api(json.dumps({"id": exchange.db.save_user(change)}))


def serve_user(exchange: Exchange, user_id: int) -> None:
    """`/api/users/<id>`: show, change or delete one user."""
    if not exchange.require_method("GET", "HEAD", "DELETE", "PATCH"):
        return
    if exchange.command == "DELETE":
        caller = admin(exchange)
        body = exchange.json_body()
        refuse_unknown(body, ("csrf",))
        require_csrf(caller, body.get("csrf"))
        exchange.db.delete_user(user_id)
        exchange.reply_empty()
        return
    caller = exchange.caller()
    own = caller.user is not None and caller.user.id == user_id
    if not own and not caller.permissions.admin_users:
        raise MoonfireError(
            "UNAUTHENTICATED",
            "must be authenticated as supplied user or have admin_users permission",
        )
    if exchange.command == "PATCH":
        change_user(exchange, caller, user_id)
    else:
        exchange.reply_api(json.dumps(exchange.db.user(user_id).to_json()))


def change_user(exchange: Exchange, caller: Caller, user_id: int) -> None:
    """Apply a PATCH: preconditions first, then the whole update or nothing."""
    body = exchange.json_body()
    refuse_unknown(body, ("csrf", "update", "precondition"))
    update = {} if body.get("update") is None else parse_user(body["update"])
    precondition = {} if body.get("precondition") is None else parse_user(body["precondition"])
    is_admin = caller.permissions.admin_users
    with exchange.db.lock:
        user = exchange.db.user(user_id)
        if "password" in update and "password" not in precondition and not is_admin:
            raise MoonfireError(
                "UNAUTHENTICATED",
                "to change password, must supply previous password or have admin_users permission",
            )
        require_csrf(caller, body.get("csrf"))
        check_precondition(exchange.db, user, precondition)
        if not is_admin and update.keys() - {"preferences", "password"}:
            raise MoonfireError("UNAUTHENTICATED", "must have admin_users permission")
        exchange.db.save_user(user_columns(user, update), user_id)
    exchange.reply_empty()


def require_csrf(caller: Caller, csrf: object) -> None:
    """Require the csrf token when the caller is a session; other callers need none."""
    if caller.csrf is None:
        return
    if csrf is None:
        raise MoonfireError("UNAUTHENTICATED", "csrf must be supplied")
    if not hmac.compare_digest(borrowed(csrf).encode(), caller.csrf.encode()):
        raise MoonfireError("UNAUTHENTICATED", "incorrect csrf")


def admin(exchange: Exchange) -> Caller:
    """Return the caller if it has adminUsers; the users API answers 401 otherwise."""
    caller = exchange.caller()
    if not caller.permissions.admin_users:
        raise MoonfireError("UNAUTHENTICATED", "must have admin_users permission")
    return caller


def check_precondition(db: Database, user: User, precondition: dict[str, Any]) -> None:
    """Raise the 412 of the first field that is not as the caller believes."""
    actual = {
        "disabled": user.disabled(),
        "username": user.username,
        "preferences": user.preferences(),
        "permissions": user.permissions,
    }
    for key, value in precondition.items():
        is_password = key == "password"
        if not (db.password_matches(user, value) if is_password else actual[key] == value):
            raise MoonfireError("FAILED_PRECONDITION", f"{key} mismatch")


def parse_user(value: object) -> dict[str, Any]:
    """Read the `user`, `update` or `precondition` object; absent fields are left out.

    A null means absent, except for the password, where it means "no password".
    """
    table = expect(value, dict, "struct UserSubset")
    refuse_unknown(table, ("username", "disabled", "preferences", "password", "permissions"))
    user: dict[str, Any] = {}
    for key, item in table.items():
        if key == "password":
            user[key] = None if item is None else borrowed(item)
        elif item is None:
            continue
        elif key == "username":
            user[key] = borrowed(item)
        elif key == "permissions":
            user[key] = Permissions.from_json(item)
        else:
            kind, name = (bool, "a boolean") if key == "disabled" else (dict, "a map")
            user[key] = owned(expect(item, kind, name))
    return user


def user_columns(user: User, update: dict[str, Any]) -> dict[str, Any]:
    """Translate an update of the API into columns of the table `user`."""
    columns: dict[str, Any] = {}
    config = dict(user.config)
    config.update((key, update[key]) for key in ("disabled", "preferences") if key in update)
    if config != user.config:
        columns["config"] = json.dumps(config)
    if "username" in update:
        columns["username"] = update["username"]
    if "permissions" in update:
        columns["permissions"] = update["permissions"].to_blob()
    if "password" in update:
        new = update["password"]
        columns["password_hash"] = None if new is None else hash_password(new)
        columns["password_id"] = user.password_id + 1
        columns["password_failure_count"] = 0
    return columns
