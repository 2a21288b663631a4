"""How Moonfire is known by its program and its image."""

from collections.abc import Iterable

PROGRAM = "moonfire-nvr"


def is_program(word: str) -> bool:
    """Whether a word of a command is the program, wherever it lies."""
    return word.rpartition("/")[2] == PROGRAM


def is_image(reference: str) -> bool:
    """Whether an image is called as upstream's, from whatever registry."""
    name = reference.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[0] == PROGRAM


def runs_moonfire(image: str, words: Iterable[str]) -> bool:
    """Whether a container of the image, with these words of its command, is Moonfire's."""
    return is_image(image) or any(map(is_program, words))
