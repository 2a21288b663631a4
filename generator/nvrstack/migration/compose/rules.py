"""What may be found in a compose file."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
COMPOSE_UNREADABLE = blocker("compose-unreadable",
    "the compose file cannot be read: {problem}",
    "docker compose config -q tells more")
COMPOSE_VARIABLE = warning("compose-variable",
    "${{{name}}} has no value here; Compose takes nothing in its place",
    "set {name} in the file .env beside the compose file, if it is set elsewhere")
ENV_FROM_CALLER = warning("env-from-caller",
    "the service's variable {name} takes its value from whoever calls docker compose",
    "give it in compose.override.yaml, if Moonfire needs it")
OTHER_SERVICES = warning("other-services",
    "the compose file has other services too: {others}",
    "they are left as they are; see that they do not need Moonfire's old address")
COMPOSE_INCLUDE = warning("compose-include",
    "the compose file includes others, which are not read",
    "docker compose config shows the whole")
COMPOSE_VALUE = warning("compose-value",
    "{key}: {entry} is not understood, and is not carried over",
    "docker compose config shows what Compose makes of it")
USER_UNKNOWN = warning("user-unknown",
    "the service names no user: an image of ghcr.io then runs as root",
    "look whom the database's files belong to")
USER_IS_EXAMPLE = warning("user-unknown",
    "user: UID:GID is the guide's example; no container starts with it",
    "look whom the database's files belong to")
USER_IS_NAME = warning("user-unknown",
    "the service's user {user} is a name, which only its image can translate",
    "look whom the database's files belong to")
