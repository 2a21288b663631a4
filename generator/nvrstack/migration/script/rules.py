"""What may be found in a wrapper script."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
SCRIPT_OTHER_ENGINE = blocker("script-other-engine",
    "the script speaks to the engine of {words}, and what is planned is this machine's move",
    "run nvrstack on the machine that has the recordings; if this one has, take those words out"
    " of the script and plan again")
NVR_IS_PROGRAM = warning("nvr-is-program",
    "nvr is a program, or a link to one, and no script: Moonfire is installed without Docker here",
    "its systemd unit tells how it runs")
NVR_IS_NO_SHELL_SCRIPT = warning("nvr-is-no-shell-script",
    "nvr is written in another language than the shell's",
    "let the container tell, or write the script as upstream's guide has it")
SCRIPT_STARTS_NOTHING = warning("script-starts-nothing",
    "nothing in the script starts a server with docker run",
    "let the container tell")
WORD_UNKNOWN = warning("word-unknown",
    "{word} would only be known if the script ran{why}",
    "the container tells its value; without one, write the value into the script")
USER_DIFFERS = warning("user-differs",
    "the script runs Moonfire as {uid}:{gid}, but the user moonfire-nvr is {known_uid}:{known_gid}",
    "the database's files tell which one is right")
SCRIPT_STARTS_MORE = warning("script-starts-more",
    "line {line} starts another container, which the new `nvr` will not",
    "it is left as it is; keep its docker command for the next time")
RUN_ARMS_DISAGREE = warning("run-arms-disagree",
    "the script starts a server on line {run} and another one on line {line}",
    "the one on line {run} is taken; compare it with the container")
RUN_ARMS_DISAGREE_OTHERS = warning("run-arms-disagree",
    "line {call} runs Moonfire's other commands otherwise than line {run} its server: {differing}",
    "line {run} is taken")
OTHER_ENGINE = blocker("other-engine",
    "the script starts Moonfire with {program}, and nvrstack moves Docker's containers alone",
    "move it to Docker first, or set up nvrstack anew with `nvrstack init`")
RUN_ARM_CUT = warning("run-arm-cut",
    "the docker command ends early, at an empty line or a comment after a backslash, or at a "
    "blank behind one, as in upstream's guide from v0.6.6 to v0.7.1",
    "it is read as it was meant")
SCRIPT_CRLF = warning("script-crlf",
    "the script's lines end as on Windows; bash does not run it so",
    "it is read as if they ended as on Linux")
SCRIPT_FROZEN = warning("script-frozen",
    "the shell that wrote the script, from the first versions of upstream's guide, left its "
    "variables empty; as it stands it starts no server",
    "it is read as the guide meant it")
SCRIPT_UNREADABLE = warning("script-unreadable",
    "the script {reason} (line {line})",
    "let the container tell, or write the script as upstream's guide has it")
SCRIPT_USES_COMPOSE = warning("script-uses-compose",
    "the script leaves the start to Compose",
    "the compose file tells how Moonfire runs")
SCRIPT_USES_SYSTEMD = warning("script-uses-systemd",
    "the script leaves the start to systemd",
    "the unit tells how Moonfire runs")
SCRIPT_SOURCES = blocker("script-sources",
    "the script takes its values from another file ({words}, line {line}), which is no plain list "
    "of assignments that could be read",
    "write the values into the script, or let the container tell, and plan again")
