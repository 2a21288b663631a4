"""A container as the engine describes it, and how it differs from what a script says."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.choice.differences import difference_findings, differences
from nvrstack.migration.docker.container import (
    is_moonfire,
    is_running,
    read_container,
    starts_at_boot,
)
from nvrstack.migration.docker.timezone import zone_of
from nvrstack.migration.install import Install, Mount, Port, User
from tests.unit.strategies import quickly

ID = "4f2a" * 16


def inspected(**change: dict[str, Any]) -> dict[str, Any]:
    """What the engine says of a container that the guide's script of 2022 made, with changes."""
    sections: dict[str, Any] = {
        "Id": ID,
        "Name": "/moonfire-nvr",
        "State": {"Status": "running", "Running": True},
        "Config": {
            "Hostname": "house",
            "Domainname": "",
            "User": "1001:1002",
            "Tty": False,
            "Env": ["RUST_BACKTRACE=1", "TZ=:America/Los_Angeles", "PATH=/usr/bin:/bin"],
            "Cmd": ["run"],
            "Image": "scottlamb/moonfire-nvr:v0.7.4",
            "WorkingDir": "/var/lib/moonfire-nvr",
            "Entrypoint": ["/usr/local/bin/moonfire-nvr"],
            "Labels": {"maintainer": "upstream"},
        },
        "HostConfig": {
            "Binds": None,
            "LogConfig": {"Type": "journald", "Config": {"tag": "moonfire-nvr"}},
            "NetworkMode": "host",
            "PortBindings": {},
            "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
            "AutoRemove": False,
            "CapAdd": None,
            "IpcMode": "private",
            "CgroupnsMode": "private",
            "Dns": [],
            "Memory": 0,
            "PidsLimit": None,
            "Privileged": False,
            "SecurityOpt": ["seccomp:unconfined"],
            "ShmSize": 67108864,
            "Runtime": "runc",
            "ConsoleSize": [0, 0],
            "MaskedPaths": ["/proc/kcore"],
            "Mounts": [{"Type": "bind", "Source": "/var/lib/moonfire-nvr"}],
        },
        "Mounts": [
            {
                "Type": "bind",
                "Source": f"{path}",
                "Destination": f"{path}",
                "Mode": "",
                "RW": not path.endswith("toml"),
                "Propagation": "rprivate",
            }
            for path in ("/var/lib/moonfire-nvr", "/etc/moonfire-nvr.toml")
        ],
        "NetworkSettings": {"Ports": {}, "Networks": {"host": {"Aliases": None}}},
    }
    for name, value in change.items():
        sections[name] = {**sections[name], **value} if isinstance(value, dict) else value
    return sections


IMAGE = {
    "Config": {
        "Env": ["PATH=/usr/bin:/bin"],
        "Labels": {"maintainer": "upstream"},
        "WorkingDir": "/var/lib/moonfire-nvr",
        "Entrypoint": ["/usr/local/bin/moonfire-nvr"],
    }
}
EXPECTED = Install(
    source="container",
    image="scottlamb/moonfire-nvr:v0.7.4",
    version="0.7.4",
    container_name="moonfire-nvr",
    user=User(1001, 1002),
    timezone="America/Los_Angeles",
    environment={"RUST_BACKTRACE": "1"},
    mounts=(
        Mount("bind", "/etc/moonfire-nvr.toml", "/etc/moonfire-nvr.toml", read_only=True),
        Mount("bind", "/var/lib/moonfire-nvr", "/var/lib/moonfire-nvr"),
    ),
    network="host",
    security_opt=("seccomp:unconfined",),
    log_driver="journald",
    log_options={"tag": "moonfire-nvr"},
    restart="unless-stopped",
)


def install(**change: dict[str, Any]) -> Install:
    found = read_container(inspected(**change), IMAGE).install
    assert found is not None
    return found


def test_the_guides_container() -> None:
    reading = read_container(inspected(), IMAGE)
    assert reading.install == EXPECTED
    assert reading.warnings == reading.blockers == ()
    assert is_moonfire(inspected())
    assert is_running(inspected())
    assert starts_at_boot(inspected())


def test_without_the_image_what_it_brings_counts_as_asked_for() -> None:
    found = read_container(inspected()).install
    assert found == replace(
        EXPECTED,
        environment={"RUST_BACKTRACE": "1", "PATH": "/usr/bin:/bin"},
        other_options={"workdir": ("/var/lib/moonfire-nvr",), "label": ("maintainer=upstream",)},
    )


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"Config": {"User": "1001"}}, "user", User(1001, 0)),
        ({"Config": {"User": ""}}, "user", None),
        ({"Config": {"User": "moonfire-nvr"}}, "user", None),
        ({"Config": {"Env": []}}, "timezone", None),
        ({"Config": {"Env": ["TZ=:/etc/localtime"]}}, "timezone", None),
        ({"Config": {"Cmd": ["run", "--trust-forward-hdrs"]}}, "server_args",
         ("--trust-forward-hdrs",)),
        ({"Config": {"Cmd": ["moonfire-nvr", "run", "-c", "/x"], "Entrypoint": None}},
         "server_args", ("-c", "/x")),
        ({"Config": {"Image": "scottlamb/moonfire-nvr:v0.7.5"}}, "version", "0.7.4"),
        ({"Config": {"Image": "scottlamb/moonfire-nvr"}}, "version", None),
        ({"Config": {"Image": "mine", "Labels":
          {"org.opencontainers.image.version": "v0.7.12"}}}, "version", "0.7.12"),
        ({"HostConfig": {"NetworkMode": "default"}}, "network", "bridge"),
        ({"HostConfig": {"NetworkMode": "cameras"}}, "network", "cameras"),
        ({"HostConfig": {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}}},
         "restart", "on-failure:3"),
        ({"HostConfig": {"RestartPolicy": {"Name": "no"}}}, "restart", None),
        ({"HostConfig": {"LogConfig": {"Type": "json-file", "Config": {}}}}, "log_driver", None),
        ({"HostConfig": {"PortBindings": {
            "8080/tcp": [{"HostIp": "", "HostPort": "8080"},
                         {"HostIp": "127.0.0.1", "HostPort": "80"}]}}},
         "ports", (Port(None, 8080, 8080), Port("127.0.0.1", 80, 8080))),
        ({"HostConfig": {"PortBindings": {"53/udp": [{"HostIp": "::1", "HostPort": ""}]}},
          "NetworkSettings": {"Ports": {"53/udp": [{"HostPort": "49153"}]}}},
         "ports", (Port("::1", 49153, 53, "udp"),)),
    ],
)  # fmt: skip
def test_each_part(change: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(install(**change), field) == value


@pytest.mark.parametrize(
    ("host", "options"),
    [
        ({"ExtraHosts": ["door:10.0.0.9"]}, {"add-host": ("door:10.0.0.9",)}),
        ({"CapAdd": ["SYS_NICE", "NET_RAW"]}, {"cap-add": ("SYS_NICE", "NET_RAW")}),
        ({"NanoCpus": 1500000000}, {"cpus": ("1.5",)}),
        ({"Memory": 1073741824}, {"memory": ("1073741824",)}),
        ({"Memory": 1073741824, "MemorySwap": 2147483648}, {"memory": ("1073741824",)}),
        ({"Memory": 5, "MemorySwap": 6}, {"memory": ("5",), "memory-swap": ("6",)}),
        ({"Init": True, "ReadonlyRootfs": True}, {"init": ("true",), "read-only": ("true",)}),
        ({"Sysctls": {"net.core.rmem_max": "1"}}, {"sysctl": ("net.core.rmem_max=1",)}),
        ({"Devices": [{"PathOnHost": "/dev/a", "PathInContainer": "/dev/b",
                       "CgroupPermissions": "rwm"}]}, {"device": ("/dev/a:/dev/b:rwm",)}),
        ({"Ulimits": [{"Name": "nofile", "Soft": 1, "Hard": 2}]}, {"ulimit": ("nofile=1:2",)}),
        ({"PidsLimit": -1, "IpcMode": "shareable", "MemorySwappiness": -1}, {}),
        ({"PidsLimit": 100, "IpcMode": "host"}, {"pids-limit": ("100",), "ipc": ("host",)}),
        ({"SomethingOfTomorrow": {"a": [1]}}, {"SomethingOfTomorrow": ("a=[1]",)}),
    ],
)  # fmt: skip
def test_what_is_not_modelled_is_kept(
    host: dict[str, Any], options: dict[str, tuple[str, ...]]
) -> None:
    assert install(HostConfig=host).other_options == options


def test_what_is_not_modelled_outside_the_hosts_part_is_kept() -> None:
    found = install(
        Config={
            "Hostname": "cams",
            "StopTimeout": 90,
            "Entrypoint": ["/sbin/tini", "--"],
            "Healthcheck": {"Test": ["CMD", "true"]},
            "Labels": {"mine": "yes", "com.docker.compose.project": "nvr"},
        },
        HostConfig={"NetworkMode": "one"},
        NetworkSettings={
            "Networks": {
                "one": {"IPAMConfig": {"IPv4Address": "10.1.0.9"}, "Aliases": [ID[:12], "nvr"]},
                "two": {"IPAMConfig": None},
            }
        },
    )
    assert found.other_options == {
        "hostname": ("cams",),
        "stop-timeout": ("90",),
        "entrypoint": ("/sbin/tini", "--"),
        "health-cmd": ('Test=["CMD", "true"]',),
        "label": ("mine=yes",),
        "network": ("two",),
        "ip": ("10.1.0.9",),
        "network-alias": ("nvr",),
    }


def test_every_kind_of_mount() -> None:
    anonymous = "9c" * 32
    container = inspected(
        HostConfig={"Binds": ["samples:/media/nvr:z"], "Tmpfs": {"/var/tmp": "size=9m"}}
    )
    container["Mounts"] = [
        {"Type": "volume", "Name": "samples", "Destination": "/media/nvr", "RW": True, "Mode": "z"},
        {"Type": "volume", "Name": anonymous, "Destination": "/extra", "RW": True},
        {"Type": "bind", "Source": "/a", "Destination": "/b", "RW": False, "Propagation": "rslave"},
        {"Type": "tmpfs", "Destination": "/run", "RW": True},
    ]
    found = read_container(container, IMAGE).install
    assert found is not None
    assert found.mounts == (
        Mount("bind", "/a", "/b", read_only=True),
        Mount("volume", None, "/extra"),
        Mount("volume", "samples", "/media/nvr"),
        Mount("tmpfs", None, "/run"),
        Mount("tmpfs", None, "/var/tmp"),
    )
    modes = ("/media/nvr:z", "/b:rslave", "/var/tmp:size=9m")
    assert found.other_options == {"mount-mode": modes}


def test_a_mode_that_the_engine_tells_twice_is_one() -> None:
    container = inspected()
    bind = {"Type": "bind", "Source": "/a", "Destination": "/b", "RW": True, "Mode": "rw,rslave"}
    container["Mounts"] = [{**bind, "Propagation": "rslave"}]
    found = read_container(container, IMAGE).install
    assert found is not None
    assert found.other_options == {"mount-mode": ("/b:rslave",)}


@pytest.mark.parametrize(
    ("config", "code", "said"),
    [
        ({"Image": "scottlamb/moonfire-nvr:v0.7.5"}, "image-version", "has 0.7.4 inside"),
        ({"Image": "scottlamb/moonfire-nvr"}, "image-version", "has been 0.7.7 for years"),
        ({"User": ""}, "user-unknown", "one of ghcr.io it is root"),
        ({"User": "nvr"}, "user-unknown", "runs as nvr, a name"),
    ],
)
def test_what_is_unsure_is_said(config: dict[str, Any], code: str, said: str) -> None:
    (warning,) = read_container(inspected(Config=config), IMAGE).warnings
    assert warning.code == code
    assert said in warning.message


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"Image": "mine", "Entrypoint": ["/usr/local/bin/moonfire-nvr"], "Cmd": ["run"]}, True),
        ({"Image": "ghcr.io/scottlamb/moonfire-nvr:v0.7.30", "Entrypoint": None}, True),
        ({"Image": "scottlamb/moonfire-nvr", "Cmd": ["config"]}, False),
        ({"Image": "nginx:1.30", "Entrypoint": ["/docker-entrypoint.sh"], "Cmd": ["run"]}, False),
    ],
)
def test_which_containers_are_moonfires(config: dict[str, Any], found: bool) -> None:
    assert is_moonfire(inspected(Config=config)) == found


@pytest.mark.parametrize(
    ("value", "zone"),
    [
        (None, None),
        ("", None),
        ("Europe/Berlin", "Europe/Berlin"),
        (":Europe/Berlin", "Europe/Berlin"),
        (":/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        (":/etc/localtime", None),
    ],
)
def test_time_zones(value: str | None, zone: str | None) -> None:
    assert zone_of(value) == zone


def test_what_a_script_and_a_container_do_not_agree_on() -> None:
    script = replace(
        EXPECTED,
        source="nvr-script",
        version=None,
        image="scottlamb/moonfire-nvr:latest",
        user=User(1001, 1001),
        network="bridge",
        mounts=(Mount("bind", "/srv/nvr", "/var/lib/moonfire-nvr"), Mount("tmpfs", None, "/tmp")),
        ports=(Port(None, 8080, 8080), Port("127.0.0.1", 81, 8080)),
        environment={},
        security_opt=(),
        server_args=("--read-only",),
    )
    assert [(d.what, d.first, d.second) for d in differences(script, EXPECTED)] == [
        ("image", "scottlamb/moonfire-nvr:latest", "scottlamb/moonfire-nvr:v0.7.4"),
        ("user", "1001:1001", "1001:1002"),
        ("environment RUST_BACKTRACE", None, "1"),
        ("mounts /var/lib/moonfire-nvr", "/srv/nvr", "/var/lib/moonfire-nvr"),
        ("mounts /tmp", "tmpfs", None),
        ("mounts /etc/moonfire-nvr.toml", None, "/etc/moonfire-nvr.toml read-only"),
        ("network", "bridge", "host"),
        ("ports 8080/tcp", "*:8080 127.0.0.1:81", None),
        ("security options", None, "seccomp:unconfined"),
        ("Moonfire's arguments", "--read-only", None),
    ]
    finding = difference_findings(script, EXPECTED)[1]
    assert finding.message == "user: the script has 1001:1001, the container has 1001:1002"
    assert finding.hint == "the container counts, because that is what ran"


def test_the_same_install_twice_has_no_differences() -> None:
    shuffled = replace(EXPECTED, source="nvr-script", mounts=EXPECTED.mounts[::-1])
    assert differences(EXPECTED, EXPECTED) == differences(shuffled, EXPECTED) == ()


def test_an_option_in_other_words_is_no_difference() -> None:
    script = {
        "memory": ("1g",), "ulimit": ("nofile=9",), "cpus": ("1.50",), "detach": ("true",),
        "device": ("/dev/a",), "init": ("true",),
    }  # fmt: skip
    container = {
        "memory": ("1073741824",), "ulimit": ("nofile=9:9",), "cpus": ("1.5",),
        "device": ("/dev/a:/dev/a:rwm",), "init": ("false",),
    }  # fmt: skip
    first = replace(EXPECTED, source="nvr-script", other_options=script)
    (found,) = differences(first, replace(EXPECTED, other_options=container))
    assert (found.what, found.first, found.second) == ("other options init", "True", "False")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(0, 99), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@quickly
@given(
    st.dictionaries(st.sampled_from(["Config", "HostConfig", "NetworkSettings", "State"]),
                    st.dictionaries(st.text(max_size=8), JSON, max_size=4)),
    st.text(), st.lists(st.text(), max_size=4),
)  # fmt: skip
def test_any_description_is_read(sections: dict[str, Any], text: str, words: list[str]) -> None:
    config = {"Cmd": words, "Env": words, "User": text, "Image": text}
    container = {**sections, "Config": {**sections.get("Config", {}), **config}}
    found = read_container(container).install
    assert found is not None
    assert difference_findings(found, EXPECTED)
    is_moonfire(container)
