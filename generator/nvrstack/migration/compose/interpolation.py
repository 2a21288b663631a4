"""Variables in a compose file, as Compose replaces them.

`$NAME`, `${NAME}`, and `$$` for a dollar sign; with a default (`${NAME:-word}`, `${NAME-word}`), an
error (`:?`, `?`) or another value (`:+`, `+`), where the colon makes an empty one count as unset:
https://docs.docker.com/reference/compose-file/interpolation/.
"""

import re
from collections.abc import Mapping

_NAME = r"[A-Za-z_][A-Za-z0-9_]*+"
# A default may hold a variable of its own, but no further one inside that. Nothing matched is given
# back, as a default without its end would be tried in every way of cutting it.
_INNER = rf"(?:[^{{}}$]|\$\$|\$\{{[^{{}}]*\}}|\${_NAME})*+"
_VARIABLE = re.compile(
    rf"\$(?:(?P<escaped>\$)|(?P<plain>{_NAME})"
    rf"|\{{(?P<name>{_NAME})(?:(?P<operator>:?[-?+])(?P<word>{_INNER}))?\}})"
)


def interpolate(text: str, variables: Mapping[str, str]) -> tuple[str, frozenset[str]]:
    """The text with its variables replaced, and the names of those whose value is not known.

    An unknown variable becomes nothing, as with Compose.
    """
    unknown: set[str] = set()

    def value(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        name, operator = match["plain"] or match["name"], match["operator"] or ""
        known = variables.get(name)
        counts = known is not None and not (operator.startswith(":") and known == "")
        if operator.endswith("+"):
            return word(match) if counts else ""
        if counts:
            return known or ""
        if operator.endswith("-"):
            return word(match)
        unknown.add(name)
        return ""

    def word(match: re.Match[str]) -> str:
        inner, missing = interpolate(match["word"], variables)
        unknown.update(missing)
        return inner

    return _VARIABLE.sub(value, text), frozenset(unknown)
