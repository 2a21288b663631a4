"""What may be found while a host is looked at."""

from nvrstack.migration.findings import blocker, warning

# fmt: off
PROJECT_NAME_TAKEN = blocker("project-name-taken",
    "the Compose project {name} has a container already, {other}, which the new project would "
    "replace",
    "give the new project another name with --set project.name=NAME")
SETTINGS = blocker("settings",
    "{key} {problem}",
    "give it with --set KEY=VALUE, or --secret-file NAME=FILE if it is a secret")
PROJECT_CONTAINER = warning("project-container",
    "the container {container} belongs to the nvrstack project in {directory}, and is not moved"
    " again",
    "change that project with `nvrstack render`")
COMPOSE_OVERRIDE = warning("compose-override",
    "{override} adds to the compose file, and is not read",
    "docker compose config shows the whole; what you still need goes into the project's own "
    "compose.override.yaml")
DATABASE_UNREAD = blocker("database-unread",
    "Moonfire's database could not be read: {problem}",
    "{hint}")
DDNS_UNREAD = warning("ddns-unread", "{problem}", "{hint}")
ENGINE_ABSENT = warning("engine-absent",
    "{problem}: containers were not looked for",
    "{hint}")
