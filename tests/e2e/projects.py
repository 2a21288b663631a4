"""Makes projects of each stack, with the settings that its owner would have to give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bed.pebble import DIRECTORY_URL
from tests.e2e.project import ADMIN_PASSWORD, Project
from tests.e2e.world import DDNS_PASSWORD, DYNDNS, DYNDNS_PORT, LOGIN, World


def lines_of_step(told: Mapping[str, Any], title: str) -> list[str]:
    """Return the lines of one of the next steps that `nvrstack init --json` tells."""
    (lines,) = [step["lines"] for step in told["next_steps"] if step["title"].startswith(title)]
    return [str(line) for line in lines]


ACME = {"certificate.authority": DIRECTORY_URL, "certificate.email": "owner@nvr.example.com"}
STACK_SETTINGS: dict[str, dict[str, str]] = {
    "public": {
        **ACME,
        "ddns.provider": "custom",
        "ddns.login": LOGIN,
        "ddns.server": f"http://{DYNDNS}:{DYNDNS_PORT}",
        "ddns.address_services": f"http://{DYNDNS}:{DYNDNS_PORT}/ip",
    },
    "router-ddns": ACME,
    "dns-challenge": ACME,
    "lan": {},
}


@dataclass
class Projects:
    """Makes projects that can run beside each other, each on a LAN address of its own."""

    world: World
    folder: Path
    made: list[Project] = field(default_factory=list)

    def new(self, stack: str, name: str, last_octet: int = 10, **changes: Any) -> Project:
        """Return a project that is not there yet."""
        address = f"198.51.100.{last_octet}"
        netns = self.world.bed.engine_netns
        self.world.ip(netns, "address", "replace", f"{address}/25", "dev", "lan0")
        secrets = {"first_user_password": ADMIN_PASSWORD}
        if stack == "public":
            secrets["ddns_password"] = DDNS_PASSWORD
        settings = {**STACK_SETTINGS[stack], **changes.pop("settings", {})}
        given = {"directory": self.folder / name, "secrets": secrets, **changes}
        project = Project(
            world=self.world, stack=stack, name=name, address=address, settings=settings, **given
        )
        self.world.know(project.domain, address)
        self.made.append(project)
        return project

    def remove(self) -> None:
        """Take all of them down."""
        while self.made:
            self.made.pop().remove()
