"""The project's containers: made, tried out, and started as far as the old system allows."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import yaml

from nvrstack.errors import HostError
from nvrstack.host.apply import make_directory, remove_directory
from nvrstack.host.docker import containers
from nvrstack.host.file_copies import write_private
from nvrstack.migration.docker.container import is_running
from nvrstack.migration.execution.proof import certificate_problem
from nvrstack.migration.execution.work import MOONFIRE, Work
from nvrstack.visit import MOONFIRE_PORT

REHEARSAL_SECONDS = 60
FRONT_SECONDS = 60
NGINX = "nginx"
HEALTHY = ["curl", "-fsS", "-o", "/dev/null", "--max-time", "4"]


@dataclass(frozen=True)
class Images:
    """Has the images fetched, or built, and the containers made."""

    work: Work

    def done(self) -> bool:
        """Never certain: Compose itself looks what is missing."""
        return False

    def do(self) -> str | None:
        """Let Compose make all but the last step."""
        try:
            self.work.compose("up", "--no-start")
        except HostError as error:
            raise HostError(
                f"the images cannot be had, or no container be made of them: {error.message}",
                "see that this host reaches the Internet: docker compose pull",
            ) from error
        return None

    def undo(self) -> str | None:
        """Remove what was made."""
        _take_down(self.work)
        return None


@dataclass(frozen=True)
class Rehearsal:
    """Lets nginx and Moonfire try their configuration, beside the old system and unseen by it.

    Moonfire gets an empty database; `docker compose run` publishes no port.
    """

    work: Work

    def done(self) -> bool:
        """Never certain: there may be something left of a rehearsal that was cut short."""
        return False

    def do(self) -> str | None:
        """Start both and see that the one reaches the other."""
        self._remove()
        moonfire = self.work.settings.moonfire
        state = self.work.own / "rehearsal"
        make_directory(state, 0o700, (moonfire.uid, moonfire.gid))
        mount = {"type": "bind", "source": str(state), "target": "/var/lib/moonfire-nvr"}
        changes = {
            "services": {
                MOONFIRE: {"volumes": [mount], "restart": "no"},
                NGINX: {"restart": "no"},
            }
        }
        override = self.work.own / "rehearsal.yaml"
        write_private(override, yaml.safe_dump(changes))
        files = (*self.work.files, override)
        try:
            self.work.compose("run", "--rm", "--no-deps", "-T", MOONFIRE, "init", files=files)
            for service in (MOONFIRE, NGINX):
                words = ("--detach", "--no-deps", "--name", self._name(service), service)
                self.work.compose("run", *words, files=files)
            url = f"http://{self.work.addresses.moonfire}:{MOONFIRE_PORT}/api/request"
            self._wait_for(lambda: containers.execute(self._name(NGINX), [*HEALTHY, url]) == 0)
        finally:
            self._remove()
        return None

    def undo(self) -> str | None:
        """Remove what was cut short."""
        self._remove()
        return None

    def _wait_for(self, answered: Callable[[], bool]) -> None:
        deadline = time.monotonic() + REHEARSAL_SECONDS
        while True:
            for service in (MOONFIRE, NGINX):
                found = containers.inspect(self._name(service))
                if found is None or not is_running(found):
                    told = containers.last_words(self._name(service)) if found else "it is gone"
                    raise HostError(
                        f"{service} does not start with its configuration: {told}",
                        f"it is in {self.work.project}; nothing of the old system was touched",
                    )
            if answered():
                return
            if time.monotonic() > deadline:
                told = containers.last_words(self._name(NGINX))
                raise HostError(
                    f"nginx does not reach Moonfire in a rehearsal within {REHEARSAL_SECONDS} "
                    f"seconds; it says: {told}",
                    "see whether a firewall of this host keeps containers from each other",
                )
            time.sleep(0.2)

    def _remove(self) -> None:
        for service in (NGINX, MOONFIRE):
            containers.remove(self._name(service))
        remove_directory(self.work.own / "rehearsal")

    def _name(self, service: str) -> str:
        return f"{self.work.settings.project.name}-rehearsal-{service}"


@dataclass(frozen=True)
class Front:
    """Starts everything but Moonfire, so that a taken port costs no recording."""

    work: Work

    def done(self) -> bool:
        """Never certain: Compose itself looks what is missing."""
        return False

    def do(self) -> str | None:
        """Start the services and wait for nginx."""
        services = self.work.compose("config", "--services").split()
        others = [service for service in services if service != MOONFIRE]
        self.work.compose("up", "--detach", "--no-deps", *others)
        deadline = time.monotonic() + FRONT_SECONDS
        while problem := certificate_problem(self.work):
            if time.monotonic() > deadline:
                raise HostError(
                    problem, f"docker compose logs nginx tells more, in {self.work.project}"
                )
            time.sleep(0.2)
        return None

    def undo(self) -> str | None:
        """Stop the services."""
        _take_down(self.work)
        return None


def _take_down(work: Work) -> None:
    """Stop and remove what the project has, by its label where Compose cannot read its files."""
    if work.files:
        with contextlib.suppress(HostError):
            work.compose("down", "--timeout", "30")
    containers.remove_project(work.settings.project.name)
