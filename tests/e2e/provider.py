"""A dynamic DNS provider for one project alone: others must not see its address change."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bed.paths import STANDINS
from tests.e2e.world import DDNS_PASSWORD, DYNDNS, LOGIN, Program, World

FIRST_ADDRESS = "192.31.196.20"


@dataclass
class Provider:
    """What it knows, and what it was asked."""

    world: World
    folder: Path
    port: int
    password: str = DDNS_PASSWORD
    address: str = FIRST_ADDRESS
    hosts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        here = self.world.bed.internet_address
        options = ["--bind", here, "--port", str(self.port)]
        options += ["--state", str(self.state), "--log", str(self.log)]
        ask = ["curl", "-sf", "--max-time", "5", f"http://{here}:{self.port}/ip"]
        self.program = Program(
            self.world.bed.command(
                [sys.executable, STANDINS / "dyndns.py", *options], self.world.bed.internet_netns
            ),
            self.folder / f"provider-{self.port}.txt",
            lambda: (
                self.world.bed.run(
                    ask, self.world.bed.internet_netns, timeout=10, check=False
                ).returncode
                == 0
            ),
        )

    @property
    def state(self) -> Path:
        return self.folder / f"provider-{self.port}.json"

    @property
    def log(self) -> Path:
        return self.folder / f"provider-{self.port}.log"

    @property
    def settings(self) -> dict[str, str]:
        """What a project needs to be told in order to use it."""
        url = f"http://{DYNDNS}:{self.port}"
        return {"ddns.server": url, "ddns.address_services": f"{url}/ip"}

    def instruct(self, **changes: Any) -> None:
        """Change the `password`, the `address` or the `hosts` that it knows."""
        for name, value in changes.items():
            setattr(self, name, value)
        state = {
            "accounts": {LOGIN: self.password},
            "hosts": self.hosts,
            "address": self.address,
        }
        partial = self.state.with_suffix(".new")
        partial.write_text(json.dumps(state))
        partial.rename(self.state)

    def updates(self, host: str) -> list[dict[str, Any]]:
        """Return the updates of a name that it was sent."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        entries: list[dict[str, Any]] = [json.loads(line) for line in lines]
        return [
            entry
            for entry in entries
            if entry["path"] == "/nic/update"
            and host in entry["query"].get("hostname", "").split(",")
        ]
