"""The `.env` file of a Compose project, and the files of `env_file`, as Compose reads them.

https://docs.docker.com/compose/how-tos/environment-variables/variable-interpolation/#env-file-syntax
"""

import io
import re
from collections.abc import Mapping

from dotenv.parser import parse_stream

from nvrstack.migration.compose.interpolation import interpolate

LITERAL = re.compile(r"[^=]*=\s*'")
"""A value in single quotes, in which a dollar sign is nothing special."""


def variables_of(text: str) -> Mapping[str, str]:
    """The variables that such a file sets; a line that Compose would refuse sets none."""
    found: dict[str, str] = {}
    for line in parse_stream(io.StringIO(text.removeprefix("\ufeff"))):
        if line.key is None or line.value is None:
            continue
        is_literal = LITERAL.match(line.original.string)
        found[line.key] = line.value if is_literal else interpolate(line.value, found)[0]
    return found
