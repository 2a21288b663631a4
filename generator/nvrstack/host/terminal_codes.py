"""Text of other programs without what it would do to a terminal."""

import re

_SEQUENCE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor (ECMA-48, control sequences)
    r"|\x1b[PX\]^_].*?(?:\x07|\x1b\\)"  # titles, links and other control strings
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def without_codes(text: str) -> str:
    """The text without escape sequences and control characters; its lines and tabs stay."""
    return _CONTROL.sub("", _SEQUENCE.sub("", text.replace("\r\n", "\n")))
