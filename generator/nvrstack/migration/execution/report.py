"""How a move stands, told from its journal."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nvrstack.migration.execution.journal import Journal, State
from nvrstack.migration.plan.move import Move
from nvrstack.migration.plan.steps import Step, steps

ON_OR_BACK = "`nvrstack migrate resume` goes on, `nvrstack migrate rollback` goes back"


@dataclass(frozen=True)
class Report:
    """What a command about a move has to tell, for programs and in words."""

    data: Mapping[str, Any]
    words: str


def report(move: Move, journal: Journal) -> Report:
    """How a move stands, from its journal."""
    told = (move, journal.state(), journal.notes())
    return Report(as_json(*told), in_words(*told))


def as_json(move: Move, state: State, notes: tuple[str, ...]) -> dict[str, Any]:
    """The state as `nvrstack migrate status --json` prints it."""
    return {
        "phase": state.phase,
        "failure": state.failure or None,
        "steps": [{**step.as_json(), "state": _standing(step, state)} for step in steps(move)],
        "notes": list(notes),
    }


def in_words(move: Move, state: State, notes: tuple[str, ...]) -> str:
    """The state for a person, with what can be done next."""
    all_steps = steps(move)
    begun = [step for step in all_steps if step.id in state.begun]
    match state.phase:
        case "none":
            lines = [f"No move was begun in {move.project}."]
        case "moved":
            back = "`nvrstack migrate rollback` goes back to it, "
            give_up = "`nvrstack migrate finish` gives it up."
            lines = [f"Moved into {move.project}.", *notes]
            lines.append(f"The old system is kept: {back}{give_up}")
            if move.has_container:
                lines.append(
                    f"Until then, `docker system prune` and the like would remove {move.kept_name}."
                )
            if move.install.source == "compose":
                lines.append(
                    "Do not start it from its compose file any more: it would take the database "
                    "whenever the new Moonfire stops."
                )
        case "back":
            lines = ["The old system is back, as it was before the move."]
        case "finished":
            lines = ["The move is finished, and the old system was given up."]
        case "backward":
            lines = ["On the way back, and cut short. Still to undo:"]
            lines += [f"  {step.undo}" for step in reversed(begun) if step.undo]
            lines.append("`nvrstack migrate resume` goes on with it.")
        case "forward":
            lines = [f"Cut short: {len(state.done)} of {len(all_steps)} steps are done."]
            lines += [f"  begun: {step.title}" for step in begun if step.id not in state.done]
            lines += [f"  it failed: {state.failure}"] if state.failure else []
            lines.append(f"{ON_OR_BACK}.")
    return "\n".join(lines)


def _standing(step: Step, state: State) -> str:
    if step.id in state.done:
        return "done"
    return "begun" if step.id in state.begun else "open"
