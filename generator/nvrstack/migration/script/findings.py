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
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import User
from nvrstack.migration.script import rules
from nvrstack.migration.shell.source import Source, nodes
from nvrstack.migration.shell.walk import Call
from nvrstack.migration.words import Unknown

SHELL = re.compile(rb"#!\s*\S*/(env\s+(-S\s+)?)?(bash|sh|dash)\b")
USUAL_ENGINE = frozenset({"", "default", "unix:///var/run/docker.sock", "unix:///run/docker.sock"})
OTHER_ENGINES = frozenset({"podman", "podman-compose", "nerdctl"})


def not_a_script(content: bytes) -> Finding | None:
    """Why a file is no shell script, None where it may be one."""
    if content.startswith(b"\x7fELF"):
        return rules.NVR_IS_PROGRAM()
    if content.startswith(b"#!") and not SHELL.match(content):
        return rules.NVR_IS_NO_SHELL_SCRIPT(1)
    return None


def unknown_words(run: Call, causes: Mapping[Unknown, Unknown]) -> Iterator[Finding]:
    """Each word that is not known, with the place that makes it so."""
    for word in run.argv:
        if isinstance(word, Unknown):
            cause = causes.get(word)
            why = f", because of {cause.text} on line {cause.line}" if cause and cause.line else ""
            yield rules.WORD_UNKNOWN(word.line, word=word.text, why=why)


def unread_sources(run: Call, causes: Mapping[Unknown, Unknown]) -> Iterator[Finding]:
    """A blocker for each file without which a word of the call is not known."""
    words = [word for word in run.argv if isinstance(word, Unknown)]
    for cause in dict.fromkeys(causes.get(word, word) for word in words):
        if cause.text.startswith(("source ", ". ")):
            yield rules.SCRIPT_SOURCES(cause.line, words=cause.text, line=cause.line)


def frozen_user(run: Call, accounts: Mapping[str, User]) -> Iterator[Finding]:
    """Ids as numbers, as the first guides' here-document left them."""
    for word in run.argv:
        found = re.fullmatch(r"--user=([0-9]+):([0-9]+)", word) if isinstance(word, str) else None
        if found is None:
            continue
        user = User(int(found[1]), int(found[2]))
        known = accounts.get("moonfire-nvr")
        if known is not None and known != user:
            yield rules.USER_DIFFERS(
                run.line, uid=user.uid, gid=user.gid, known_uid=known.uid, known_gid=known.gid
            )


def arms_disagree(run: Call, calls: Mapping[str, tuple[Call, ...]]) -> Iterator[Finding]:
    """Where another arm of the script starts something else than `run` does."""
    every = {call.line: call for made in calls.values() for call in made}
    for line, call in every.items():
        if line == run.line or starts_server(call) != 2 or set(call.argv) == set(run.argv):
            continue
        if is_moonfire(run) and not is_moonfire(call):
            yield rules.SCRIPT_STARTS_MORE(line, line=line)
        else:
            yield rules.RUN_ARMS_DISAGREE(line, run=run.line, line=line)
    for call in calls.get("init", ()):
        differing = sets_up(call) ^ sets_up(run)
        image = image_of(call, "init")
        if image is not None and image not in run.argv:
            differing |= {image.text if isinstance(image, Unknown) else image}
        if call.line != run.line and starts_server(call) == 0 and image and differing:
            yield rules.RUN_ARMS_DISAGREE_OTHERS(
                call.line, call=call.line, run=run.line, differing=", ".join(sorted(differing))
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
    return rules.SCRIPT_OTHER_ENGINE(line, words=words)


def other_ways(
    calls: Mapping[str, tuple[Call, ...]], *, has_run: bool
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Warnings and blockers where the script has another way than `docker run`."""
    every = [call for made in calls.values() for call in made]
    engines = [call for call in every if call.program in OTHER_ENGINES]
    if engines and not has_run:
        first = engines[0]
        return (), (rules.OTHER_ENGINE(first.line, program=first.program),)
    if has_run:
        return (), ()
    for call in every:
        if call.program == "docker-compose" or call.argv[:1] == ("compose",):
            return (rules.SCRIPT_USES_COMPOSE(call.line),), ()
        if call.program in {"systemctl", "service"}:
            return (rules.SCRIPT_USES_SYSTEMD(call.line),), ()
    return (rules.SCRIPT_STARTS_NOTHING(),), ()
