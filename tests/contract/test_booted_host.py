"""The bed's host that boots: its systemd is a real one, and a power cut is one."""

from collections.abc import Iterator

import pytest

from tests.bed import boot, cgroups
from tests.bed.booted import BootedHost
from tests.bed.process import BedError

UNIT = "[Service]\nExecStart=sleep 600\n[Install]\nWantedBy=multi-user.target\n"


@pytest.fixture(scope="module")
def host() -> Iterator[BootedHost]:
    """A host with no network but its own, and no engine."""
    made = BootedHost("booted")
    try:
        made.boot()
        yield made
    finally:
        made.remove()


def test_a_power_cut_ends_everything_and_what_is_enabled_comes_back(host: BootedHost) -> None:
    assert host.systemctl("is-system-running") == "running\n"
    for name in ("enabled", "by-hand"):
        (host.root / f"etc/systemd/system/{name}.service").write_text(UNIT)
    host.systemctl("daemon-reload")
    host.systemctl("enable", "--now", "enabled.service")
    host.systemctl("start", "by-hand.service")
    assert host.systemctl("is-active", "enabled", "by-hand").split() == ["active", "active"]
    inside = cgroups.processes(host.group)
    assert host.first_process in inside
    host.cut_power()
    assert cgroups.processes(host.group) == set()
    with pytest.raises(BedError, match="is off"):
        host.systemctl("is-active", "enabled")
    host.boot()
    states = host.systemctl("is-active", "enabled", "by-hand", check=False).split()
    assert states == ["active", "inactive"]


@pytest.mark.parametrize(
    ("own", "names"),
    [
        ("0::/\n", ["unified"]),
        ("2:cpu,cpuacct:/\n1:name=systemd:/\n", ["cpu,cpuacct", "systemd"]),
        ("3:pids:/x\n0::/\n", ["systemd", "pids", "unified"]),
    ],
)
def test_the_control_groups_of_the_machine_are_those_of_the_host(
    own: str, names: list[str]
) -> None:
    found = boot.hierarchies(own)
    assert sorted(kind.name for kind in found) == sorted(names)
    mounted = "\n".join(boot.mount_groups(found))
    unified = "mount -t cgroup2 cgroup2 sys/fs/cgroup\n"
    assert (f"{mounted}\n" == unified) == (names == ["unified"])
