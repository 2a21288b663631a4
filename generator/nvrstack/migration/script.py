"""The `nvr` script: which of its arms starts Moonfire, and with which container.

Its shapes are those of upstream's guide/install.md up to version 0.7.7, and what people made of
them.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from nvrstack.migration.docker_options import OptionError, parse_run, subcommand
from nvrstack.migration.docker_run import read_run
from nvrstack.migration.install import Finding, Reading, User
from nvrstack.migration.shell.calls import Call
from nvrstack.migration.shell.follow import Follower, follow
from nvrstack.migration.shell.source import ShellError, bad_lines
from nvrstack.migration.shell.substitutions import Answers
from nvrstack.migration.words import Word

START = ("run", "create")
"""What makes a container, of docker's commands."""
FROZEN = re.compile(rb'^\s*case\s+""\s+in\b', re.MULTILINE)
REMARKS = {
    "source": "another file is read in",
    ".": "another file is read in",
    "eval": "text is run as commands",
    "read": "a value is asked for",
    "mapfile": "values are read from elsewhere",
    "readarray": "values are read from elsewhere",
    "trap": "something is run at the end",
    "alias": "a command gets another name",
    "unknown-command": "a command is called whose name only running it would tell",
    "not-followed": "this is not followed",
    "unreadable": "this is no bash that is understood",
}
HINT = "the container tells what it comes to, without --no-docker; or write plainly what is meant"
CRLF = Finding(
    "script-crlf",
    "the script has the line ends of Windows, with which bash does not run it",
    "it is read as it was meant; look whether it is the one in use",
)


def read_script(content: bytes, users: Mapping[str, User], timezone: str | None) -> Reading:
    """The install that `nvr run` would start. Nothing of the script is run.

    `users` are those of passwd(5), `timezone` is the text of /etc/timezone, which the script may
    ask for.
    """
    refused = _no_script(content)
    if refused is not None:
        return Reading(None, blockers=(refused,))
    answers = Answers(users, timezone)
    crlf = b"\r\n" in content
    content = content.replace(b"\r\n", b"\n")
    try:
        followed = follow(content, ("run",), answers)
        # What `nvr config` and the like would run.
        others = follow(content, ("config",), answers)
    except ShellError as error:
        finding = Finding("script-unreadable", f"the script {error}", HINT)
        return Reading(None, blockers=(finding,))
    warnings = [*_unreadable(followed), *_remarks(followed), *([CRLF] if crlf else ())]
    starts = [call for call in followed.calls if _starts(call)]
    if not starts:
        return Reading(None, tuple(warnings), (_no_start(content, followed),))
    call = next((c for c in starts if c.certain), starts[0])
    warnings += _disagreements(call, starts, [c for c in others.calls if _starts(c)])
    words, cut = _whole(call)
    warnings += cut
    reading = read_run(words, call.line)
    blockers = [*reading.blockers]
    if call.engine != "docker":
        blockers.append(
            Finding(
                "not-docker",
                f"the script runs Moonfire with {call.engine}",
                "install Docker beside it: the project needs the Docker Engine and Compose",
                call.line,
            )
        )
    install = reading.install
    if install is not None and not install.container_name:
        warnings.append(
            Finding(
                "no-name",
                "the container gets a name of docker's own choosing",
                "see with docker ps which one it is",
                call.line,
            )
        )
    return Reading(install, (*warnings, *reading.warnings), tuple(blockers))


def _no_script(content: bytes) -> Finding | None:
    if content.startswith(b"\x7fELF"):
        return Finding(
            "script-binary",
            "nvr is a program, not a script: Moonfire itself, as a rule, which a unit starts",
            "name the script with --nvr-script, if there is one",
        )
    first = content.partition(b"\n")[0]
    if first.startswith(b"#!") and not re.search(rb"\b(?:ba|da|z|k|a)?sh\b", first):
        shebang = first[2:60].decode(errors="replace").strip()
        return Finding(
            "script-language",
            f"the script is one for {shebang}, which is not understood",
            HINT,
            1,
        )
    return None


def _starts(call: Call) -> bool:
    name, rest = subcommand(call.words)
    if name not in START:
        return False
    try:
        command = parse_run(rest)
    except OptionError:
        return True
    # A throw-away container, for `config` and the like, is not the server.
    return command.image is None or command.command[:1] != ("config",)


def _whole(call: Call) -> tuple[tuple[Word, ...], list[Finding]]:
    """The words behind `run`, with those that an empty line has cut off, and what to say of it."""
    _, words = subcommand(call.words)
    try:
        complete = parse_run(words).image is not None
    except OptionError:
        complete = True
    if complete or not call.cut:
        return words, []
    finding = Finding(
        "run-cut",
        "bash ends this command before its image, at an empty line or a comment behind a "
        "backslash: as upstream's guide of 0.6.6 to 0.7.1 had it, it starts nothing",
        "it is read as it was meant; look whether the container was made like that",
        call.line,
    )
    return (*words, *call.cut), [finding]


def _no_start(content: bytes, followed: Follower) -> Finding:
    if FROZEN.search(content):
        return Finding(
            "script-frozen",
            "the shell that wrote this script replaced its variables by nothing, as upstream's "
            "guide of 0.6.0 and 0.6.1 made it do: it cannot start anything",
            "the container tells what runs, without --no-docker",
        )
    called = ", ".join(dict.fromkeys(subcommand(c.words)[0] for c in followed.calls)) or "nothing"
    return Finding(
        "script-no-run",
        f"`nvr run` makes no container: of docker it calls {called}",
        HINT,
    )


def _unreadable(followed: Follower) -> list[Finding]:
    return [
        Finding("script-syntax", "this is no bash, or not what it looks like", HINT, line)
        for line in bad_lines(followed.source.root)
    ]


def _remarks(followed: Follower) -> list[Finding]:
    return [
        Finding(
            "script-not-followed",
            f"{REMARKS[remark.kind]} ({remark.text})",
            HINT,
            remark.line,
        )
        for remark in dict.fromkeys(followed.remarks)
    ]


def _disagreements(call: Call, starts: list[Call], others: list[Call]) -> list[Finding]:
    found = []
    differing = [other for other in starts if replace(other, line=0) != replace(call, line=0)]
    if differing:
        lines = ", ".join(str(other.line) for other in differing)
        found.append(
            Finding(
                "run-differs",
                f"Moonfire may be started in several ways, of which line {call.line} is taken; "
                f"also line {lines}",
                "the container tells which one it was, without --no-docker",
                call.line,
            )
        )
    image = _image(call)
    for other in others:
        theirs = _image(other)
        if image is not None and theirs is not None and theirs != image:
            found.append(
                Finding(
                    "images-differ",
                    f"this arm uses {theirs}, but `nvr run` uses {image}",
                    "the project has one Moonfire for both",
                    other.line,
                )
            )
    return found


def _image(call: Call) -> Word | None:
    words, _ = _whole(call)
    try:
        return parse_run(words).image
    except OptionError:
        return None
