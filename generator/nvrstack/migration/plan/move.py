"""Everything that the plan decided and that its execution needs, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from nvrstack.migration.around.renewal import DIRECTORY
from nvrstack.migration.install import Install

LETSENCRYPT = PurePosixPath(DIRECTORY)


@dataclass(frozen=True)
class Certificate:
    """A lineage of the host's certbot that the project takes over, so that none has to be issued.

    `source` is its name below /etc/letsencrypt, `name` the one that it gets in the project: the
    first name of the site that uses it. `renewal` is the whole text of its renewal file there, with
    every path below /etc/letsencrypt spelt with `name`. `account` is the path of its account below
    `accounts/` (acme-v02.api.letsencrypt.org/directory/0123abcd), None where it has none.
    """

    source: str
    name: str
    renewal: str
    account: str | None = None


@dataclass(frozen=True)
class HostNginx:
    """The host's nginx, as far as it is the project's to replace.

    Without `site_files`, the whole service is stopped and disabled. With them it goes on without
    these files (links in sites-enabled, as a rule), which is for a server that keeps other sites on
    addresses or ports that the project does not want.
    """

    unit: str = "nginx.service"
    site_files: tuple[PurePosixPath, ...] = ()


@dataclass(frozen=True)
class Move:
    """One move. All paths are absolute paths of this host.

    `project` is the project directory, absent or empty before. `settings` and `override` are the
    texts of its nvrstack.toml and compose.override.yaml; `secrets` are those that the settings
    need, by name. `moonfire_config` is the text of moonfire/moonfire-nvr.toml; where it is not what
    the settings render, it counts as the owner's edit from the start and is merged with later
    renders. The database and the recordings stay where they are: `database` is the directory that
    holds them, `db` and its WAL, and `sample_dirs` are all directories of recordings that it knows.

    `first_user` is the account to make, with the secret first_user_password, where nobody could
    sign in otherwise.

    The old system: `install`, with `unit` if it is a systemd unit; otherwise its container, called
    `install.container_name`. `script` is the `nvr` command that gives way to one for the project.
    `config` is Moonfire's old configuration file; it is copied, and stays where it is.

    `certificates` are copied from `letsencrypt`, which itself is never changed.

    Of the host's other pieces, only what is named here is stopped and disabled: `nginx`,
    `renewal_units` and `renewal_files` (certbot.timer, /etc/cron.d/certbot) and `ddclient_units`.
    The files are moved away, and come back with a rollback. Without systemd as the first process,
    units are left alone and the step says so.

    `triggers` are, for each of these units and `unit`, the sockets, timers and paths that start it
    (TriggeredBy in systemd.unit(5)): stopped and disabled before it, started before it.

    `docker_host` is the engine's address (DOCKER_HOST) where it is not the default, so that a
    `--resume` under sudo speaks to the engine that was planned for; `rootless` tells that it runs
    without root's rights (`docker info` lists name=rootless).

    `upgrades_schema` tells that the old Moonfire's database must go through `moonfire-nvr upgrade`,
    after which the old one cannot open it.
    """

    project: PurePosixPath
    settings: str
    moonfire_config: str
    install: Install
    database: PurePosixPath
    sample_dirs: tuple[PurePosixPath, ...] = ()
    override: str | None = None
    first_user: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    config: PurePosixPath | None = None
    unit: str | None = None
    script: PurePosixPath | None = None
    nginx: HostNginx | None = None
    certificates: tuple[Certificate, ...] = ()
    letsencrypt: PurePosixPath = LETSENCRYPT
    renewal_units: tuple[str, ...] = ()
    renewal_files: tuple[PurePosixPath, ...] = ()
    ddclient_units: tuple[str, ...] = ()
    triggers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    docker_host: str | None = None
    rootless: bool = False
    upgrades_schema: bool = False

    @property
    def kept_name(self) -> str:
        """The old container's name after the move."""
        return f"{self.install.container_name}-before-nvrstack"

    @property
    def units(self) -> tuple[str, ...]:
        """Every unit that has a part in the move, what triggers it before it."""
        named = (self.unit, self.nginx.unit if self.nginx else None)
        others = (*self.renewal_units, *self.ddclient_units)
        return self.with_triggers(*filter(None, named), *others)

    def with_triggers(self, *units: str) -> tuple[str, ...]:
        """Units, each with what triggers it before it."""
        return tuple(
            dict.fromkeys(one for unit in units for one in (*self.triggers.get(unit, ()), unit))
        )

    @property
    def has_container(self) -> bool:
        """Whether the old Moonfire is a container; else it is a unit."""
        return self.unit is None
