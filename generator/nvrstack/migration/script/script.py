"""The wrapper script `nvr` of upstream's guides, and what people made of it, read but never run."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from nvrstack.migration.docker.options import subcommand
from nvrstack.migration.docker.run import read_run
from nvrstack.migration.docker.words import is_moonfire, starts_server
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Reading, TextOf, User, no_file
from nvrstack.migration.script import rules
from nvrstack.migration.script.findings import (
    arms_disagree,
    engine_of_call,
    frozen_user,
    not_a_script,
    other_engine,
    other_ways,
    unknown_words,
    unread_sources,
)
from nvrstack.migration.shell.evaluate import evaluate
from nvrstack.migration.shell.repair import cut_command, thawed
from nvrstack.migration.shell.source import ShellError, Source, nodes
from nvrstack.migration.shell.walk import Call
from nvrstack.migration.words import Unknown

DOCUMENTED = ("run", "start", "stop", "logs", "rm", "pull", "init")
"""What upstream's guides call the script with; `init` stands for what goes to Moonfire itself."""
MOST_ARMS = 30
ARM = re.compile(r"[A-Za-z][\w-]*")


@dataclass(frozen=True)
class ScriptReading:
    """What the script would call.

    `run` starts the server: its words are those after `docker`. `calls` are all calls by the first
    word given to the script, which is "" where it was called with none.
    """

    run: Call | None
    calls: Mapping[str, tuple[Call, ...]] = field(default_factory=dict)
    warnings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()


def script_calls(
    content: bytes,
    accounts: Mapping[str, User],
    timezone: str | None,
    text_of: TextOf = no_file,
    place: str | None = None,
) -> ScriptReading:
    """What the script with this content would call, without running any of it.

    `accounts` are the machine's users and `timezone` the text of its /etc/timezone; `text_of` reads
    files that the script sources, and `place` is where it lies. Nothing is raised: a script that
    cannot be read is a warning, since its container may tell all the same.
    """
    refusal = not_a_script(content)
    if refusal is not None:
        return ScriptReading(None, warnings=(refusal,))
    warnings: list[Finding] = []
    unread: tuple[Finding, ...] = ()
    try:
        source = _source(content, warnings)
        found = {
            word: evaluate(source, _given(word), accounts, timezone, text_of, place)
            for word in _arms(source)
        }
    except ShellError as error:
        warnings.append(rules.SCRIPT_UNREADABLE(error.line, reason=error.reason, line=error.line))
        return ScriptReading(None, warnings=tuple(warnings))
    calls = {word: evaluation.calls for word, evaluation in found.items()}
    chosen = _chosen(calls)
    if chosen is not None:
        word, run = chosen
        warnings = [_with_command(finding, run) for finding in warnings]
        warnings += found[word].notes
        unread = tuple(unread_sources(run, found[word].causes))
        warnings += () if unread else unknown_words(run, found[word].causes)
        warnings += frozen_user(run, accounts)
        warnings += arms_disagree(run, calls)
    others, blockers = other_ways(calls, has_run=chosen is not None)
    if chosen is not None:
        blockers += (*other_engine(source), *engine_of_call(chosen[1]), *unread)
    return ScriptReading(
        run=chosen[1] if chosen else None,
        calls={word: made for word, made in calls.items() if made},
        warnings=(*dict.fromkeys(warnings), *others),
        blockers=blockers,
    )


def _given(word: str) -> tuple[str, ...]:
    return (word,) if word else ()


def _source(content: bytes, warnings: list[Finding]) -> Source:
    """The script as it was meant, with what was wrong with it told."""
    if b"\r\n" in content:
        content = content.replace(b"\r\n", b"\n")
        warnings.append(rules.SCRIPT_CRLF(1))
    frozen = thawed(content)
    if frozen is not None:
        content, line = frozen
        warnings.append(rules.SCRIPT_FROZEN(line))
    source = Source(content)
    whole = cut_command(source)
    if whole is None:
        return source
    content, line = whole
    warnings.append(rules.RUN_ARM_CUT(line))
    return Source(content)


def _with_command(finding: Finding, run: Call) -> Finding:
    """With the whole command in the hint, where the script was not read as it stands."""
    if finding.code == rules.SCRIPT_CRLF.code:
        return finding
    words = (w.text if isinstance(w, Unknown) else shlex.quote(w) for w in run.argv)
    hint = f"{finding.hint}: docker {' '.join(words)}"
    return replace(finding, hint=hint)


def _arms(source: Source) -> Iterator[str]:
    """First words worth giving to the script: the documented ones, its own, and none.

    None comes first where the script does not look for `run`: the word may be anything to it.
    """
    found: dict[str, None] = {}
    for node in nodes(source.tree.root_node):
        if node.type in {"case_item", "binary_expression"}:
            for child in node.named_children:
                text = source.slice(child.start_byte, child.end_byte).strip("\"'")
                if len(found) < MOST_ARMS and ARM.fullmatch(text):
                    found[text] = None
    words = dict.fromkeys([*DOCUMENTED, *found])
    return iter([*words, ""] if "run" in found else ["", *words])


def _chosen(calls: Mapping[str, tuple[Call, ...]]) -> tuple[str, Call] | None:
    """The call that starts the server, and the word that leads to it."""
    every = [(word, call) for word, made in calls.items() for call in made if starts_server(call)]
    if not every:
        return None
    # The first of those that rank highest: a container beside it may be for its cameras' streams.
    return max(every, key=lambda found: (is_moonfire(found[1]), starts_server(found[1])))


def read_script(
    content: bytes,
    accounts: Mapping[str, User],
    timezone: str | None,
    text_of: TextOf = no_file,
    place: str | None = None,
) -> Reading:
    """The install that `nvr run` would start; the arguments are those of `script_calls`.

    `text_of` reads the files that its `--env-file` names too.
    """
    reading = script_calls(content, accounts, timezone, text_of, place)
    unread = any(finding.code == rules.SCRIPT_SOURCES.code for finding in reading.blockers)
    if reading.run is None or unread:
        return Reading(None, reading.warnings, reading.blockers)
    _, words = subcommand(reading.run.argv)
    found = read_run(words, reading.run.line, text_of)
    return Reading(
        found.install,
        (*reading.warnings, *found.warnings),
        (*reading.blockers, *found.blockers),
    )
