"""`nvrstack migrate plan` with the `nvr` script of every guide, below the root of a host."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.unit import host_trees
from tests.unit.commands import nvrstack
from tests.unit.nvr_shapes import CUTS, EDITS, FROZEN, N11, SHAPES


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    host_trees.host(found)
    host_trees.put(
        found, "/etc/passwd", "moonfire-nvr:x:998:997::/var/lib/moonfire-nvr:/bin/false\n"
    )
    host_trees.put(found, "/etc/timezone", "Etc/UTC\n")
    host_trees.put(found, "/etc/moonfire-nvr.toml", host_trees.CONFIG)
    return found


def planned(root: Path, text: str | bytes) -> dict[str, Any]:
    host_trees.put(root, "/usr/local/bin/nvr", text)
    done = nvrstack(
        "migrate", "plan", root.parent / "project", "--json", "--no-docker", "--root", root
    )
    assert done.stderr == ""
    return done.json()


def mount(path: str) -> dict[str, Any]:
    return {"type": "bind", "source": path, "target": path, "read_only": False}


STATE, LOCALTIME, TOML, JSON = map(
    mount,
    ("/var/lib/moonfire-nvr", "/etc/localtime", "/etc/moonfire-nvr.toml", "/etc/moonfire-nvr.json"),
)
LATEST = {
    "source": "nvr-script",
    "image": "scottlamb/moonfire-nvr:latest",
    "version": None,
    "container_name": "moonfire-nvr",
    "user": {"uid": 998, "gid": 997},
    "timezone": "America/Los_Angeles",
    "environment": {"RUST_BACKTRACE": "1"},
    "mounts": [STATE],
    "network": "host",
    "ports": [],
    "security_opt": ["seccomp:unconfined"],
    "log_driver": "journald",
    "log_options": {"tag": "moonfire-nvr"},
    "restart": "unless-stopped",
    "server_args": [],
    "other_options": {"detach": ["true"]},
    "sockets": {},
}
PINNED = {**LATEST, "image": "scottlamb/moonfire-nvr:v0.7.5", "version": "0.7.4",
          "mounts": [STATE, TOML]}  # fmt: skip
ALLOW = ["--allow-unauthenticated-permissions=view_video: true"]
OPEN = {**LATEST, "server_args": ALLOW}
WITHOUT_LOG: dict[str, Any] = {"log_driver": None, "log_options": {}}
FIRST = {
    **OPEN,
    **WITHOUT_LOG,
    "restart": "on-failure",
    "security_opt": [],
    "network": "bridge",
    "ports": [{"host_ip": None, "host_port": 8080, "container_port": 8080, "protocol": "tcp"}],
}
SECCOMP = {**OPEN, **WITHOUT_LOG, "environment": {}}
EXPECTED: dict[str, dict[str, Any]] = {
    "N1": {**FIRST, "mounts": [STATE, LOCALTIME], "environment": {}, "timezone": None},
    "N1 repaired": {
        **FIRST,
        "mounts": [STATE, LOCALTIME],
        "environment": {},
        "timezone": None,
        "user": {"uid": 1001, "gid": 1002},
    },
    "N2": {**FIRST, "mounts": [STATE, LOCALTIME], "environment": {}},
    "N3": FIRST,
    "N4": {**SECCOMP, "restart": "on-failure"},
    "N5": SECCOMP,
    "N6": OPEN,
    "N7": OPEN,
    "N8": {**LATEST, "mounts": [STATE, JSON]},
    "N9": {**LATEST, "mounts": [STATE, TOML]},
    "N10": {**LATEST, "mounts": [STATE, TOML]},
    "N11, N12": PINNED,
}
DOCUMENTED = SHAPES | FROZEN | {name: CUTS[name] for name in ("N7", "N8", "N9")}


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_every_documented_script_is_the_install_that_it_was_meant_to_be(
    root: Path, name: str
) -> None:
    assert planned(root, DOCUMENTED[name][0])["install"] == EXPECTED[name]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("a disk", {"mounts": [STATE, TOML, mount("/media/nvr/sample")]}),
        ("another zone", {"timezone": "Europe/Berlin"}),
        ("zone of the machine", {"timezone": "Etc/UTC"}),
        ("root", {"user": {"uid": 0, "gid": 0}}),
        ("literal ids", {"user": {"uid": 500, "gid": 501}}),
        ("other tag", {"image": "scottlamb/moonfire-nvr:v0.7.7", "version": "0.7.7"}),
        ("sudo", {}),
        ("absolute path", {}),
        ("container run", {}),
        ("defaults", {}),
        ("function", {"other_options": {"detach": ["true"], "init": ["true"], "cpus": ["2"]}}),
        (
            "ports",
            {
                "network": "bridge",
                "ports": [
                    {
                        "host_ip": "127.0.0.1",
                        "host_port": 8080,
                        "container_port": 8080,
                        "protocol": "tcp",
                    }
                ],
            },
        ),
        (
            "short forms",
            {
                "mounts": [STATE, {**TOML, "read_only": True}],
                "environment": {"A": "b", "RUST_BACKTRACE": "1"},
                "other_options": {"detach": ["true"], "interactive": ["true"], "tty": ["true"]},
            },
        ),
        (
            "appended",
            {
                "mounts": [STATE, TOML, mount("/media/nvr/sample")],
                "other_options": {"detach": ["true"], "memory": ["1g"]},
            },
        ),
    ],
)
def test_what_people_make_of_it(root: Path, name: str, changes: dict[str, Any]) -> None:
    assert planned(root, EDITS[name][0])["install"] == {**PINNED, **changes}


def test_where_a_script_was_mended_in_reading_the_plan_says_so(root: Path) -> None:
    for name, code in (("N7", "run-arm-cut"), ("N2", "script-frozen")):
        found = planned(root, DOCUMENTED[name][0])
        assert code in [warning["code"] for warning in found["warnings"]]
        (said,) = [w for w in found["warnings"] if w["code"] == code]
        assert said["message"].startswith("line ")
        assert "docker run --detach=true" in said["hint"]


def test_a_container_that_is_started_beside_moonfire_is_no_moonfire(root: Path) -> None:
    beside = "docker run -d --restart=always --name=mediamtx bluenviron/mediamtx:1.9.0\n"
    found = planned(root, N11.replace("exec docker run", beside + "exec docker run", 1))
    assert found["install"] == PINNED
    (said,) = [w for w in found["warnings"] if w["code"] == "script-starts-more"]
    line = N11[: N11.index("exec docker run")].count("\n") + 1
    assert said["message"].startswith(f"line {line}")


def test_a_script_without_arms_is_called_without_a_word(root: Path) -> None:
    words = N11[N11.index("exec docker run") : N11.index(";;")].replace("v0.7.5", "${1:-v0.7.5}")
    head = N11[: N11.index("case ")].replace("v0.7.5", "${1:-v0.7.5}")
    assert "1:-" in head + words
    assert planned(root, head + words)["install"] == PINNED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exec docker run", "exec docker -H ssh://nas run"),
        ("exec docker run", "exec docker --context=nas run"),
        ("tz=", "export DOCKER_HOST=tcp://nas:2375\ntz="),
    ],
)
def test_another_machines_engine_blocks(root: Path, old: str, new: str) -> None:
    assert "script-other-engine" not in [b["code"] for b in planned(root, N11)["blockers"]]
    found = planned(root, N11.replace(old, new, 1))
    (said,) = [b for b in found["blockers"] if b["code"] == "script-other-engine"]
    assert "nas" in said["message"]
    assert "line " in said["message"]


def test_the_usual_engine_by_its_name_is_this_machines(root: Path) -> None:
    usual = N11.replace("exec docker run", "exec docker -H unix:///var/run/docker.sock run", 1)
    found = planned(root, usual.replace("tz=", "DOCKER_CONTEXT=default\ntz=", 1))
    assert found["install"] == PINNED
    assert "script-other-engine" not in [b["code"] for b in found["blockers"]]


@pytest.mark.parametrize("shown", ["image", "user"])
def test_what_only_running_it_would_tell_is_named_with_its_line(root: Path, shown: str) -> None:
    old = {"image": '"scottlamb/moonfire-nvr:v0.7.5"', "user": '"$(id -u moonfire-nvr):$(id -g'}[
        shown
    ]
    new = {"image": '"$(curl -s https://x)"', "user": '"$(stat -c %u /x):$(id -g'}[shown]
    assert old in N11
    found = planned(root, N11.replace(old, new))
    told = [*found["warnings"], *found["blockers"]]
    assert any(new.strip('"')[2:6] in f["message"] and "line " in f["message"] for f in told)
    if shown == "image":
        assert found["install"] is None
        assert "no-install" in [b["code"] for b in found["blockers"]]
    else:
        assert found["install"]["user"] is None


@pytest.mark.parametrize(
    "content",
    [
        b"#!/bin/bash\n" + b"x=1\n" * 10_000,
        b"\x7fELF" + b"\0" * 100,
        b"#!/bin/bash\n" + b"(" * 100_000,
        b"#!/bin/bash\n" + b'a=("${a[@]}" "${a[@]}" 1)\n' * 200,
        b"#!/usr/bin/python3\nprint()\n",
        bytes(range(256)) * 2000,
    ],
    ids=["long", "program", "nested", "growing", "python", "rubbish"],
)
def test_what_is_no_such_script_is_refused_quickly(root: Path, content: bytes) -> None:
    began = time.process_time()
    found = planned(root, content)
    assert found["install"] is None
    assert "no-install" in [blocker["code"] for blocker in found["blockers"]]
    assert time.process_time() - began < 5


def test_a_hundred_megabytes_are_not_read(root: Path) -> None:
    place = host_trees.put(root, "/usr/local/bin/nvr", b"#!/bin/bash\n")
    with place.open("r+b") as file:
        file.truncate(100 * 1024 * 1024)
    began = time.process_time()
    done = nvrstack("migrate", "plan", "--no-docker", "--root", root, "--nvr-script", place)
    assert done.code == 1
    assert "no Moonfire was found" in done.stdout
    assert time.process_time() - began < 5
