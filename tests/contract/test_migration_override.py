"""What the engine is asked for before and after a move, by the real client and the real Compose.

`ALLOWED` is the one list of what may differ, with the reasons.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from posixpath import normpath
from typing import Any

import pytest
from hypothesis import HealthCheck, given

from nvrstack.migration.carry.accounting import account, override_text
from nvrstack.migration.docker.run import read_run
from tests.bed import client
from tests.contract.recording import Recorder, recorder
from tests.contract.rendered import project, write
from tests.contract.test_migration_docker_run import IMAGE, OPTIONS
from tests.examples import examples

ALLOWED: Mapping[str, str] = {
    "AttachStdin": "nobody types into a recorder",
    "AttachStderr": "docker create means to show its output, Compose does not",
    "AttachStdout": "docker create means to show its output, Compose does not",
    "Cmd": "the project's configuration file takes the place of arguments",
    "Entrypoint": "the image's own program runs",
    "ExposedPorts": "nginx is the only way in",
    "Image": "moonfire.image and moonfire.version",
    "NetworkingConfig": "the project's networks",
    "OpenStdin": "nobody types into a recorder",
    "StdinOnce": "nobody types into a recorder",
    "Tty": "nobody types into a recorder",
    "StopTimeout": "90 seconds, or more where more was asked for",
    "WorkingDir": "nothing in the project counts from a working directory",
    "HostConfig.CapAdd": "Moonfire needs no rights beyond its own files",
    "HostConfig.CapDrop": "all capabilities are dropped",
    "HostConfig.CgroupnsMode": "Moonfire needs nothing of the host's processes",
    "HostConfig.ConsoleSize": "the size of a terminal",
    "HostConfig.CpusetMems": "Compose has no key for it",
    "HostConfig.IpcMode": "Moonfire needs nothing of the host's processes",
    "HostConfig.Isolation": "it has no meaning on Linux",
    "HostConfig.Links": "names of containers on the old network",
    "HostConfig.Memory": "moonfire.memory_limit, unless there was a limit",
    "HostConfig.MemoryReservation": "above the limit, and so left out, or as before",
    "HostConfig.MemorySwap": "means nothing without a limit of memory",
    "HostConfig.NetworkMode": "the project's networks",
    "HostConfig.OomKillDisable": "a recorder must not stand still",
    "HostConfig.PidMode": "Moonfire needs nothing of the host's processes",
    "HostConfig.PidsLimit": "512",
    "HostConfig.PortBindings": "nginx is the only way in",
    "HostConfig.Privileged": "Moonfire is never the host's root",
    "HostConfig.PublishAllPorts": "nginx is the only way in",
    "HostConfig.ReadonlyRootfs": "nothing is writable but what is mounted",
    "HostConfig.RestartPolicy": "unless-stopped",
    "HostConfig.UTSMode": "Moonfire needs nothing of the host's processes",
    "HostConfig.VolumeDriver": "volumes of another driver are the host's matter",
    "HostConfig.VolumesFrom": "names of containers beside the old one",
}
"""Keys of the request that may differ in any way; mounts and the like are looked at one by one."""
ONE_BY_ONE = {"Env", "Labels", "Volumes", "User", "HostConfig.Binds", "HostConfig.Mounts",
              "HostConfig.Tmpfs", "HostConfig.SecurityOpt", "HostConfig.LogConfig"}  # fmt: skip
PROJECTS_LABELS = "com.docker.compose."


@pytest.fixture(scope="module")
def engine() -> Iterator[Recorder]:
    client.ensure()
    with recorder() as found:
        yield found


def test_the_move_changes_nothing_but_what_is_allowed(engine: Recorder) -> None:
    compared = [0, 0]

    @examples(20, suppress_health_check=list(HealthCheck))
    @given(OPTIONS)
    def compare(options: list[str]) -> None:
        compared[compare_before_and_after(engine, options)] += 1

    compare()
    # Options that the client itself refuses tell nothing.
    assert compared[True] > compared[False]


def compare_before_and_after(engine: Recorder, options: list[str]) -> bool:
    """Fail where the move loses something; say whether there was anything to compare."""
    words = [*options, IMAGE, "run"]
    _, old = engine.docker(["create", *words])
    install = read_run(words).install
    if old is None or install is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        made = write(project(Path(folder) / "nvr", "lan"))
        text = override_text(install)
        if text is not None:
            (made.directory / "compose.override.yaml").write_text(text)
        new = engine.compose(made.directory, "moonfire-nvr")
    before, after = flat(old.body), flat(new.body)
    differing = {key for key in before | after if before.get(key) != after.get(key)}
    assert differing - ONE_BY_ONE <= set(ALLOWED)
    left = {(told.option, value) for told in account(install) for value in told.values
            if told.fate != "carried"}  # fmt: skip
    for option, lost in (
        ("env", variables(before) - variables(after)),
        ("security-opt", set(before["HostConfig.SecurityOpt"] or ())
         - set(after["HostConfig.SecurityOpt"] or ())),
        ("mount", mounted(before) - mounted(after)),
    ):  # fmt: skip
        assert {(option, value) for value in lost} <= left
    labels = after["Labels"]
    assert (before["Labels"] or {}).items() <= labels.items()
    own = labels.keys() - (before["Labels"] or {}).keys()
    assert all(key.startswith(PROJECTS_LABELS) for key in own)
    assert logged(before).items() <= logged(after).items()
    return True


def flat(body: Mapping[str, Any]) -> dict[str, Any]:
    """The request's keys, those of HostConfig by a longer name; nothing asked for is one thing."""
    keys = {key: value for key, value in body.items() if key != "HostConfig"}
    keys |= {f"HostConfig.{key}": value for key, value in body["HostConfig"].items()}
    keys = {key: value or None for key, value in keys.items()}
    # The client's way to say that nothing was asked for; and what Compose says once.
    if keys.get("HostConfig.MemorySwappiness") == -1:
        keys["HostConfig.MemorySwappiness"] = None
    return {key: _once(value) if isinstance(value, list) else value for key, value in keys.items()}


def _once(entries: list[Any]) -> list[Any]:
    return [entry for index, entry in enumerate(entries) if entry not in entries[:index]]


def variables(request: Mapping[str, Any]) -> set[str]:
    """The environment, TZ apart, the last of each name; it is a setting of its own."""
    last = {entry.partition("=")[0]: entry for entry in request["Env"] or ()}
    return {entry for name, entry in last.items() if name != "TZ"}


def logged(request: Mapping[str, Any]) -> dict[str, str]:
    """The log driver and its options, as far as they were asked for."""
    config = request["HostConfig.LogConfig"]
    driver = {"driver": config["Type"]} if config["Type"] else {}
    return {**driver, **(config["Config"] or {})}


def mounted(request: Mapping[str, Any]) -> set[str]:
    """Every mount of a request in one form."""
    found = {f"volume:{normpath(target)}" for target in request.get("Volumes") or {}}
    for bind in request.get("HostConfig.Binds") or ():
        source, target, mode = [*bind.split(":"), ""][:3]
        read_only = ":ro" if "ro" in mode.split(",") else ""
        place = normpath(source) if source.startswith("/") else source
        found.add(f"{place}:{normpath(target)}{read_only}")
    for mount in request.get("HostConfig.Mounts") or ():
        source = mount.get("Source") or mount["Type"]
        place = normpath(source) if source.startswith("/") else source
        read_only = ":ro" if mount.get("ReadOnly") else ""
        found.add(f"{place}:{normpath(mount['Target'])}{read_only}")
    for target, options in (request.get("HostConfig.Tmpfs") or {}).items():
        found.add(f"tmpfs:{normpath(target)}{':ro' if 'ro' in options.split(',') else ''}")
    return found
