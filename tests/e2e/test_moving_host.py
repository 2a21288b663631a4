"""A move from a host without Docker: units, the host's nginx, its certificate, its ddclient."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from nvrstack.migration.plan.steps import steps
from tests.bed.pebble import DIRECTORY_URL
from tests.bed.process import wait_for
from tests.e2e.killing import RECORDING_AGAIN, Point, Points, counted_points, points_of
from tests.e2e.old_house import CRON, MOONFIRE_UNIT, SYSTEM, OldHouse, old_house
from tests.e2e.old_install import LOST_SECONDS, OWNER, OldInstall
from tests.e2e.project import NVRSTACK
from tests.e2e.waiting import Stopwatch, wait_until
from tests.e2e.world import World

SLOWER = 10.0
"""Seconds by which a move may be slower than a plain restart, on a machine that is busy."""


@pytest.fixture(scope="module")
def house(world: World, folder: Path) -> Iterator[OldHouse]:
    """The host."""
    with old_house(world, folder, "oldhouse", 8) as made:
        yield made


def test_a_host_with_units_moves_and_comes_back(house: OldHouse, figures: dict[str, str]) -> None:
    before, serial, plain = house.fingerprint(), house.served_serial(), house.plain_restart()
    assert serial == house.serial
    assert house.status("/api/") == 401
    began = time.time()
    house.nvrstack("run", "--count", str(house.folder / "there"))
    gap = house.longest_gap(began)
    figures["without recording, unit, with nginx, certbot and ddclient of the host"] = (
        f"{gap:.1f} s by the move, {plain:.1f} s by a plain stop and start"
    )
    assert gap < plain + SLOWER + LOST_SECONDS
    assert house.running() == [house.new_name]
    assert house.served_serial() == serial
    assert (house.status("/"), house.status("/api/")) == (200, 401)
    assert house.not_fine() == {}
    for unit, state in house.units().items():
        assert "ActiveState=inactive" in state, unit
        assert "UnitFileState=disabled" in state, unit
    assert not (house.host.root / CRON.lstrip("/")).exists()
    copies = house.project / "data/letsencrypt"
    account = house.certificate.account
    assert account is not None
    assert (copies / "accounts" / account / "private_key.json").stat().st_mode & 0o077 == 0

    unit_file = house.host.root / SYSTEM / MOONFIRE_UNIT
    aside = unit_file.with_name("aside")
    unit_file.rename(aside)
    done = house.nvrstack("rollback", check=False)
    assert done.returncode == 3, done
    assert f"systemd does not know {MOONFIRE_UNIT} any more" in done.stderr
    assert house.running() == [house.new_name]
    aside.rename(unit_file)

    house.nvrstack("rollback", "--count", str(house.folder / "back"))
    assert house.fingerprint() == before
    wait_until("a recording", house.records, seconds=30)
    wait_until("the old page", lambda: house.served_serial() == serial, seconds=10)


@pytest.fixture
def points(house: OldHouse) -> Points:
    """Where to end a move of this host, from how it went undisturbed."""
    there, back = house.folder / "there", house.folder / "back"
    if not back.exists():
        return points_of(house, house.folder)
    return counted_points(house, there, back)


def cut(house: OldHouse, point: Point, what: str) -> float:
    """Cut the power there, let the host boot; tell how long nobody recorded from then on."""
    done = house.nvrstack(what, "--power", "--kill", ":".join(point), check=False)
    # reboot(2) ends who asks for it at once, and everybody else a moment later.
    assert wait_for(lambda: house.host.is_off, seconds=10), (point, done)
    house.boot_again()
    up = time.time()
    wait_until(
        f"a recording after a power cut at {point}",
        lambda: house.recorded_after(up),
        seconds=RECORDING_AGAIN,
    )
    return time.time() - up


def test_wherever_the_power_is_cut_somebody_records(
    house: OldHouse, points: Points, figures: dict[str, str]
) -> None:
    """At every step until the new one records, and from there on the way back."""
    before, watch = house.fingerprint(), Stopwatch()
    middles = [point for point in points.there if point[1] != "after"]
    ids = [step for step, _ in middles]
    assert {"renewals", "ddclient", "nginx", "standby", "takeover"} <= set(ids)
    there = middles[: ids.index("takeover") + 1]
    assert ids[len(there) :] == ["verify"]
    # What is undone later has no part in who records.
    back = [point for point in points.back if point[0] in {"takeover", "standby", "nginx"}]
    assert len(back) == 3
    waited = []
    for first, cuts in (("run", there), ("rollback", back)):
        for number, point in enumerate(cuts):
            waited.append(cut(house, point, "resume" if number else first))
    house.nvrstack("resume")
    assert house.fingerprint() == before
    assert house.running() == []
    figures["power cuts of a host with units"] = (
        f"{len(waited)} in {watch.seconds:.0f} s; "
        f"recording {max(waited):.1f} s after the boot at most"
    )


def test_a_power_cut_after_the_change_leaves_the_new_one_and_then_the_old_one(
    house: OldHouse,
) -> None:
    before = house.fingerprint()
    cut(house, ("takeover", "after"), "run")
    assert house.running() == [house.new_name]
    cut(house, ("verify", "2"), "resume")
    house.nvrstack("resume")
    assert house.running() == [house.new_name]
    # The certificate may be another one by now: this authority's live for an hour.
    assert (house.status("/"), house.status("/api/")) == (200, 401)
    cut(house, ("takeover", "after"), "rollback")
    assert house.running() == []
    house.nvrstack("resume")
    assert house.fingerprint() == before
    wait_until("a recording", house.records, seconds=10)


def test_what_is_typed_is_planned_as_it_is_tried_here(house: OldHouse) -> None:
    """Only ddclient stays: with the router's dynamic DNS, it is none of the project's."""
    given = {
        "project.name": house.name,
        "site.bind": house.address,
        "certificate.authority": DIRECTORY_URL,
        "certificate.authority_root": str(house.world.authority_root),
        "project.uid": str(OWNER),
        "project.gid": str(OWNER),
    }
    words = ["migrate", str(house.project), "--stack", "router-ddns", "--plan", "--json"]
    words += [word for key, value in given.items() for word in ("--set", f"{key}={value}")]
    done = house.on_host([NVRSTACK, *words], check=False)
    plan = json.loads(done.stdout)
    assert plan["install"]["source"] == "systemd"
    assert [blocker["code"] for blocker in plan["blockers"]] == ["nobody-can-sign-in"]
    tried = steps(house.move(ddclient_units=()))
    assert [step["title"] for step in plan["steps"]] == [step.title for step in tried]


def test_without_systemd_its_unit_is_not_moved(
    house: OldHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house, "on_host", partial(OldInstall.on_host, house))
    done = house.nvrstack("run", check=False)
    assert done.returncode == 3
    assert "systemd is not the first process here" in done.stderr
    assert "nothing was changed" in done.stderr
