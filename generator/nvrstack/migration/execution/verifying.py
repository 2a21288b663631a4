"""The last judgement, before which everything can still be taken back unasked."""

import time
from dataclasses import dataclass

from nvrstack.errors import ExitCode, NvrstackError
from nvrstack.migration.execution.proof import proved
from nvrstack.migration.execution.work import Work

SECONDS = 5
"""What is asked here has answered before, or answers at once."""


class NotProvedError(NvrstackError):
    """The new system runs, but not as it should."""

    code = ExitCode.CHECK_FAILED


@dataclass(frozen=True)
class Verify:
    """Proves that the new system works."""

    work: Work

    def done(self) -> bool:
        """Never certain: it is asked again."""
        return False

    def do(self) -> str | None:
        """Ask until all is well, for a bounded time. Raises NotProvedError."""
        deadline = time.monotonic() + SECONDS
        while problems := proved(self.work):
            if time.monotonic() > deadline:
                raise NotProvedError(
                    "the new system does not work as it should: " + "; ".join(problems),
                    f"the containers' logs tell more: docker compose logs, in {self.work.project}",
                )
            time.sleep(0.5)
        return None

    def undo(self) -> str | None:
        """There is nothing to take back."""
