"""What `nvrstack doctor` learns from a real engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.bed.bed import Bed
from tests.bed.images import TOOLS
from tests.contract.doctored import Verdicts, changed
from tests.e2e.project import NVRSTACK, Project
from tests.e2e.projects import Projects

OTHER = "nvrstack-doctor-other"


@dataclass(frozen=True)
class Patient:
    """A project that was not started yet, on the engine's host."""

    project: Project
    bed: Bed

    def doctor(self) -> Verdicts:
        """Each verdict, by what it is about."""
        command = self.bed.command([NVRSTACK, "doctor", "--json"], self.bed.engine_netns)
        done = self.project.run(command, cwd=self.project.directory, check=False)
        return {verdict["about"]: verdict for verdict in json.loads(done.stdout)["verdicts"]}


@pytest.fixture
def patient(projects: Projects, bed: Bed) -> Iterator[Patient]:
    subnet = {"network.backend_subnet": "10.244.83.0/29"}
    project = projects.new("lan", "doctor", 14, settings=subnet)
    project.init()
    # The first account was made by a container, which left the project's networks.
    project.compose("down")
    yield Patient(project, bed)
    bed.docker("rm", "--force", OTHER, check=False)
    bed.docker("network", "rm", OTHER, check=False)


def test_networks_and_ports_of_the_engine(patient: Patient, bed: Bed) -> None:
    usual = patient.doctor()
    about = ["Docker Engine", "Docker Compose", "client addresses", "private network"]
    about += ["port 80", "port 443"]
    assert {usual[name]["level"] for name in about} == {"fine"}, usual
    assert {usual[name]["text"] for name in about[-2:]} == {"free"}

    bed.docker("network", "create", "--subnet", "10.244.80.0/20", OTHER)
    found = patient.doctor()
    assert changed(usual, found) == {"private network": "problem"}
    assert f"overlaps the Docker network {OTHER}" in found["private network"]["text"]
    bed.docker("network", "rm", OTHER)

    port = f"{patient.project.address}:80:80"
    options = ["--detach", "--init", "--name", OTHER, "--publish", port]
    bed.docker("run", *options, TOOLS, "sleep", "60")
    found = patient.doctor()
    assert changed(usual, found) == {"port 80": "problem"}
    assert found["port 80"]["text"].startswith(f"the container {OTHER} holds it")
    remedy = found["port 80"]["remedy"].partition(",")[0]
    assert remedy == f"docker stop {OTHER}"
    bed.docker(*remedy.split()[1:])

    patient.project.up()
    found = patient.doctor()
    assert not changed(usual, found)
    assert {found[name]["text"] for name in about[-2:]} == {"this project holds it"}
