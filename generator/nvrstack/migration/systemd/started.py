"""What a unit starts where it is not Moonfire itself: a container, a Compose project, a script."""

import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from nvrstack.migration.docker.options import OptionError, parse_run, subcommand
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import TextOf
from nvrstack.migration.systemd import rules
from nvrstack.migration.systemd.unit_paths import whole_path
from nvrstack.migration.words import Unknown, Word

OTHER_ENGINES = frozenset({"podman", "podman-compose", "nerdctl"})
COMPOSE = frozenset({"docker-compose", "podman-compose"})
CONTAINER_PROGRAMS = frozenset({"docker", "nvr", *COMPOSE, *OTHER_ENGINES})
COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
FILE_FLAGS = frozenset({"-f", "--file"})
DIRECTORY_FLAGS = frozenset({"--project-directory"})
ENDS = frozenset({";", "&&", "||", "|", "&"})
INTERPRETER = re.compile(r"(ba|da|z|k)?sh|python[\d.]*|perl|ruby|node")
OF_THE_SYSTEM = frozenset(map(PurePosixPath, ("/bin", "/sbin", "/usr/bin", "/usr/sbin")))
NAMED_SO = re.compile(r"moonfire([-_]?nvr)?(@.*)?\.service")
STARTS_PROGRAM = re.compile(r"moonfire-nvr\S*\s+(run\b|--)")
STARTS_CONTAINER = re.compile(
    r"\b(docker|docker-compose|podman|nerdctl)\b[^\n]*\b(run|start|up|create)\b"
)
STARTS = frozenset({"run", "start", "restart", "up", "create"})
"""What makes docker, compose or the guide's script start a container."""


def speaks_of_moonfire(text: str | None) -> bool:
    """Whether Moonfire is named in a text; one that could not be read is taken to."""
    return text is None or "moonfire" in text.lower()


def commands_of(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The commands of a shell's command line, told apart by the usual operators."""
    found: list[str] = []
    for word in words:
        bare = word.rstrip(";&")
        if bare and word not in ENDS:
            found.append(bare)
        if word in ENDS or bare != word:
            yield tuple(found)
            found = []
    yield tuple(found)


def container_finding(
    name: str,
    words: Sequence[str],
    directory: str,
    text_of: TextOf,
    containers: Collection[str] = (),
) -> Finding | None:
    """The finding about the first of the commands in `words` that starts Moonfire's container.

    `name` is the unit's, `directory` where it works, `containers` are those of Moonfire that the
    engine has.
    """
    for command in commands_of(words):
        at = next((i for i, w in enumerate(command) if _program(w) in CONTAINER_PROGRAMS), None)
        if command[:1] == ("cd",) and len(command) > 1:
            directory = whole_path(command[1], directory)
        # A program before it, such as exec or env, may be any; one that is copied may not.
        if at is None or not _is_started(command[:at]):
            continue
        finding = _started(name, command[at:], directory, text_of, containers)
        if finding is not None:
            return finding
    return None


def _is_started(before: Sequence[str]) -> bool:
    return not before or _program(before[0]) in {"exec", "env", "sudo", "nice", "ionice", "time"}


def _program(word: str) -> str:
    return word.rpartition("/")[2]


def _started(
    name: str,
    command: Sequence[str],
    directory: str,
    text_of: TextOf,
    containers: Collection[str],
) -> Finding | None:
    program = _program(command[0])
    words = command[1:]
    action, rest = subcommand(words)
    if program in COMPOSE or action == "compose":
        place, concerned = _project(name, command, directory, text_of)
        instead = f"docker compose up --detach in {place}"
        if not concerned or not STARTS.intersection(words):
            return None
    elif action in {"run", "create"} and program != "nvr":
        instead = "make its container anew with docker run --detach --restart=unless-stopped, "
        instead += "its other options and without --rm"
        if not _runs_moonfire(name, rest, containers):
            return None
    else:
        instead = "docker update --restart=unless-stopped and docker start its container"
        named = {*containers}.intersection(words) or speaks_of_moonfire(" ".join((name, *words)))
        if action not in STARTS or not (named or program == "nvr"):
            return None
    if program in OTHER_ENGINES:
        return rules.UNIT_OTHER_ENGINE(name=name, program=command[0])
    return rules.UNIT_RUNS_CONTAINER(name=name, program=command[0], instead=instead)


def _runs_moonfire(name: str, words: Sequence[Word], containers: Collection[str]) -> bool:
    """Whether the words behind `docker run` make a container of Moonfire's."""
    try:
        found = parse_run(words)
    except OptionError:
        # podman has options of its own.
        return speaks_of_moonfire(" ".join((name, *map(str, words))))
    names = [n for n in found.options.get("name", ()) if isinstance(n, str)]
    image = found.image.text if isinstance(found.image, Unknown) else found.image or ""
    told = speaks_of_moonfire(" ".join((name, image, *names)))
    return told or bool({*containers}.intersection(names))


def _project(name: str, words: Sequence[str], directory: str, text_of: TextOf) -> tuple[str, bool]:
    """The directory of a Compose project that is started, and whether Moonfire is in it."""
    files: list[str] = []
    for flag, value in zip(words, (*words[1:], ""), strict=True):
        given, equals, glued = flag.partition("=")
        if given in DIRECTORY_FLAGS:
            directory = whole_path(glued if equals else value, directory)
        elif given in FILE_FLAGS:
            files.append(whole_path(glued if equals else value, directory))
    texts = [text_of(file) for file in files or (f"{directory}/{n}" for n in COMPOSE_NAMES)]
    known = [text for text in texts if text is not None]
    place = str(PurePosixPath(files[0]).parent) if files else directory
    told = [*known, name, " ".join(words), directory]
    return place, any(map(speaks_of_moonfire, told))


def script_finding(
    name: str, words: Sequence[str], directory: str, text_of: TextOf
) -> Finding | None:
    """The finding about a program or script that may start Moonfire in a way of its own.

    `words` are the unit's command. A program that only a unit with Moonfire's name starts is one.
    """
    programs = [word for word in words if not word.startswith("-")]
    if programs and INTERPRETER.fullmatch(_program(programs[0])):
        del programs[0]
    if not programs:
        return None
    path = whole_path(programs[0], directory)
    if PurePosixPath(path).parent in OF_THE_SYSTEM:
        return None
    text = text_of(path)
    is_script = text is not None and text.startswith("#!")
    joined = (text or "").replace("\\\n", " ") if is_script else ""
    if (
        NAMED_SO.fullmatch(name)
        or STARTS_PROGRAM.search(joined)
        or (speaks_of_moonfire(joined) and STARTS_CONTAINER.search(joined))
    ):
        return rules.UNIT_NOT_UNDERSTOOD(name=name, command=" ".join(words))
    return None
