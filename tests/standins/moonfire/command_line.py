"""The command line: the documented subcommands, flags and exit statuses."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from pathlib import Path
from typing import NoReturn

from tests.standins.moonfire.maintenance import login, maintain
from tests.standins.moonfire.program import (
    DEFAULT_DB_DIR,
    STANDIN_NAME,
    MoonfireError,
    log,
    version_line,
)
from tests.standins.moonfire.running import run
from tests.standins.moonfire.schema import init

DEFAULT_CONFIG = Path("/etc/moonfire-nvr.toml")


class Parser(argparse.ArgumentParser):
    """An argument parser whose usage errors exit with 1, as the real program's do."""

    def error(self, message: str) -> NoReturn:
        """Print the usage error to stderr and exit with status 1."""
        sys.stderr.write(f"Error: {message}\n{self.format_usage()}")
        sys.exit(1)


def command_line() -> Parser:
    """Return the parser with the documented subcommands and flags."""
    description = f"{STANDIN_NAME}. This is NOT Moonfire NVR."
    parser = Parser(prog="moonfire-nvr", description=description, allow_abbrev=False)
    parser.add_argument("--version", "-V", action="store_true", help="Prints version information")
    commands = parser.add_subparsers(dest="command", title="available commands")

    def add(name: str, text: str, *, db_dir: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=f"{text} ({STANDIN_NAME})", allow_abbrev=False
        )
        if db_dir:
            sub.add_argument("--db-dir", type=Path, default=DEFAULT_DB_DIR, metavar="PATH")
        return sub

    check = add("check", "Checks database integrity")
    for flag in ("compare-lens", "trash-orphan-sample-files", "delete-orphan-rows"):
        check.add_argument(f"--{flag}", action="store_true")
    check.add_argument("--trash-corrupt-rows", action="store_true")
    add("config", "Interactively edits configuration")
    add("init", "Initializes a database")
    session = add("login", "Logs in a user, returning the session cookie")
    session.add_argument("--permissions", metavar="JSON")
    session.add_argument("--domain")
    session.add_argument("--curl-cookie-jar", type=Path, metavar="PATH")
    session.add_argument(
        "--session-flags", default="http-only,secure,same-site,same-site-strict", metavar="LIST"
    )
    session.add_argument("username")
    serve = add("run", "Runs the server", db_dir=False)
    serve.add_argument("-c", "--config", type=Path, default=DEFAULT_CONFIG, metavar="PATH")
    serve.add_argument("--read-only", action="store_true")
    sql = add("sql", "Runs a SQLite3 shell on the database")
    sql.add_argument("--read-only", action="store_true")
    sql.add_argument("arg", nargs="*")
    add("ts", "Translates between timestamps", db_dir=False).add_argument("ts", nargs="+")
    upgrade = add("upgrade", "Upgrades to the latest database schema")
    upgrade.add_argument("--sample-file-dir", type=Path, metavar="PATH")
    upgrade.add_argument("--preset-journal", default="delete", metavar="MODE")
    upgrade.add_argument("--no-vacuum", action="store_true")
    return parser


def perform(arguments: argparse.Namespace) -> int:
    """Run the chosen subcommand and return the exit status."""
    if arguments.command == "run":
        return run(arguments.config, read_only=arguments.read_only)
    if arguments.command == "init":
        return init(arguments.db_dir)
    if arguments.command == "login":
        return login(arguments)
    if arguments.command == "ts":
        for text in arguments.ts:
            print(text)
        return 0
    return maintain(arguments)


def main(argv: list[str] | None = None) -> int:
    """Parse the command line, run, and turn any error into a log line and exit status 1."""
    words = sys.argv[1:] if argv is None else argv
    if words in (["--version"], ["-V"]):
        print(version_line())
        return 0
    parser = command_line()
    arguments = parser.parse_args(words)
    if arguments.command is None:
        parser.print_help()
        return 0
    log("INFO", f"{STANDIN_NAME}; {version_line().strip()}; this is NOT Moonfire NVR")
    try:
        return perform(arguments)
    except (MoonfireError, sqlite3.Error, OSError) as err:
        log("ERROR", f"exiting due to error err={err}")
        return 1
