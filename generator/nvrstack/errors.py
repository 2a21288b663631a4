"""What can go wrong in a way that the user can mend, and the exit codes that say so.

Every other exception that reaches the command line is a bug.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every nvrstack command."""

    OK = 0
    CHECK_FAILED = 1
    BAD_INPUT = 2
    HOST_REFUSED = 3
    INTERRUPTED = 130


class NvrstackError(Exception):
    """One clear sentence for the user, a hint how to mend it, and an exit code."""

    code: ExitCode = ExitCode.BAD_INPUT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(NvrstackError):
    """Something that the user wrote or typed is not usable. Nothing was changed."""


class HostError(NvrstackError):
    """Something on this host is missing or refused: the engine, a permission, a port, a disk."""

    code = ExitCode.HOST_REFUSED
