"""The subcommands for an owner at a terminal: `login`, and those that only take the lock."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from tests.standins.moonfire.database import Database, Use
from tests.standins.moonfire.meta import lock_db_dir
from tests.standins.moonfire.passwords import unpadded_base64
from tests.standins.moonfire.permissions import Permissions
from tests.standins.moonfire.program import MoonfireError, log
from tests.standins.moonfire.sessions import SessionRequest, make_session
from tests.standins.moonfire.strict import parse_json
from tests.standins.moonfire.upgrading import upgrade


def login(arguments: argparse.Namespace) -> int:
    """The subcommand `login`: make a session for an existing user, without a password."""
    bits = {"http-only": 1, "secure": 2, "same-site": 4, "same-site-strict": 8}
    flags = 0
    for name in arguments.session_flags.split(","):
        if name not in bits:
            raise MoonfireError("INVALID_ARGUMENT", f"no such session flag {name}")
        flags |= bits[name]
    if arguments.curl_cookie_jar is not None and arguments.domain is None:
        raise MoonfireError("INVALID_ARGUMENT", "--curl-cookie-jar requires --domain")
    db = Database(arguments.db_dir, read_only=False)
    found = db.users("where username = ?", arguments.username)
    if not found:
        raise MoonfireError("NOT_FOUND", f"no such user {arguments.username}")
    if found[0].disabled():
        raise MoonfireError("FAILED_PRECONDITION", "user is disabled")
    permissions = found[0].permissions
    if arguments.permissions is not None:
        permissions = Permissions.from_json(parse_json(arguments.permissions.encode()))
    request = SessionRequest(flags, arguments.domain)
    cookie = unpadded_base64(make_session(db, found[0], permissions, request))
    if arguments.curl_cookie_jar is None:
        print(f"s={cookie}")
    else:
        http_only = "#HttpOnly_" if flags & 1 else ""
        secure = "TRUE" if flags & 2 else "FALSE"
        fd = os.open(arguments.curl_cookie_jar, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as jar:
            jar.write("# Netscape HTTP Cookie File\n")
            jar.write(f"{http_only}{arguments.domain}\tFALSE\t/\t{secure}\t9223372036854775807")
            jar.write(f"\ts\t{cookie}\n")
    db.close()
    return 0


def maintain(arguments: argparse.Namespace) -> int:
    """`check`, `config`, `sql`, `upgrade`: take the exclusive lock, then do as little as can be."""
    command: str = arguments.command
    if command == "sql":
        os.close(lock_db_dir(arguments.db_dir, shared=arguments.read_only))
        if shutil.which("sqlite3") is None:
            raise MoonfireError("NOT_FOUND", "unable to execute sqlite3")
        raise MoonfireError("UNIMPLEMENTED", "the stand-in does not start sqlite3")
    if command == "upgrade":
        db = Database(arguments.db_dir, read_only=False, use=Use.UPGRADE)
        upgrade(
            db.conn, db.schema, journal=arguments.preset_journal, vacuum=not arguments.no_vacuum
        )
        db.close()
        return 0
    use = Use.SERVE if command == "config" else Use.LOOK
    Database(arguments.db_dir, read_only=False, use=use).close()
    if command == "config":
        terminal = sys.stdin.isatty() and sys.stdout.isatty()
        reason = "the stand-in has no terminal interface" if terminal else "not a terminal"
        raise MoonfireError("UNIMPLEMENTED", reason)
    log("INFO", f"{command}: nothing to do for a stand-in")
    return 0
