"""What there is to say about a wrapper script."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from nvrstack.migration.docker.words import (
    after_subcommand,
    image_of,
    is_moonfire,
    sets_up,
    starts_server,
)
from nvrstack.migration.install import Finding, User
from nvrstack.migration.shell.commands import Call
from nvrstack.migration.shell.source import Source, nodes
from nvrstack.migration.words import Unknown

SHELL = re.compile(rb"#!\s*\S*/(env\s+(-S\s+)?)?(bash|sh|dash)\b")
USUAL_ENGINE = frozenset({"", "default", "unix:///var/run/docker.sock", "unix:///run/docker.sock"})
OTHER_ENGINES = frozenset({"podman", "podman-compose", "nerdctl"})


def not_a_script(content: bytes) -> Finding | None:
    """Why a file is no shell script, None where it may be one."""
    if content.startswith(b"\x7fELF"):
        return Finding(
            "nvr-is-program",
            "nvr is a program, or a link to one, and no script: Moonfire is installed without "
            "Docker here",
            "its systemd unit tells how it runs",
        )
    if content.startswith(b"#!") and not SHELL.match(content):
        return Finding(
            "nvr-is-no-shell-script",
            "nvr is written in another language than the shell's",
            "let the container tell, or write the script as upstream's guide has it",
            1,
        )
    return None


def unknown_words(run: Call, causes: Mapping[Unknown, Unknown]) -> Iterator[Finding]:
    """Each word that is not known, with the place that makes it so."""
    for word in run.argv:
        if isinstance(word, Unknown):
            cause = causes.get(word)
            why = f", because of {cause.text} on line {cause.line}" if cause and cause.line else ""
            yield Finding(
                "word-unknown",
                f"{word.text} would only be known if the script ran{why}",
                "the container tells its value; without one, write the value into the script",
                word.line,
            )


def frozen_user(run: Call, accounts: Mapping[str, User]) -> Iterator[Finding]:
    """Ids as numbers, as the first guides' here-document left them."""
    for word in run.argv:
        found = re.fullmatch(r"--user=([0-9]+):([0-9]+)", word) if isinstance(word, str) else None
        if found is None:
            continue
        user = User(int(found[1]), int(found[2]))
        known = accounts.get("moonfire-nvr")
        if known is not None and known != user:
            yield Finding(
                "user-differs",
                f"the script runs Moonfire as {user.uid}:{user.gid}, but the user moonfire-nvr is "
                f"{known.uid}:{known.gid}",
                "the database's files tell which one is right",
                run.line,
            )


def arms_disagree(run: Call, calls: Mapping[str, tuple[Call, ...]]) -> Iterator[Finding]:
    """Where another arm of the script starts something else than `run` does."""
    every = {call.line: call for made in calls.values() for call in made}
    for line, call in every.items():
        if line == run.line or starts_server(call) != 2 or set(call.argv) == set(run.argv):
            continue
        if is_moonfire(run) and not is_moonfire(call):
            yield Finding(
                "script-starts-more",
                f"line {line} starts another container, which the new `nvr` will not",
                "it is left as it is; keep its docker command for the next time",
                line,
            )
        else:
            yield Finding(
                "run-arms-disagree",
                f"the script starts a server on line {run.line} and another one on line {line}",
                f"the one on line {run.line} is taken; compare it with the container",
                line,
            )
    for call in calls.get("init", ()):
        differing = sets_up(call) ^ sets_up(run)
        image = image_of(call, "init")
        if image is not None and image not in run.argv:
            differing |= {image.text if isinstance(image, Unknown) else image}
        if call.line != run.line and starts_server(call) == 0 and image and differing:
            yield Finding(
                "run-arms-disagree",
                f"line {call.line} runs Moonfire's other commands otherwise than line {run.line} "
                f"its server: {', '.join(sorted(differing))}",
                f"line {run.line} is taken",
                call.line,
            )


def other_engine(source: Source) -> Iterator[Finding]:
    """Where the script speaks to an engine that is not this machine's usual one (docker(1))."""
    for node in nodes(source.tree.root_node):
        if node.type != "variable_assignment":
            continue
        text = source.slice(node.start_byte, node.end_byte)
        name, _, value = text.partition("=")
        if name in {"DOCKER_HOST", "DOCKER_CONTEXT"} and value.strip("\"'") not in USUAL_ENGINE:
            yield _elsewhere(text, node.start_point[0] + 1)


def engine_of_call(run: Call) -> Iterator[Finding]:
    """The same, where docker's own options say so."""
    options = run.argv[: (after_subcommand(run) or 1) - 1]
    for option, value in pairwise((*options, "")):
        if not isinstance(option, str) or not isinstance(value, str):
            continue
        given, equals, glued = option.partition("=")
        engine = glued if equals else value
        if given in {"-H", "--host", "-c", "--context"} and engine not in USUAL_ENGINE:
            yield _elsewhere(f"{given} {engine}", run.line)


def _elsewhere(words: str, line: int) -> Finding:
    return Finding(
        "script-other-engine",
        f"the script speaks to the engine of {words}, and what is planned is this machine's move",
        "run nvrstack on the machine that has the recordings; if this one has, take those words "
        "out of the script and plan again",
        line,
    )


def other_ways(
    calls: Mapping[str, tuple[Call, ...]], *, has_run: bool
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Warnings and blockers where the script has another way than `docker run`."""
    every = [call for made in calls.values() for call in made]
    engines = [call for call in every if call.program in OTHER_ENGINES]
    if engines and not has_run:
        first = engines[0]
        return (), (
            Finding(
                "other-engine",
                f"the script starts Moonfire with {first.program}, and nvrstack moves Docker's "
                "containers alone",
                "move it to Docker first, or set up nvrstack anew with `nvrstack init`",
                first.line,
            ),
        )
    if has_run:
        return (), ()
    for call in every:
        if call.program == "docker-compose" or call.argv[:1] == ("compose",):
            return (_finds("script-uses-compose", "Compose", "the compose file", call.line),), ()
        if call.program in {"systemctl", "service"}:
            return (_finds("script-uses-systemd", "systemd", "the unit", call.line),), ()
    return (
        Finding(
            "script-starts-nothing",
            "nothing in the script starts a server with docker run",
            "let the container tell",
        ),
    ), ()


def _finds(code: str, what: str, source: str, line: int) -> Finding:
    return Finding(
        code,
        f"the script leaves the start to {what}",
        f"{source} tells how Moonfire runs",
        line,
    )
