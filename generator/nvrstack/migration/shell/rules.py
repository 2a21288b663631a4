"""What may be found while a script is followed."""

from nvrstack.migration.findings import warning

# fmt: off
CONDITION_OPEN = warning("condition-open",
    "which way {text!r} goes would only show when it runs; each was followed",
    "check that what follows from it is meant")
COMMAND_HIDDEN = warning("command-hidden",
    "what {text} starts here would only show when it runs",
    "write the docker command there in plain words, or let the container tell")
VARIABLE_UNSET = warning("variable-unset",
    "{variable} has no value in the script and counts as empty",
    "if the environment sets it, write its value into the script first")
USER_UNKNOWN = warning("user-unknown",
    "{what} asks for a user {name} whom this machine does not know",
    "look whom the database's files belong to")
