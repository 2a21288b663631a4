"""The command line as a whole: global options, the commands, errors and exit codes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from nvrstack import __version__
from nvrstack.cli import (
    change,
    doctor,
    init,
    migrate,
    render,
    restore,
    stacks,
    status,
    template,
    upgrade,
    user,
    verify,
)
from nvrstack.cli.console import EPILOG, Console
from nvrstack.errors import ExitCode, HostError, InputError, NvrstackError

FLAGS = ("--yes", "--quiet", "--verbose", "--no-color", "--json")

app = typer.Typer(
    name="nvrstack",
    help="Moonfire NVR behind https, as a plain Docker Compose project.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("init", epilog=EPILOG)(init.init)
app.add_typer(migrate.app, name="migrate", epilog=EPILOG)
app.command("render", epilog=EPILOG)(render.render)
app.command("restore", epilog=EPILOG)(restore.restore)
app.command("get", epilog=EPILOG)(change.get)
app.command("set", epilog=EPILOG)(change.set_)
app.command("domain", epilog=EPILOG)(change.domain)
app.command("status", epilog=EPILOG)(status.status)
app.command("verify", epilog=EPILOG)(verify.verify)
app.command("doctor", epilog=EPILOG)(doctor.doctor)
app.command("upgrade", epilog=EPILOG)(upgrade.upgrade)
app.command("stacks", epilog=EPILOG)(stacks.stacks)
app.add_typer(template.app, name="template")
app.add_typer(user.app, name="user")


def _print_version(wanted: bool) -> None:  # noqa: FBT001
    if wanted:
        print(f"nvrstack {__version__}")
        raise typer.Exit


@app.callback()
def global_options(
    context: typer.Context,
    project: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The project directory, if it is not this one."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take the defaults.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print results and errors only.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print more of what is done.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print without colours.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Keep the options that every command understands."""
    console: Console = context.obj
    console.project = project
    console.yes, console.quiet, console.verbose = yes, quiet, verbose
    console.color, console.json = not no_color, json


def run(arguments: Sequence[str], console: Console | None = None) -> int:
    """Run one command line and return its exit code."""
    console = console or Console()
    arguments = hoist_global_options(arguments)
    console.json = "--json" in arguments
    try:
        code = app(args=list(arguments), prog_name="nvrstack", obj=console, standalone_mode=False)
    except NvrstackError as error:
        code = console.fail(error)
    except typer.TyperException as error:
        code = ExitCode.BAD_INPUT
        if console.json:
            console.fail(InputError(error.format_message(), "see `nvrstack --help`"))
        else:
            error.show(file=console.stderr)  # type: ignore[attr-defined]
    except OSError as error:
        # What no command foresaw: a directory that may not be entered, an output on a full disk.
        code = console.fail(unforeseen(error))
    except (KeyboardInterrupt, EOFError, typer.Abort):
        print(file=console.stderr)
        code = ExitCode.INTERRUPTED
    except SystemExit as ended:
        code = ended.code
    return int(code or ExitCode.OK)


def unforeseen(error: OSError) -> HostError:
    """What is said of an error of the host which no command foresaw."""
    reason = f"{error.filename or 'the output'}: {error.strerror or error}"
    return HostError(reason, "check that you may go there, and that it has room")


def hoist_global_options(arguments: Sequence[str]) -> list[str]:
    """Put global options first, wherever they were given before a `--`.

    `nvrstack user list --json` is what people type; the parser wants them before the command.
    """
    front: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for word in remaining:
        if word == "--":
            rest += [word, *remaining]
        elif word in FLAGS or word.startswith("--project="):
            front.append(word)
        elif word == "--project":
            front += [word, *([value] if (value := next(remaining, None)) is not None else [])]
        else:
            rest.append(word)
    return front + rest
