"""From `nvrstack init` to the authority's certificate, with what a visitor sees on the way."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

from tests.bed.camera import RtspCamera
from tests.bed.process import Done
from tests.e2e.client import Answer
from tests.e2e.project import FIRST_CLIENT, Project
from tests.e2e.waiting import Stopwatch, wait_until
from tests.moonfire.past import Past
from tests.moonfire.rows import Camera, add_camera, opened

GATE = uuid.UUID("00000000-0000-4000-8000-000000000002")
GATE_PORT = 8555
GIB_OF_PAST = tuple(Past(1_700_000_000 + 256 * n, 256, 1 << 20) for n in range(4))
"""What the stack's camera has recorded."""


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
    project.override({"moonfire-nvr": {"labels": {"owner.note": "the cameras"}}})
    project.add_camera(*GIB_OF_PAST)
    gate = Camera("gate", gate_camera(project).urls, identity=GATE)
    with opened(project.state_dir / "db/db") as connection:
        (directory,) = connection.execute("select id from sample_file_dir").fetchone()
        add_camera(connection, gate, directory)
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


def gate_camera(project: Project) -> RtspCamera:
    """The stack's second camera, which nobody has switched on."""
    bed = project.world.bed
    return RtspCamera(bed.camera_address, bed.camera_netns, port=GATE_PORT)


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
