"""What may be found in a call of docker, or in a container."""

from nvrstack.migration.findings import blocker, warning

_TELL = "write the value itself in its place, or let the container tell, without --no-docker"
_OWNER = "look whom the database's files belong to"

# fmt: off
NO_USER = warning("user-unknown",
    "the container does not say whom it runs as: with an image of Docker Hub that is 10000:10000, "
    "with one of ghcr.io it is root",
    _OWNER)
USER_OF_IMAGE = warning("user-unknown",
    "the container runs as {user}, a name that only its image can translate",
    _OWNER)
USER_IS_NAME = warning("user-unknown",
    "--user {user} is a name, which only the image can translate",
    _OWNER)
REFUSED_CALL = blocker("docker-option", "docker refuses this call: {error}", _TELL)
REFUSED_FILE = blocker("docker-option", "docker refuses --env-file {path}: {error}", _TELL)
REFUSED_ENV = blocker("docker-option", "docker refuses --env {word}: it has no name", _TELL)
NO_IMAGE = blocker("docker-no-image", "docker is given no image to run", _TELL)
REFUSED_MOUNT = blocker("docker-mount", "--{option} {text} is none that docker takes", _TELL)
REFUSED_NETWORK = blocker("docker-network", "--network {text} is none that docker takes", _TELL)
REFUSED_PORTS = blocker("docker-publish",
    "--publish {text} names no TCP or UDP ports as docker takes them",
    _TELL)
RELATIVE = blocker("docker-relative",
    "--volume {text} counts from the directory of whoever runs the script",
    "write the whole path there, beginning with /")
ENV_FILE = warning("env-file",
    "--env-file {path} could not be read, so that its variables are not known",
    "look whether Moonfire needs one of them")
ENV_FROM_CALLER = warning("env-from-caller",
    "{what} takes its value from whoever calls the script",
    "give it in compose.override.yaml, if Moonfire needs it")
VALUE_UNKNOWN = blocker("script-value",
    "{what} {word} can only be told by running it, which is not done",
    _TELL)
DETAIL_UNKNOWN = warning("script-value",
    "{what} {word} can only be told by running it, which is not done",
    _TELL)
