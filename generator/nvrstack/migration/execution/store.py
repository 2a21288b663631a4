"""A move on disk, so that one that was cut short can go on or back."""

from pydantic import TypeAdapter, ValidationError

from nvrstack.errors import InputError
from nvrstack.migration.plan.move import Move

MOVE = "move.json"


def text_of(move: Move) -> str:
    """The move as JSON, with its secrets: for a private file."""
    return TypeAdapter(Move).dump_json(move, indent=1).decode()


def move_from(text: str, source: str) -> Move:
    """The move that a text of `text_of` holds. Raises InputError."""
    try:
        return TypeAdapter(Move).validate_json(text)
    except ValidationError as error:
        raise InputError(
            f"{source}: is no move of this nvrstack's",
            "take the nvrstack with which the move was begun",
        ) from error
