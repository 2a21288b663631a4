"""A move from a host without Docker: units, the host's nginx, its certificate, its ddclient."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.old_house import MOONFIRE_UNIT, OldHouse
from tests.e2e.old_install import LOST_SECONDS
from tests.e2e.waiting import wait_until
from tests.e2e.world import World


@pytest.fixture(scope="module")
def house(world: World, folder: Path) -> Iterator[OldHouse]:
    """The host."""
    made = OldHouse(world, folder / "oldhouse", "oldhouse", 8)
    try:
        made.make()
        yield made
    finally:
        made.remove()


def test_a_host_with_units_moves_and_comes_back(house: OldHouse, figures: dict[str, str]) -> None:
    before, serial, plain = house.fingerprint(), house.served_serial(), house.plain_restart()
    assert serial == house.serial
    assert house.status("/api/") == 401
    began = time.time()
    house.nvrstack("run")
    gap = house.longest_gap(began)
    figures["without recording, unit, with nginx, certbot and ddclient of the host"] = (
        f"{gap:.1f} s by the move, {plain:.1f} s by a plain stop and start"
    )
    assert gap < plain + 2 + LOST_SECONDS
    assert house.running() == [house.new_name]
    assert house.served_serial() == serial
    assert (house.status("/"), house.status("/api/")) == (200, 401)
    assert house.not_fine() == {}
    for unit, state in house.units().items():
        assert "ActiveState=inactive" in state, unit
        assert "UnitFileState=disabled" in state, unit
    assert not (house.folder / "cron-certbot").exists()
    copies = house.project / "data/letsencrypt"
    account = house.certificate.account
    assert account is not None
    assert (copies / "accounts" / account / "private_key.json").stat().st_mode & 0o077 == 0

    unit_file = house.systemd / "units" / MOONFIRE_UNIT
    content = unit_file.read_bytes()
    unit_file.unlink()
    done = house.nvrstack("rollback", check=False)
    assert done.returncode == 3, done
    assert f"systemd does not know {MOONFIRE_UNIT} any more" in done.stderr
    assert house.running() == [house.new_name]
    unit_file.write_bytes(content)

    house.nvrstack("rollback")
    assert house.fingerprint() == before
    wait_until("a recording", house.records, seconds=30)
    wait_until("the old page", lambda: house.served_serial() == serial, seconds=10)


def test_without_systemd_its_unit_is_not_moved(house: OldHouse) -> None:
    enter, house.enter = house.enter, []
    try:
        done = house.nvrstack("run", check=False)
    finally:
        house.enter = enter
    assert done.returncode == 3
    assert "systemd is not the first process here" in done.stderr
    assert "nothing was changed" in done.stderr
