"""`nvrstack migrate`: an existing installation of Moonfire becomes a project."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nvrstack.cli.console import Console
from nvrstack.cli.progress import Progress
from nvrstack.errors import ExitCode, InputError

if TYPE_CHECKING:
    from nvrstack.migration.execution.report import Report
    from nvrstack.migration.gathering.planning import Planned, PlanRequest
    from nvrstack.migration.gathering.survey import Host
    from nvrstack.migration.install import Source

SOURCES = ("nvr-script", "container", "compose", "systemd")
DIRECTORY = "nvrstack"


def migrate(
    context: typer.Context,
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Where the project goes; ./nvrstack if not given."),
    ] = None,
    show_status: Annotated[
        bool, typer.Option("--status", help="Say how far a move has come.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a move that was cut short.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the old system, exactly.")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Give the old system up: remove its container.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Do not go back by itself when the proof fails.")
    ] = False,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would happen, and change nothing.")
    ] = False,
    stack: Annotated[
        str | None, typer.Option(help="The stack, if not the one proposed.", metavar="NAME")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="A setting, such as site.domain=nvr.example.com.", metavar="KEY=VALUE"
        ),
    ] = None,
    secret_file: Annotated[
        list[str] | None,
        typer.Option(help="A file with a secret, such as ddns_password=FILE.", metavar="NAME=PATH"),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(help="A file in the form of nvrstack.toml; it may say less.", metavar="FILE"),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help=f"Which install, if there are several: {', '.join(SOURCES)}.",
            metavar="KIND",
        ),
    ] = None,
    moonfire_version: Annotated[
        str | None, typer.Option(help="The Moonfire to run, such as v0.7.30.", metavar="TAG")
    ] = None,
    first_user: Annotated[
        str | None,
        typer.Option(
            help="Make this account; needs --secret-file first_user_password=FILE.", metavar="NAME"
        ),
    ] = None,
    carry_sites: Annotated[
        bool,
        typer.Option("--carry-sites", help="Take the other sites of this host's nginx along."),
    ] = False,
    nvr_script: Annotated[
        Path | None, typer.Option(help="The nvr script, if it is elsewhere.", metavar="FILE")
    ] = None,
    moonfire_config: Annotated[
        Path | None,
        typer.Option(help="Moonfire's configuration, if it is elsewhere.", metavar="FILE"),
    ] = None,
    root: Annotated[
        Path, typer.Option(help="Read the host's files below this directory.", metavar="DIR")
    ] = Path("/"),
    no_docker: Annotated[
        bool, typer.Option("--no-docker", help="Do not ask the Docker Engine.")
    ] = False,
) -> None:
    """Move an existing Moonfire into a project, reversibly. Exit 1 if it cannot be done yet."""
    from nvrstack.cli import answering, first_account
    from nvrstack.migration.gathering.planning import PlanRequest, make_plan
    from nvrstack.migration.gathering.survey import Host

    console: Console = context.obj
    target = directory or console.project or Path(DIRECTORY)
    target = target if target.is_absolute() else (console.cwd / target).resolve()
    about = _mode(status=show_status, resume=resume, rollback=rollback, finish=finish, plan=plan)
    if about in {"status", "resume", "rollback", "finish"}:
        # In the project itself, nobody should have to name it.
        project = target if directory or console.project else _begun(console.cwd, target)
        _continue(console, about, project, keep=keep)
        return
    if not root.is_dir():
        raise InputError(f"{root}: is not a directory", "check --root")
    secrets = answering.given_secrets(secret_file or [])
    first_account.check_given(first_user, secrets)
    request = PlanRequest(
        target,
        answering.given_answers(console, stack, settings or [], answers),
        secrets,
        moonfire_version,
        _source(source),
        carry_sites,
        first_user,
        console.environ.get("DOCKER_HOST"),
    )
    host = Host(root, nvr_script, moonfire_config, not no_docker)
    if plan:
        _show(console, make_plan(host, request))
    elif root != Path("/") or no_docker:
        raise InputError("--root and --no-docker are for a plan", "add --plan, or leave them out")
    else:
        _move(console, host, request, keep=keep)


def _mode(**given: bool) -> str:
    """Which of the options that say what to do was given; empty for the move itself."""
    chosen = [name for name, is_given in given.items() if is_given]
    if len(chosen) > 1:
        both = " and ".join(f"--{name}" for name in chosen)
        raise InputError(f"{both} were given together", "choose one of them")
    return chosen[0] if chosen else ""


def _continue(console: Console, about: str, project: Path, *, keep: bool) -> None:
    """What can be done about a move that was begun."""
    from nvrstack.migration.execution import moving

    if about == "resume":
        told: Report | None = moving.resume(Progress(console), project, keep=keep)
    elif about == "rollback":
        told = moving.rollback(Progress(console), project)
    elif about == "finish":
        told = moving.finish(Progress(console), project)
    else:
        told = moving.status(project)
    _report(console, told)


def _move(console: Console, host: "Host", request: "PlanRequest", *, keep: bool) -> None:
    """Plan, ask, and move."""
    from nvrstack.migration.execution import moving
    from nvrstack.migration.gathering.planning import NOBODY, make_plan

    if (before := moving.already_moved(request.directory)) is not None:
        _report(console, before)
        return
    planned = make_plan(host, request)
    if console.interactive and [f.code for f in planned.blockers] == [NOBODY]:
        planned = make_plan(host, _with_account(console, request))
    if planned.blockers or planned.move is None:
        _show(console, planned)
        return
    _tell(console, planned)
    if console.agrees("Do this?"):
        _report(console, moving.run(Progress(console), planned.move, keep=keep))


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


def _begun(here: Path, default: Path) -> Path:
    """The project of a move: this directory or one above with its journal, else the default."""
    from nvrstack.migration.execution.stored_move import JOURNAL

    return next((d for d in (here, *here.parents) if (d / JOURNAL).is_file()), default)


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
