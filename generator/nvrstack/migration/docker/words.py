"""What a call of docker is for, told from its words without knowing every option."""

import re

from nvrstack.migration.docker.options import GLOBAL_WITH_VALUE, OptionError, parse_run
from nvrstack.migration.shell.walk import Call
from nvrstack.migration.words import Unknown, Word

MOONFIRE = re.compile(r"([^/@\s]+/)*moonfire-nvr([:@].*)?", re.DOTALL)
"""An image called as upstream's, from whatever registry."""
SETTING_UP = re.compile(r"(--mount|--volume|--user|--env)=")


def after_subcommand(call: Call) -> int | None:
    """Where the words of `run` or `create` begin; None for all other calls."""
    at = 0
    argv = call.argv
    while at < len(argv):
        word = argv[at]
        if isinstance(word, Unknown):
            return None
        if not word.startswith("-"):
            break
        at += 2 if word in GLOBAL_WITH_VALUE else 1
    if argv[at : at + 1] == ("container",):
        at += 1
    return at + 1 if argv[at : at + 1] in {("run",), ("create",)} else None


def starts_server(call: Call) -> int:
    """2 for a container that stays, 1 for one that is given Moonfire's `run`, 0 for all else."""
    at = after_subcommand(call) if call.program == "docker" else None
    if at is None:
        return 0
    words = [word for word in call.argv[at:] if isinstance(word, str)]
    stays = call.argv[at - 1] == "create" or any(
        re.fullmatch(r"--detach(=true)?|-[a-zA-Z]*d[a-zA-Z]*", word) for word in words
    )
    return 2 if stays else int("run" in words)


def is_moonfire(call: Call) -> bool:
    """Whether a call that starts a container starts Moonfire, by its image or the word `run`."""
    at = after_subcommand(call) or 0
    try:
        found = parse_run(call.argv[at:])
    except OptionError:
        return False
    image = found.image.text if isinstance(found.image, Unknown) else found.image
    return found.command[:1] == ("run",) or bool(MOONFIRE.fullmatch(image or ""))


def sets_up(call: Call) -> set[str]:
    """The words by which a container is given files, an identity and an environment."""
    return {word for word in call.argv if isinstance(word, str) and SETTING_UP.match(word)}


def image_of(call: Call, command: str) -> Word | None:
    """The image of a call that ends in the image and this command."""
    at = after_subcommand(call) if call.program == "docker" else None
    ends = at is not None and len(call.argv) >= at + 2 and call.argv[-1] == command
    return call.argv[-2] if ends else None
