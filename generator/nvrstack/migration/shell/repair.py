"""Scripts that do not do what they were written for, put right as they were meant.

Every repair keeps the numbers of the lines.
"""

import re

from nvrstack.migration.shell.source import BLANK_ESCAPED_AT_END, Source, nodes

CONTINUED = re.compile(rb"(?<!\\)(?:\\\\)*\\$")
NOTHING = re.compile(rb"\s*(#.*)?$")
GOES_ON = re.compile(rb"\s*(?:[-\"'$]|run\b)")
"""A flag, a quoted word, a variable, or Moonfire's own `run`: no command of a script's."""
FROZEN = re.compile(rb"^[ \t]*case[ \t]+\"\"[ \t]+in\b", re.MULTILINE)
EMPTY = re.compile(rb"(?<=[ \t])\"\"(?=[ \t\r\n]|$)")
DOCUMENTED = (b"common_docker_run_args=(", b"container_name=", b"image_name=")


def thawed(text: bytes) -> tuple[bytes, int] | None:
    """The script whose variables a here-document emptied while it was written, and where.

    The first two versions of upstream's guide wrote the script with an unquoted `<<EOF`, so that
    the shell that wrote it put nothing in the place of `$1`, `"$@"` and every variable. Their
    places are those of the guide's text. None for every other script.
    """
    found = FROZEN.search(text)
    if found is None or any(name not in text for name in DOCUMENTED):
        return None
    head, body = text[: found.start()], text[found.start() :]
    arms = [_thawed_arm(arm) for arm in body.replace(b'""', b'"$1"', 1).split(b";;")]
    if b"\ntz=" in text:
        head = head.replace(b'TZ=":"', b'TZ=":${tz}"')
    return head + b";;".join(arms), text.count(b"\n", 0, found.start()) + 1


def _thawed_arm(arm: bytes) -> bytes:
    array, name = b'"${common_docker_run_args[@]}"', b'"${container_name}"'
    image, rest = b'"${image_name}"', b'"$@"'
    if b"docker run" in arm:
        meant = [array, image, rest]
    elif b"docker pull" in arm:
        meant = [image]
    else:
        meant = [rest, name]
    arm = arm.replace(b'--name=""', b"--name=" + name)
    return EMPTY.sub(lambda found: meant.pop(0) if meant else found.group(), arm)


def cut_command(source: Source) -> tuple[bytes, int] | None:
    """The script with a cut command made whole, and the line of the cut.

    A backslash at a line's end does not reach over an empty line or a comment, nor is one that a
    blank follows at the line's end: there the command ends, and its next flag is taken for a
    command of its own (shellcheck's SC2215). Upstream's guide had this from v0.6.6 to v0.7.1.
    None where no flag stands in a command's place.
    """
    flags = {
        node.start_point[0]
        for node in nodes(source.tree.root_node)
        if node.type == "command" and source.text[node.start_byte : node.start_byte + 1] == b"-"
    }
    lines = source.text.split(b"\n")
    cuts: list[int] = []
    reached = False
    for row, line in enumerate(lines):
        blank = BLANK_ESCAPED_AT_END.search(line)
        if not (blank or CONTINUED.search(line)):
            continue
        after = row + 1
        while after < len(lines) and NOTHING.match(lines[after]):
            after += 1
        if after == len(lines) or not GOES_ON.match(lines[after]):
            continue
        if after > row + 1 or blank:
            cuts.append(row)
            reached = reached or after in flags or blank is not None
            if blank:
                lines[row] = line[: blank.end() - 2] + b" \\"
            lines[row + 1 : after] = [b"\\"] * (after - row - 1)
    return (b"\n".join(lines), cuts[0] + 1) if reached else None
