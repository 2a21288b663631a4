"""`nvrstack migrate`: an existing installation of Moonfire becomes a project."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from nvrstack.cli.console import EPILOG, Console
from nvrstack.cli.options import AnswersFile, FirstUser, SecretFile, Set
from nvrstack.cli.progress import Progress
from nvrstack.errors import ExitCode, InputError

if TYPE_CHECKING:
    from nvrstack.migration.execution.report import Report
    from nvrstack.migration.gathering.planning import Planned
    from nvrstack.migration.gathering.seen import PlanRequest
    from nvrstack.migration.install import Source

SOURCES = ("nvr-script", "container", "compose", "systemd")
DIRECTORY = "nvrstack"
RUN = "run"
FORMER = ("plan", "status", "resume", "rollback", "finish")
"""The commands that were options in earlier releases, such as --plan."""


class MoveCommands(TyperGroup):
    """The commands; without any, `run` is meant, so that `nvrstack migrate DIR` moves."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line with the command in front, wherever it was given."""
        former = [f"--{name}" for name in FORMER if f"--{name}" in args]
        if len(former) > 1:
            raise InputError(f"{' and '.join(former)} were given together", "choose one of them")
        if former and not ctx.resilient_parsing:
            command = former[0].removeprefix("--")
            ctx.obj.say(
                f"warning: `nvrstack migrate {former[0]}` goes with the next release; write "
                f"`nvrstack migrate {command}`"
            )
        words = [word.removeprefix("--") if word in former else word for word in args]
        # A shell that completes asks with what is there so far.
        if words != ["--help"] and (words or not ctx.resilient_parsing):
            words = self._command_first(words)
        return super().parse_args(ctx, words)

    def _command_first(self, words: Sequence[str]) -> list[str]:
        options = [p for command in self.commands.values() for p in command.params]
        valued = {o for p in options if not getattr(p, "is_flag", True) for o in p.opts}
        for index, word in enumerate(words):
            if word == "--":
                break
            if word in self.commands and (not index or words[index - 1] not in valued):
                return [word, *words[:index], *words[index + 1 :]]
        return [RUN, *words]


app = typer.Typer(
    cls=MoveCommands,
    help="""Move an existing Moonfire into a project, reversibly.

    `nvrstack migrate DIR` alone plans, asks and moves: it is `nvrstack migrate run DIR`.""",
    rich_markup_mode=None,
)

Directory = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help="Where the project goes; ./nvrstack if not given."),
]
Project = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help="The project; this directory, one above, or ./nvrstack."),
]
Keep = Annotated[
    bool, typer.Option("--keep", help="Do not go back by itself when the proof fails.")
]
Stack = Annotated[
    str | None, typer.Option(help="The stack, if not the one proposed.", metavar="NAME")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from", help=f"Which install, if there are several: {', '.join(SOURCES)}.", metavar="KIND"
    ),
]
Version = Annotated[
    str | None, typer.Option(help="The Moonfire to run, such as v0.7.30.", metavar="TAG")
]
CarrySites = Annotated[
    bool, typer.Option("--carry-sites", help="Take the other sites of this host's nginx along.")
]
NvrScript = Annotated[
    Path | None, typer.Option(help="The nvr script, if it is elsewhere.", metavar="FILE")
]
ComposeFile = Annotated[
    Path | None, typer.Option(help="The compose file, if it is elsewhere.", metavar="FILE")
]
MoonfireConfig = Annotated[
    Path | None, typer.Option(help="Moonfire's configuration, if it is elsewhere.", metavar="FILE")
]


@app.command("plan", epilog=EPILOG)
def plan(
    context: typer.Context,
    directory: Directory = None,
    stack: Stack = None,
    settings: Set = None,
    secret_file: SecretFile = None,
    answers: AnswersFile = None,
    source: From = None,
    moonfire_version: Version = None,
    first_user: FirstUser = None,
    carry_sites: CarrySites = False,
    nvr_script: NvrScript = None,
    compose_file: ComposeFile = None,
    moonfire_config: MoonfireConfig = None,
    root: Annotated[
        Path, typer.Option(help="Read the host's files below this directory.", metavar="DIR")
    ] = Path("/"),
    no_docker: Annotated[
        bool, typer.Option("--no-docker", help="Do not ask the Docker Engine.")
    ] = False,
) -> None:
    """Say what a move would do, and change nothing. Exit 1 if it cannot be done yet."""
    from nvrstack.migration.gathering.planning import make_plan
    from nvrstack.migration.gathering.survey import Host

    console: Console = context.obj
    if not root.is_dir():
        raise InputError(f"{root}: is not a directory", "check --root")
    request = _request(
        console, directory, stack, settings, secret_file, answers, source, moonfire_version,
        first_user, carries_sites=carry_sites,
    )  # fmt: skip
    host = Host(root, nvr_script, moonfire_config, not no_docker, compose_file)
    _show(console, make_plan(host, request))


@app.command(RUN, epilog=EPILOG)
def run(
    context: typer.Context,
    directory: Directory = None,
    keep: Keep = False,
    stack: Stack = None,
    settings: Set = None,
    secret_file: SecretFile = None,
    answers: AnswersFile = None,
    source: From = None,
    moonfire_version: Version = None,
    first_user: FirstUser = None,
    carry_sites: CarrySites = False,
    nvr_script: NvrScript = None,
    compose_file: ComposeFile = None,
    moonfire_config: MoonfireConfig = None,
) -> None:
    """Plan, ask, and move. Exit 1 if it cannot be done yet."""
    from nvrstack.migration.execution import moving
    from nvrstack.migration.gathering.planning import NOBODY, make_plan
    from nvrstack.migration.gathering.survey import Host

    console: Console = context.obj
    request = _request(
        console, directory, stack, settings, secret_file, answers, source, moonfire_version,
        first_user, carries_sites=carry_sites,
    )  # fmt: skip
    if (before := moving.already_moved(request.directory)) is not None:
        _report(console, before)
        return
    host = Host(script=nvr_script, config=moonfire_config, compose=compose_file)
    planned = make_plan(host, request)
    if console.interactive and [f.code for f in planned.blockers] == [NOBODY]:
        planned = make_plan(host, _with_account(console, request))
    if planned.blockers or planned.move is None:
        _show(console, planned)
        return
    _tell(console, planned)
    if console.agrees("Do this?"):
        _report(console, moving.run(Progress(console), planned.move, keep=keep))


@app.command("status", epilog=EPILOG)
def status(context: typer.Context, project: Project = None) -> None:
    """Say how far a move has come."""
    from nvrstack.migration.execution import moving

    _report(context.obj, moving.status(_begun(context.obj, project)))


@app.command("resume", epilog=EPILOG)
def resume(context: typer.Context, project: Project = None, keep: Keep = False) -> None:
    """Go on with a move that was cut short."""
    from nvrstack.migration.execution import moving

    console: Console = context.obj
    told = moving.resume(Progress(console), _begun(console, project), keep=keep)
    _report(console, told)


@app.command("rollback", epilog=EPILOG)
def rollback(context: typer.Context, project: Project = None) -> None:
    """Go back to the old system, exactly."""
    from nvrstack.migration.execution import moving

    console: Console = context.obj
    _report(console, moving.rollback(Progress(console), _begun(console, project)))


@app.command("finish", epilog=EPILOG)
def finish(context: typer.Context, project: Project = None) -> None:
    """Give the old system up: remove its container."""
    from nvrstack.migration.execution import moving

    console: Console = context.obj
    _report(console, moving.finish(Progress(console), _begun(console, project)))


def _target(console: Console, given: Path | None) -> Path:
    target = given or console.project or Path(DIRECTORY)
    return target if target.is_absolute() else (console.cwd / target).resolve()


def _begun(console: Console, given: Path | None) -> Path:
    """The project of a move: where none is named, this directory or one above with its journal."""
    from nvrstack.migration.execution.stored_move import JOURNAL

    target, here = _target(console, given), console.cwd
    if given or console.project:
        return target
    return next((d for d in (here, *here.parents) if (d / JOURNAL).is_file()), target)


def _request(
    console: Console,
    directory: Path | None,
    stack: str | None,
    settings: list[str] | None,
    secret_file: list[str] | None,
    answers: Path | None,
    source: str | None,
    version: str | None,
    first_user: str | None,
    *,
    carries_sites: bool,
) -> "PlanRequest":
    from nvrstack.cli import answering, first_account
    from nvrstack.migration.gathering.seen import PlanRequest

    secrets = answering.given_secrets(secret_file or [])
    first_account.check_given(first_user, secrets)
    return PlanRequest(
        _target(console, directory),
        answering.given_answers(console, stack, settings or [], answers),
        secrets,
        version,
        _source(source),
        carries_sites,
        first_user,
        console.environ.get("DOCKER_HOST"),
    )


def _report(console: Console, told: "Report | None") -> None:
    if told is not None:
        console.result(told.data, told.words)


def _with_account(console: Console, request: "PlanRequest") -> "PlanRequest":
    """The same request with an account, if the person wants one made."""
    from nvrstack.cli.user import ask_password
    from nvrstack.projects.accounts import check_name
    from nvrstack.settings.secrets import FIRST_USER

    console.say("Nobody could sign in to this Moonfire after the move: it has no account.")
    if not typer.confirm("Shall the move make one?", default=True, err=True):
        return request
    name = str(typer.prompt("User name", default="admin", err=True))
    check_name(name)
    secrets = {**request.secrets, FIRST_USER.name: ask_password(console, from_stdin=False)}
    return replace(request, first_user=name, secrets=secrets)


def _source(given: str | None) -> "Source | None":
    for known in SOURCES:
        if given == known:
            return known  # type: ignore[return-value]
    if given is not None:
        raise InputError(f"--from {given}: is no kind of install", f"one of {', '.join(SOURCES)}")
    return None


def _tell(console: Console, planned: "Planned") -> None:
    """The plan for a person who is about to say yes; the result is the move's own."""
    from nvrstack.migration.plan.text import plan_text
    from nvrstack.rendering.context import url

    if planned.plan is not None and planned.settings is not None:
        console.say(plan_text(planned.plan, url(planned.settings)))


def _show(console: Console, planned: "Planned") -> None:
    """The plan as the result. Exit 1 where it has blockers."""
    from nvrstack.migration.plan.plan import NO_INSTALL, findings_json
    from nvrstack.migration.plan.text import findings_text, plan_text
    from nvrstack.rendering.context import url

    plan = planned.plan
    if plan is not None:
        address = url(planned.settings) if planned.settings is not None else None
        console.result(plan.as_json(), plan_text(plan, address))
    else:
        data = {**NO_INSTALL, **findings_json(planned.warnings, planned.blockers)}
        console.result(data, findings_text(planned.warnings, planned.blockers))
    if planned.blockers:
        raise typer.Exit(ExitCode.CHECK_FAILED)
