"""Every option of an install is carried, replaced or left out with a reason."""

from pathlib import PurePosixPath
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.carry.accounting import account, override, override_text
from nvrstack.migration.carry.option_fates import OF_COMPOSE, OF_SYSTEMD, UNFAMILIAR
from nvrstack.migration.compose.service import read_compose
from nvrstack.migration.docker.option_table import BY_NAME, OPTIONS
from nvrstack.migration.docker.option_values import seconds, size
from nvrstack.migration.docker.run import read_run
from nvrstack.migration.install import Install, Mount, User
from nvrstack.migration.systemd.unit import read_unit
from tests.unit.strategies import ODD_TEXT, quickly

IMAGE = "ghcr.io/scottlamb/moonfire-nvr:v0.7.16"
MODELLED = {"env", "log-driver", "log-opt", "mount", "name", "network", "publish", "restart",
            "security-opt", "tmpfs", "user", "volume"}  # fmt: skip
DATABASE = "type=bind,source=/var/lib/moonfire-nvr,destination=/var/lib/moonfire-nvr"
GUIDE = [
    "--detach=true", "--restart=unless-stopped", f"--mount={DATABASE}",
    "--mount=type=bind,source=/etc/moonfire-nvr.toml,destination=/etc/moonfire-nvr.toml",
    "--user=998:997", "--security-opt=seccomp:unconfined", "--log-driver=journald",
    "--log-opt=tag=moonfire-nvr", "--env=RUST_BACKTRACE=1", "--env=TZ=:America/Los_Angeles",
    "--network=host", "--name=moonfire-nvr", IMAGE, "run",
]  # fmt: skip


def installed(*words: str) -> Install:
    found = read_run([*words, IMAGE, "run"]).install
    assert found is not None
    return found


def other(**options: tuple[str, ...]) -> Install:
    given = {name.replace("_", "-"): values for name, values in options.items()}
    return Install("nvr-script", IMAGE, None, "nvr", other_options=given)


def service(install: Install, sample_dirs: tuple[str, ...] = ()) -> dict[str, Any]:
    """Moonfire's service in the override, as a reader of YAML finds it."""
    text = override_text(install, sample_dirs)
    if text is None:
        return {}
    found: dict[str, Any] = yaml.safe_load(text)["services"]["moonfire-nvr"]
    return found


def test_the_guides_script() -> None:
    reading = read_run(GUIDE)
    assert reading.install is not None
    fates = {told.option: (told.fate, told.text) for told in account(reading.install)}
    assert fates == {
        "image": ("replaced", "by moonfire.image and moonfire.version"),
        "name": ("replaced", "by the name that Compose gives"),
        "user": ("carried", "as moonfire.uid and moonfire.gid in nvrstack.toml"),
        "timezone": ("carried", "as moonfire.timezone in nvrstack.toml"),
        "env": ("replaced", "by the same in the project"),
        "network": fates["network"],
        "security-opt": fates["security-opt"],
        "log-driver": ("carried", "as logging in compose.override.yaml"),
        "restart": ("replaced", "by restart: unless-stopped"),
        "mount": ("replaced", "by moonfire/moonfire-nvr.toml in the project"),
        "detach": ("replaced", "by docker compose up -d, which starts it in the background"),
    }
    assert fates["network"][0] == "replaced"
    assert fates["security-opt"][0] == "not carried"
    assert service(reading.install) == {
        "logging": {"driver": "journald", "options": {"tag": "moonfire-nvr"}}
    }


def test_an_install_without_anything_of_its_own_needs_no_override() -> None:
    assert override_text(installed("--restart=always", f"--mount={DATABASE}")) is None
    assert override(Install("systemd", "", "0.7.30", "moonfire-nvr", User(998, 997))) is None


def test_every_option_of_docker_has_a_fate_of_its_own() -> None:
    assert {option.name for option in OPTIONS if option.fate is None} == MODELLED
    assert len(BY_NAME) == len(OPTIONS)
    for field in ("short", "old", "host", "config", "compose_key"):
        values = [getattr(option, field) for option in OPTIONS if getattr(option, field)]
        assert len(values) == len(set(values)), field
    assert not BY_NAME.keys() & (OF_COMPOSE.keys() | OF_SYSTEMD.keys())


KEYS = st.sampled_from(sorted({*BY_NAME.keys() - MODELLED, *OF_COMPOSE, *OF_SYSTEMD, "mount-mode"}))
UNITS_KEYS = st.builds("{}.{}".format, st.sampled_from(["Service", "Unit", "Install"]), ODD_TEXT)
VALUES = st.lists(ODD_TEXT | st.from_regex(r"[0-9a-z:=/.{}\"]{1,9}", fullmatch=True), max_size=3)


@quickly
@given(
    st.dictionaries(KEYS | UNITS_KEYS | ODD_TEXT, VALUES.map(tuple), max_size=6),
    st.sampled_from(["nvr-script", "container", "compose", "systemd"]),
    ODD_TEXT,
    ODD_TEXT,
)
def test_no_option_falls_through(
    options: dict[str, tuple[str, ...]], source: Any, name: str, value: str
) -> None:
    install = Install(
        source, IMAGE, None, "nvr", environment={name: value}, log_options={name: value},
        mounts=(Mount("bind", f"/{value}", f"/{name}"),), other_options=options,
    )  # fmt: skip
    told = account(install)
    assert all(each.text and each.fate in {"carried", "replaced", "not carried"} for each in told)
    # A mode goes with its mount, a network is told as the first one is, with what is set of it.
    apart = {"mount-mode", "network", "networks"}
    assert set(options) - apart <= {each.option for each in told}
    text = override_text(install)
    assert text is None or yaml.safe_load(text) == doubled(override(install))


def doubled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: doubled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [doubled(inner) for inner in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--add-host=cam:10.0.0.5"], {"extra_hosts": ["cam:10.0.0.5"]}),
        (["--device=/dev/dri", "--device=/dev/v:/dev/w:r"],
         {"devices": ["/dev/dri", "/dev/v:/dev/w:r"]}),
        (["--ulimit=nofile=1024", "--ulimit", "core=0:-1"],
         {"ulimits": {"nofile": {"soft": 1024, "hard": 1024}, "core": {"soft": 0, "hard": -1}}}),
        (["--dns=9.9.9.9", "--dns-opt=ndots:1", "--dns-search=lan"],
         {"dns": ["9.9.9.9"], "dns_opt": ["ndots:1"], "dns_search": ["lan"]}),
        (["-l", "a=b=c", "-l", "d", "-l", "e=no"], {"labels": {"a": "b=c", "d": "", "e": "no"}}),
        (["-m", "1.5g", "--memory-swap=-1"], {"mem_limit": 1610612736, "memswap_limit": -1}),
        (["--memory-swap=2g"], {}),
        (["--memory-reservation=512m"], {"mem_reservation": 536870912}),
        (["--memory-reservation=2g"], {}),
        (["--shm-size=64MiB"], {"shm_size": 67108864}),
        (["--cpus=.5", "-c", "512"], {"cpus": 0.5, "cpu_shares": 512}),
        (["--group-add=44", "--group-add=video"], {"group_add": ["44", "video"]}),
        (["--sysctl=net.core.somaxconn=9"], {"sysctls": {"net.core.somaxconn": "9"}}),
        (["--device-read-bps=/dev/sda:1m", "--blkio-weight=300"],
         {"blkio_config": {"device_read_bps": [{"path": "/dev/sda", "rate": 1048576}],
                           "weight": 300}}),
        (["--stop-timeout=30"], {}),
        (["--stop-timeout=300"], {"stop_grace_period": "300s"}),
        (["-e", "A=$b '\"\\: x", "-e", "B=no", "-e", "C=1e3", "-e", "D=22:22", "-e", "E=x\ny"],
         {"environment": {"A": "$$b '\"\\: x", "B": "no", "C": "1e3", "D": "22:22", "E": "x\ny"}}),
        (["-v", "/a:/b:ro,Z"],
         {"volumes": [{"type": "bind", "source": "/a", "target": "/b", "read_only": True,
                       "bind": {"create_host_path": False, "selinux": "Z"}}]}),
        (["--mount=type=bind,src=/a,dst=/b,bind-propagation=rslave"],
         {"volumes": [{"type": "bind", "source": "/a", "target": "/b",
                       "bind": {"create_host_path": False, "propagation": "rslave"}}]}),
        (["-v", "data:/b:nocopy"],
         {"volumes": [{"type": "volume", "source": "data", "target": "/b",
                       "volume": {"nocopy": True}}]}),
        (["-v", "/b"], {}),
        (["-v", "/var/run/docker.sock:/s"], {}),
        (["-v", "/etc/localtime:/etc/localtime:ro", "-v", "/var/tmp:/var/tmp"], {}),
        (["--tmpfs", "/x:size=1m,ro", "--mount", "type=tmpfs,dst=/y,tmpfs-mode=700"],
         {"tmpfs": ["/y:mode=700", "/x:ro,size=1m"]}),
        (["--network=cams", "--network=host"], {"networks": {"cams": {}}}),
        (["--network=container:other"], {}),
        (["--log-driver=json-file"], {}),
        (["--log-opt=max-size=1m"],
         {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}}),
        (["--security-opt=apparmor=unconfined", "--security-opt=no-new-privileges"],
         {"security_opt": ["apparmor=unconfined"]}),
        (["--privileged", "--pid=host", "--cap-add=ALL", "-P", "--gpus=all", "--rm", "-it"], {}),
        (["--init", "--runtime=crun", "--userns=host"],
         {"init": True, "runtime": "crun", "userns_mode": "host"}),
        (["--cpu-shares=many", "--ulimit=nofile=x", "--memory=big"], {}),
    ],
)  # fmt: skip
def test_what_the_override_says(words: list[str], expected: dict[str, Any]) -> None:
    assert service(installed(*words)) == expected


def test_names_outside_the_project_are_declared() -> None:
    content = override(installed("-v", "data:/b", "--network=cams"))
    assert content is not None
    assert content["volumes"] == {"data": {"external": True, "name": "data"}}
    assert content["networks"] == {"cams": {"external": True, "name": "cams"}}


def test_directories_of_recordings_are_settings() -> None:
    install = installed("-v", "/media/nvr:/media/nvr", "-v", "/srv:/srv")
    assert service(install)["volumes"][0]["source"] == "/media/nvr"
    told = {each.values: each.text for each in account(install, ["/media/nvr"])}
    assert told[("/media/nvr:/media/nvr",)] == "as moonfire.sample_dirs in nvrstack.toml"
    content = override(install, ["/media/nvr"])
    assert content is not None
    assert [v["source"] for v in content["services"]["moonfire-nvr"]["volumes"]] == ["/srv"]


def test_a_mount_where_the_database_is_not_gives_way_to_the_one_where_it_is() -> None:
    old = "/var/lib/moonfire-nvr"
    install, state = installed("-v", f"{old}:{old}", "-v", "/srv/nvr:/data"), PurePosixPath("/data")
    told = {each.values: (each.fate, each.text) for each in account(install, state=state)}
    assert told[(f"{old}:{old}",)] == ("replaced", "by moonfire.state_dir, which was at /data")
    content = override(install, state=state)
    assert content is not None
    assert [v["source"] for v in content["services"]["moonfire-nvr"]["volumes"]] == ["/srv/nvr"]


def test_the_own_configuration_elsewhere_is_replaced() -> None:
    found = read_run(["-v", "/home/me/n.toml:/n.toml", IMAGE, "run", "--config=/n.toml"]).install
    assert found is not None
    assert service(found) == {}
    found = read_run(["-v", "/home/me/n.toml:/n.toml", IMAGE, "run", "--config", "/n.toml"]).install
    assert found is not None
    assert service(found) == {}


def test_a_compose_files_own_forms() -> None:
    text = """\
services:
  nvr:
    image: moonfire-nvr
    user: 1:1
    stop_grace_period: 2m30s
    ulimits: {nofile: 1024, core: {soft: 1, hard: 2}}
    extra_hosts: {cam: 10.0.0.5}
    labels: [a=b]
    mem_swappiness: 10
    volumes: [data:/data]
    deploy: {replicas: 1, resources: {limits: {cpus: 1.5, memory: 2G, pids: 9}}}
    x-mine: 1
"""
    install = read_compose(text, "/srv/nvr").install
    assert install is not None
    assert service(install) == {
        "stop_grace_period": "150s",
        "ulimits": {"nofile": {"soft": 1024, "hard": 1024}, "core": {"soft": 1, "hard": 2}},
        "extra_hosts": ["cam=10.0.0.5"],
        "labels": {"a": "b"},
        "mem_swappiness": 10,
        "mem_limit": 2 * 1024**3,
        "cpus": 1.5,
    }
    told = {each.option: each for each in account(install)}
    assert (told["deploy"].fate, told["deploy"].values) == ("not carried", ("replicas=1",))
    assert told["pids-limit"].fate == "replaced"
    assert told["x-mine"].text == UNFAMILIAR
    assert "docker volume ls" in told["mount"].text


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [("64", 64), ("1k", 1024), ("1.5 GiB", 1610612736), ("2MB", 2097152), ("7b", 7)],
)
def test_sizes(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


@pytest.mark.parametrize(("text", "length"), [("90", 90), ("1m30s", 90), ("1h", 3600), ("2s", 2)])
def test_lengths(text: str, length: int) -> None:
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "x", "1q", "-1"])
def test_what_is_neither(text: str) -> None:
    for read in (size, seconds):
        with pytest.raises(ValueError, match="is no "):
            read(text)


def test_no_value_is_dropped_with_its_option() -> None:
    told = account(other(device=("/dev/a", "/dev/b"), cap_add=("X", "Y")))
    values = {each.option: each.values for each in told}
    assert (values["device"], values["cap-add"]) == (("/dev/a", "/dev/b"), ("X", "Y"))


UNIT = """\
[Service]
ExecStart=/usr/local/bin/moonfire-nvr run
LimitNOFILE=65536:infinity
LimitNOFILE=4096:8192
LimitMEMLOCK=infinity
LimitSTACK=1
MemoryMax=1G
CPUQuota=150%
AllowedCPUs=0 2-3
OOMScoreAdjust=-500
KillSignal=SIGINT
SupplementaryGroups=video
TasksMax=64
ProtectSystem=strict
Nice=-5
"""


def test_the_limits_of_a_unit_are_carried() -> None:
    install = read_unit("moonfire-nvr.service", UNIT, groups={"video": 44}).install
    assert install is not None
    assert service(install) == {
        "ulimits": {"nofile": {"soft": 4096, "hard": 8192}, "memlock": {"soft": -1, "hard": -1}},
        "mem_limit": 1024**3,
        "cpu_quota": 150_000,
        "cpuset": "0,2-3",
        "oom_score_adj": -500,
        "stop_signal": "SIGINT",
        "group_add": ["44"],
    }
    told = {each.option: each for each in account(install)}
    assert told["Service.LimitNOFILE"].text == "as ulimits in compose.override.yaml"
    assert told["Service.TasksMax"].fate == "replaced"
    assert told["Service.ProtectSystem"].fate == "replaced"
    assert told["Service.LimitSTACK"].fate == "not carried"
    assert "cpu_shares" in told["Service.Nice"].text


@pytest.mark.parametrize(
    "line",
    ["MemoryMax=50%", "MemoryMax=infinity", "LimitNOFILE=infinity", "LimitNPROC=many",
     "CPUQuota=0%", "OOMScoreAdjust=low", "SupplementaryGroups=cameras"],
)  # fmt: skip
def test_what_docker_has_no_word_for_is_told(line: str) -> None:
    text = f"[Service]\nExecStart=/usr/local/bin/moonfire-nvr run\n{line}\n"
    install = read_unit("moonfire-nvr.service", text).install
    assert install is not None
    assert override(install) is None
    (told,) = [each for each in account(install) if each.option.startswith("Service.")]
    assert told.fate == "not carried"


def test_modes_of_a_compose_files_mounts_are_carried() -> None:
    text = f"""\
services:
  moonfire-nvr:
    image: {IMAGE}
    command: run
    user: 1001:1002
    volumes:
      - /srv/clips:/srv/clips:rslave,z
      - /media/nvr:/media/nvr:rslave
      - {{type: tmpfs, target: /x, tmpfs: {{size: 64m, mode: 0}}}}
    tmpfs: /var/cache:size=64m,mode=1777
"""
    install = read_compose(text, "/opt/nvr").install
    assert install is not None
    # What becomes a setting has none, and says so.
    told = [each for each in account(install, ("/media/nvr",)) if each.option == "mount-mode"]
    assert [(each.fate, each.values) for each in told] == [("not carried", ("/media/nvr:rslave",))]
    assert service(install, ("/media/nvr",)) == {
        "volumes": [
            {
                "type": "bind",
                "source": "/srv/clips",
                "target": "/srv/clips",
                "bind": {"create_host_path": False, "propagation": "rslave", "selinux": "z"},
            }
        ],
        "tmpfs": ["/x:size=67108864,mode=0", "/var/cache:size=64m,mode=1777"],
    }
