"""From `nvrstack init` to the authority's certificate, with what a visitor sees on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.bed.process import Done
from tests.e2e.client import Answer
from tests.e2e.project import FIRST_CLIENT, Project
from tests.e2e.waiting import Stopwatch, wait_until

CAMERA_PORT = 8554


@dataclass(frozen=True)
class FirstLight:
    """What was seen."""

    project: Project
    init: Done
    issuer_at_first: str | None
    first_answer: Answer
    certbot_without_authority: str
    served_without_authority: str | None
    figures: dict[str, str]
    seconds_to_certificate: float


def watch_first_light(project: Project) -> FirstLight:
    """Make the project, start it, and let the authority appear later."""
    world = project.world
    assert world.authority.process is None, "the authority must not be there yet"
    watch = Stopwatch()
    done = project.init("--json")
    init_seconds = watch.seconds
    project.override(
        {"moonfire-nvr": {"environment": {"STANDIN_CAMERA": camera(project)}}},
    )
    watch = Stopwatch()
    project.up()
    up_seconds = watch.seconds
    issuer = wait_until("an https answer", project.issuer, seconds=20, every=0.1)
    first_seconds = watch.seconds
    first = wait_until("an answer from Moonfire", lambda: answered(project), seconds=20)
    moonfire_seconds = watch.seconds
    logs = wait_until(
        "certbot to notice that there is no authority",
        lambda: found if "unreachable" in (found := project.logs("certbot")) else "",
        seconds=30,
    )
    before = project.issuer()
    world.authority.start()
    watch = Stopwatch()
    wait_until("the authority's certificate", lambda: issued(project), seconds=60)
    figures = {
        "nvrstack init (public)": f"{init_seconds:.1f} s",
        "docker compose up -d (public)": f"{up_seconds:.1f} s",
        "from `up -d` to the first https answer": f"{first_seconds:.1f} s",
        "from `up -d` to Moonfire's answer": f"{moonfire_seconds:.1f} s",
        "from the authority's start to its certificate": f"{watch.seconds:.1f} s",
    }
    return FirstLight(project, done, issuer, first, logs, before, figures, watch.seconds)


def camera(project: Project) -> str:
    """Where the stack's camera is."""
    return f"{project.world.bed.camera_address}:{CAMERA_PORT}"


def answered(project: Project) -> Answer | None:
    """Return Moonfire's answer, if there is one."""
    answer = project.request(FIRST_CLIENT, "/api/request")
    return answer if answer.status == 200 else None


def issued(project: Project) -> bool:
    """Say whether all clients are shown the authority's certificate.

    After a reload nginx's old workers accept connections for a tenth of a second more.
    """
    if project.issuer() != "authority":
        return False
    time.sleep(0.3)
    return project.issuer() == "authority"
