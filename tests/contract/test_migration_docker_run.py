"""What the real docker client asks the engine for is what is understood of the same words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from posixpath import normpath
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from nvrstack.migration.docker.container import read_container
from nvrstack.migration.docker.option_table import BY_NAME, Takes
from nvrstack.migration.docker.run import read_run
from nvrstack.migration.install import Install, Mount
from tests.bed import client
from tests.contract.recording import Created, Recorder, recorder
from tests.examples import examples

IMAGE = "ghcr.io/scottlamb/moonfire-nvr:v0.7.16"
SHORT_OF = {name: option.short for name, option in BY_NAME.items() if option.short}
NUMBER = st.integers(1, 1_000_000).map(str)
NAME = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,8}", fullmatch=True)
TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("$'\"\\#=:,-~ "), max_size=8
)
FOLDER = st.from_regex(r"/[a-z0-9 $'=-]{1,5}(/[a-z.]{1,5}){0,2}", fullmatch=True)
ADDRESS = st.sampled_from(["10.0.0.7", "192.168.7.250"])
PORT = st.integers(1, 65535).map(str)
RANGE = st.integers(8000, 8100).map(lambda first: f"{first}-{first + 2}")
MODES = st.sampled_from(["", ":ro", ":rw", ":z", ":ro,Z", ":rslave", ":ro,rshared"])

VALUES: Mapping[str, st.SearchStrategy[str]] = {
    "add-host": st.sampled_from(["cam:10.0.0.5", "cam:host-gateway", "cam:fd00::1"]),
    "blkio-weight": st.integers(10, 1000).map(str),
    "cap-add": st.sampled_from(["SYS_NICE", "NET_ADMIN"]),
    "cap-drop": st.sampled_from(["ALL", "MKNOD"]),
    "cgroup-parent": NAME,
    "cgroupns": st.just("host"),
    "cpu-period": NUMBER,
    "cpu-quota": NUMBER,
    "cpu-shares": NUMBER,
    "cpus": st.sampled_from(["1.5", "2"]),
    "cpuset-cpus": st.just("0,1"),
    "cpuset-mems": st.just("0"),
    "device": st.sampled_from(["/dev/dri:/dev/dri:rwm", "/dev/video0:/dev/v:r"]),
    "device-cgroup-rule": st.just("c 1:3 mr"),
    "dns": ADDRESS,
    "dns-option": st.just("ndots:1"),
    "dns-search": NAME,
    "domainname": NAME,
    "entrypoint": st.just("/usr/bin/true"),
    "group-add": NAME,
    "hostname": NAME,
    "ipc": st.just("host"),
    "isolation": st.just("process"),
    "label": st.builds("{}={}".format, NAME, TEXT),
    "link": st.just("mqtt:mqtt"),
    "memory": st.integers(10_000_000, 2**40).map(str),
    "memory-reservation": st.integers(10_000_000, 2**40).map(str),
    "memory-swap": st.integers(10_000_000, 2**40).map(str),
    "memory-swappiness": st.integers(1, 100).map(str),
    "oom-score-adj": st.integers(1, 900).map(str),
    "pid": st.just("host"),
    "pids-limit": NUMBER,
    "runtime": NAME,
    "shm-size": NUMBER,
    "stop-signal": st.just("SIGINT"),
    "stop-timeout": NUMBER,
    "storage-opt": st.just("size=1G"),
    "sysctl": st.just("net.core.somaxconn=9"),
    "ulimit": st.sampled_from(["nofile=10:20", "core=0:0"]),
    "userns": st.just("host"),
    "uts": st.just("host"),
    "volume-driver": NAME,
    "volumes-from": NAME,
    "workdir": FOLDER,
    # What an install has a field for.
    "env": st.builds("{}={}".format, NAME, TEXT) | st.builds("TZ={}".format, TEXT),
    "log-driver": st.sampled_from(["journald", "local"]),
    "log-opt": st.sampled_from(["tag=moonfire-nvr", "max-size=1m", "labels=a=b"]),
    "mount": st.one_of(
        st.builds(
            "type=bind,{}={},{}={}{}".format,
            st.sampled_from(["source", "src", "SRC"]),
            FOLDER,
            st.sampled_from(["destination", "target", "dst"]),
            FOLDER,
            st.sampled_from(["", ",readonly", ",ro=true", ",ro=0", ",bind-propagation=rslave"]),
        ),
        st.builds('"src={},b",type=bind,dst={}'.format, FOLDER, FOLDER),
        st.builds("src={},dst={}".format, NAME, FOLDER),
        st.builds("type=volume,dst={},readonly".format, FOLDER),
        st.builds("type=tmpfs,dst={}".format, FOLDER),
    ),
    "name": NAME,
    "network": st.one_of(
        st.sampled_from(["host", "none", "default", "bridge", "container:other"]),
        NAME,
        st.builds("name={},alias=cam".format, NAME),
        st.builds("name={},ip=10.0.0.9".format, NAME),
    ),
    "publish": st.one_of(
        PORT,
        st.builds("{}:{}".format, PORT, PORT),
        st.builds("{}:{}:{}/{}".format, st.sampled_from(["[::1]", "127.0.0.1", "0.0.0.0"]), PORT,
                  PORT, st.sampled_from(["tcp", "udp", "TCP"])),
        st.builds("127.0.0.1::{}".format, PORT),
        st.builds("{}:{}".format, RANGE, RANGE),
        st.builds("{}:{}".format, RANGE, PORT),
        st.builds("target={},published={}".format, PORT, PORT),
        st.builds("published={},target={},protocol=udp".format, PORT, PORT),
    ),
    "restart": st.sampled_from(["no", "always", "unless-stopped", "on-failure", "on-failure:5"]),
    "security-opt": st.sampled_from(["no-new-privileges", "seccomp=unconfined", "label=disable"]),
    "tmpfs": st.builds("{}{}".format, FOLDER, st.sampled_from(["", ":ro", ":size=1m,mode=1777"])),
    "user": st.builds("{}:{}".format, st.integers(0, 70000), st.integers(0, 70000))
    | st.integers(0, 70000).map(str),
    "volume": st.one_of(
        st.builds("{}:{}{}".format, FOLDER, FOLDER, MODES),
        st.builds("{}:{}{}".format, NAME, FOLDER, MODES),
        FOLDER,
    ),
}  # fmt: skip
"""Options whose value the engine's request repeats, each with values as the engine writes them."""
SWITCHED = ("init", "interactive", "oom-kill-disable", "privileged", "publish-all", "read-only",
            "tty")  # fmt: skip
"""Switches that the request tells."""
NOT_TOLD = {"interactive", "tty", "cgroupns"}
"""What the reader of containers does not name: a terminal's, and what engines choose themselves."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Recorder]:
    client.ensure()
    with recorder() as found:
        yield found


@st.composite
def spelled(draw: st.DrawFn, name: str) -> list[str]:
    """One option in any of the ways in which docker lets it be written."""
    if name in SWITCHED:
        forms = [[f"--{name}"], [f"--{name}=true"], [f"--{name}=T"], [f"--{name}=0"]]
        if name in SHORT_OF:
            forms += [[f"-{SHORT_OF[name]}"], [f"-{SHORT_OF[name]}=1"], ["-it"]]
        return draw(st.sampled_from(forms))
    value = draw(VALUES[name])
    forms = [[f"--{name}={value}"], [f"--{name}", value]]
    if BY_NAME[name].old:
        forms.append([f"--{BY_NAME[name].old}={value}"])
    if name in SHORT_OF:
        letter = SHORT_OF[name]
        forms += [[f"-{letter}", value], [f"-{letter}={value}"], [f"-it{letter}", value]]
        forms += [[f"-{letter}{value}"]] if value else []
    return draw(st.sampled_from(forms))


OPTIONS = st.lists(st.sampled_from([*VALUES, *SWITCHED]).flatmap(spelled), max_size=7).map(
    lambda words: [word for option in words for word in option]
)
COMMAND = st.lists(st.sampled_from(["run", "--config", "-v", "--", "", "view_video: true"]))


def test_any_options(engine: Recorder) -> None:
    compared = [0, 0]

    @examples(100, suppress_health_check=list(HealthCheck))
    @given(OPTIONS, st.sampled_from([[], ["--"]]), COMMAND)
    def compare(options: list[str], end: list[str], command: list[str]) -> None:
        compared[compare_with_the_client(engine, [*options, *end, IMAGE, *command])] += 1

    compare()
    # What the client refuses tells nothing of what it takes.
    assert compared[True] > compared[False]


def compare_with_the_client(engine: Recorder, words: list[str]) -> bool:
    """Fail where both understand something else; say whether there was anything to compare."""
    done, created = engine.docker(["create", *words])
    reading = read_run(words)
    if created is None:
        assert done.returncode != 0
        return False
    assert reading.blockers == ()
    assert reading.install is not None
    assert comparable(reading.install) == comparable(asked_for(created))
    return True


def test_every_option_of_the_client_is_known(engine: Recorder) -> None:
    done, _ = engine.docker(["run", "--help"])
    told = re.findall(r"^ +(?:-(\w), )?--([a-z0-9-]+)( \w+)?", done.stdout, re.MULTILINE)
    assert len(told) > 90
    for letter, name, value in told:
        assert (BY_NAME[name].takes is Takes.NOTHING) == (not value)
        assert BY_NAME[name].short == letter


@pytest.mark.parametrize(
    "words",
    [
        ["--init", "true", IMAGE],
        ["--detach=maybe", IMAGE],
        ["-dx", IMAGE],
        ["--nonsense", IMAGE],
        ["--name"],
        ["-p"],
        ["--mount", "type=bind,source=/a, destination=/b", IMAGE],
        ["--mount", "type=bind,source=/a,destination=/b,nonsense=1", IMAGE],
        ["--mount", 'type=bind,source=/a,"destination=/b', IMAGE],
        ["-v", "/a:/b:ro:z", IMAGE],
        ["-p", "web", IMAGE],
        ["-p", "1-2:3-5", IMAGE],
        ["-p", "99999:1", IMAGE],
        ["--network", "alias=a", IMAGE],
        ["--env", "=x", IMAGE],
        [],
    ],
)
def test_what_docker_refuses_is_refused(engine: Recorder, words: list[str]) -> None:
    done, created = engine.docker(["create", *words])
    reading = read_run(words)
    if created is not None:
        # The client took `true` for the image.
        assert reading.install is not None
        assert reading.install.image == created.body["Image"] == "true"
        return
    assert done.returncode != 0
    (blocker,) = reading.blockers
    assert blocker.code.startswith("docker-")


def test_files_of_variables(engine: Recorder) -> None:
    text = "\ufeff# mine\n\nA=1 # one\n  B='x y'\nHOME\nABSENT\nC=\r\n=D=\n"
    accepted = text.removesuffix("=D=\n")
    path = engine.folder / "env"
    path.write_text(accepted)
    words = ["--env", "A=2", "--env-file", str(path), IMAGE]
    _, created = engine.docker(["create", *words])
    assert created is not None
    reading = read_run(words, text_of={str(path): accepted}.get)
    assert reading.install is not None
    asked = dict(entry.split("=", 1) for entry in created.body["Env"])
    # Only whoever calls docker has it.
    assert asked.pop("HOME") == engine.environment["HOME"]
    assert reading.install.environment == asked
    assert [w.code for w in reading.warnings] == ["env-from-caller", "env-from-caller"]
    path.write_text(text)
    done, _ = engine.docker(["create", *words])
    assert done.returncode != 0
    (blocker,) = read_run(words, text_of={str(path): text}.get).blockers
    assert "docker refuses --env-file" in blocker.message


def asked_for(created: Created) -> Install:
    """The install that the request describes, as the container made from it would be read."""
    body, host = created.body, created.body["HostConfig"]
    asked = (body.get("NetworkingConfig") or {}).get("EndpointsConfig") or {}
    # The engine's own word for its first network.
    networks = {"bridge" if name == "default" else name: each for name, each in asked.items()}
    reading = read_container(
        {
            "Id": "5" * 64,
            "Name": f"/{created.name}",
            "Config": body,
            "HostConfig": host,
            "Mounts": list(_mounts(body, host)),
            "NetworkSettings": {"Networks": networks},
        }
    )
    assert reading.install is not None
    return replace(reading.install, source="nvr-script")


def _mounts(body: Mapping[str, Any], host: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The mounts as the engine would list them: the request has them in three places."""
    for target in body.get("Volumes") or {}:
        yield {"Type": "volume", "Name": "made-up", "Destination": normpath(target), "RW": True}
    for bind in host.get("Binds") or ():
        source, target, mode = [*bind.split(":"), ""][:3]
        modes = mode.split(",")
        kind = "bind" if source.startswith("/") else "volume"
        place = {"Source": source} if kind == "bind" else {"Name": source}
        yield {"Type": kind, **place, "Destination": normpath(target), "Mode": mode,
               "RW": "ro" not in modes}  # fmt: skip
    for mount in host.get("Mounts") or ():
        place = {"Source": mount.get("Source"), "Name": mount.get("Source") or "made-up"}
        propagation = (mount.get("BindOptions") or {}).get("Propagation", "")
        yield {"Type": mount["Type"], **place, "Destination": normpath(mount["Target"]),
               "RW": not mount.get("ReadOnly"), "Propagation": propagation}  # fmt: skip


def _cleaned(mount: Mount) -> Mount:
    """The mount as the engine has it, which cleans the path of the host that the client sends."""
    known = isinstance(mount.source, str) and mount.source.startswith("/")
    return replace(mount, source=normpath(str(mount.source))) if known else mount


def comparable(install: Install) -> Install:
    """The same install, with what has no order in one order."""
    return replace(
        install,
        mounts=tuple(sorted(map(_cleaned, install.mounts), key=str)),
        ports=tuple(sorted(install.ports, key=str)),
        other_options={
            name: tuple(sorted(values))
            for name, values in install.other_options.items()
            if name not in NOT_TOLD and values != ("false",)
        },
    )
