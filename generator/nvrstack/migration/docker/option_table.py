"""Every option of `docker run`: how it is written, where it is found, and what becomes of it.

https://docs.docker.com/reference/cli/docker/container/run/ , the engine's ContainerInspect in
https://docs.docker.com/reference/api/engine/ , and
https://docs.docker.com/reference/compose-file/services/ .
"""

from dataclasses import dataclass
from enum import Enum

from nvrstack.migration.docker.option_values import (
    Reader,
    bytes_of,
    decimal,
    integer,
    length,
    mapping,
    rates,
    switch,
    text,
    texts,
    ulimits,
    weights,
)  # fmt: skip


class Takes(Enum):
    """What follows an option on the command line."""

    NOTHING = "nothing, unless a value is glued to it: --detach=false"
    VALUE = "a value, of which the last one counts"
    VALUES = "values that add up"
    NAMED = "NAME=value, of which the last one of each name counts"


@dataclass(frozen=True)
class Carried:
    """The option goes into compose.override.yaml, its values read so."""

    read: Reader


@dataclass(frozen=True)
class Replaced:
    """Something of the project's takes the option's place; `matters` if its owner may notice."""

    by: str
    matters: bool = True


@dataclass(frozen=True)
class LeftOut:
    """The option is not carried, for this reason."""

    why: str


Fate = Carried | Replaced | LeftOut | None
"""None where an Install has a field for the option, whose parts have fates of their own."""


@dataclass(frozen=True)
class Option:
    """One option by its long name.

    `short` is its letter and `old` a name from before, which docker takes without saying so. `host`
    and `config` are its fields in the engine's HostConfig and Config. `key` is its key in a Compose
    file, where that is not its name with underscores; a dot leads into a mapping. Being off,
    `off_is_ours` tells, says what the project says too. `of_call` options are about the call of
    docker, and leave nothing in the container.
    """

    name: str
    takes: Takes
    fate: Fate
    short: str = ""
    old: str = ""
    host: str = ""
    config: str = ""
    key: str = ""
    off_is_ours: bool = False
    of_call: bool = False

    @property
    def compose_key(self) -> str:
        """Its key in a Compose file."""
        return self.key or self.name.replace("-", "_")


WRITE_IT = "if Moonfire needs it, write it into compose.override.yaml"
CHECKS = Replaced("nvrstack status, which asks Moonfire over http: its image has no program to ask "
                  "it with")  # fmt: skip
UP = Replaced("docker compose up -d, which starts it in the background", matters=False)
UPGRADE = Replaced("nvrstack upgrade, which changes the version when you ask for it")
ONLY_WAY = Replaced("nginx, which is the only way in")
AT_MOST = Replaced("the limit of 512 processes and threads")
NO_CAPABILITIES = Replaced("all capabilities are dropped")
_NEEDLESS = "Moonfire needs no rights beyond its own files and the network"
_OLD_PLACE = "it belongs to the old container's place in its network"
OLD_NETWORK = LeftOut(_OLD_PLACE)
LINKED = LeftOut("it led to a container beside the old one; name its address with extra_hosts")
SEPARATE = LeftOut("Moonfire needs nothing of the host's other processes")
WINDOWS = LeftOut("it has no meaning on Linux")
IGNORED = LeftOut("engines ignore it by now")
NOTHING, VALUE, VALUES, NAMED = Takes.NOTHING, Takes.VALUE, Takes.VALUES, Takes.NAMED

# fmt: off
OPTIONS = (
    Option("add-host", VALUES, Carried(texts), host="ExtraHosts", key="extra_hosts"),
    Option("annotation", NAMED, Carried(mapping), key="annotations"),
    Option("attach", VALUES, UP, short="a", of_call=True),
    Option("blkio-weight", VALUE, Carried(integer), host="BlkioWeight", key="blkio_config.weight"),
    Option("blkio-weight-device", VALUES, Carried(weights), key="blkio_config.weight_device"),
    Option("cap-add", VALUES, LeftOut(_NEEDLESS), host="CapAdd"),
    Option("cap-drop", VALUES, NO_CAPABILITIES, host="CapDrop"),
    Option("cgroup-parent", VALUE, Carried(text), host="CgroupParent"),
    Option("cgroupns", VALUE, SEPARATE, host="CgroupnsMode"),
    Option("cidfile", VALUE, Replaced("docker compose ps -q tells the container's id"),
           host="ContainerIDFile", of_call=True),
    Option("cpu-count", VALUE, WINDOWS, host="CpuCount"),
    Option("cpu-percent", VALUE, WINDOWS, host="CpuPercent"),
    Option("cpu-period", VALUE, Carried(integer), host="CpuPeriod"),
    Option("cpu-quota", VALUE, Carried(integer), host="CpuQuota"),
    Option("cpu-rt-period", VALUE, Carried(integer), host="CpuRealtimePeriod"),
    Option("cpu-rt-runtime", VALUE, Carried(integer), host="CpuRealtimeRuntime"),
    Option("cpu-shares", VALUE, Carried(integer), short="c", host="CpuShares"),
    Option("cpus", VALUE, Carried(decimal), host="NanoCpus"),
    Option("cpuset-cpus", VALUE, Carried(text), host="CpusetCpus", key="cpuset"),
    Option("cpuset-mems", VALUE, LeftOut("Compose has no key for it"), host="CpusetMems"),
    Option("detach", NOTHING, UP, short="d", of_call=True),
    Option("detach-keys", VALUE, UP, of_call=True),
    Option("device", VALUES, Carried(texts), host="Devices", key="devices"),
    Option("device-cgroup-rule", VALUES, Carried(texts), host="DeviceCgroupRules",
           key="device_cgroup_rules"),
    Option("device-read-bps", VALUES, Carried(rates), key="blkio_config.device_read_bps"),
    Option("device-read-iops", VALUES, Carried(rates), key="blkio_config.device_read_iops"),
    Option("device-write-bps", VALUES, Carried(rates), key="blkio_config.device_write_bps"),
    Option("device-write-iops", VALUES, Carried(rates), key="blkio_config.device_write_iops"),
    Option("disable-content-trust", NOTHING, IGNORED, of_call=True),
    Option("dns", VALUES, Carried(texts), host="Dns"),
    Option("dns-option", VALUES, Carried(texts), old="dns-opt", host="DnsOptions", key="dns_opt"),
    Option("dns-search", VALUES, Carried(texts), host="DnsSearch"),
    Option("domainname", VALUE, Carried(text), config="Domainname"),
    Option("entrypoint", VALUE, Replaced("the image's own program")),
    Option("env", VALUES, None, short="e"),
    Option("env-file", VALUES, LeftOut(f"its variables are not known here; {WRITE_IT}")),
    Option("expose", VALUES, ONLY_WAY),
    Option("gpus", VALUES, LeftOut("Moonfire decodes no video")),
    Option("group-add", VALUES, Carried(texts), host="GroupAdd"),
    Option("health-cmd", VALUE, CHECKS, config="Healthcheck"),
    Option("health-interval", VALUE, CHECKS),
    Option("health-retries", VALUE, CHECKS),
    Option("health-start-interval", VALUE, CHECKS),
    Option("health-start-period", VALUE, CHECKS),
    Option("health-timeout", VALUE, CHECKS),
    Option("help", NOTHING, LeftOut("it only shows docker's help")),
    Option("hostname", VALUE, Carried(text), short="h"),
    Option("init", NOTHING, Carried(switch), host="Init"),
    Option("interactive", NOTHING, UP, short="i", of_call=True),
    Option("io-maxbandwidth", VALUE, WINDOWS, host="IOMaximumBandwidth"),
    Option("io-maxiops", VALUE, WINDOWS, host="IOMaximumIOps"),
    Option("ip", VALUE, OLD_NETWORK),
    Option("ip6", VALUE, OLD_NETWORK),
    Option("ipc", VALUE, SEPARATE, host="IpcMode"),
    Option("isolation", VALUE, WINDOWS, host="Isolation"),
    Option("kernel-memory", VALUE, IGNORED, host="KernelMemory"),
    Option("label", NAMED, Carried(mapping), short="l", key="labels"),
    Option("label-file", VALUES, LeftOut(f"its labels are not known here; {WRITE_IT}")),
    Option("link", VALUES, LINKED, host="Links"),
    Option("link-local-ip", VALUES, OLD_NETWORK),
    Option("log-driver", VALUE, None),
    Option("log-opt", VALUES, None),
    Option("mac-address", VALUE, OLD_NETWORK, config="MacAddress"),
    Option("memory", VALUE, Carried(bytes_of), short="m", host="Memory", key="mem_limit"),
    Option("memory-reservation", VALUE, Carried(bytes_of), host="MemoryReservation",
           key="mem_reservation"),
    Option("memory-swap", VALUE, Carried(bytes_of), host="MemorySwap", key="memswap_limit"),
    Option("memory-swappiness", VALUE, Carried(integer), host="MemorySwappiness",
           key="mem_swappiness"),
    Option("mount", VALUES, None),
    Option("name", VALUE, None),
    Option("network", VALUES, None, old="net"),
    Option("network-alias", VALUES, LeftOut(
           f"{_OLD_PLACE}; what called Moonfire by that name can use the https address"),
           old="net-alias"),
    Option("no-healthcheck", NOTHING, CHECKS),
    Option("oom-kill-disable", NOTHING, LeftOut(
           "a recorder that may not be ended stands still when its memory is used up"),
           host="OomKillDisable", off_is_ours=True),
    Option("oom-score-adj", VALUE, Carried(integer), host="OomScoreAdj"),
    Option("pid", VALUE, SEPARATE, host="PidMode"),
    Option("pids-limit", VALUE, AT_MOST, host="PidsLimit"),
    Option("platform", VALUE, Carried(text), of_call=True),
    Option("privileged", NOTHING, LeftOut(f"it would make Moonfire the host's root; {_NEEDLESS}"),
           host="Privileged", off_is_ours=True),
    Option("publish", VALUES, None, short="p"),
    Option("publish-all", NOTHING, ONLY_WAY, short="P", host="PublishAllPorts", off_is_ours=True),
    Option("pull", VALUE, UPGRADE, of_call=True),
    Option("quiet", NOTHING, UP, short="q", of_call=True),
    Option("read-only", NOTHING, Replaced(
           "the container's root is read-only, with a tmpfs for what SQLite writes"),
           host="ReadonlyRootfs"),
    Option("restart", VALUE, None),
    Option("rm", NOTHING, Replaced(
           "the container stays and is started again after a power cut"), host="AutoRemove"),
    Option("runtime", VALUE, Carried(text), host="Runtime"),
    Option("security-opt", VALUES, None),
    Option("shm-size", VALUE, Carried(bytes_of), host="ShmSize"),
    Option("sig-proxy", NOTHING, UP, of_call=True),
    Option("stop-signal", VALUE, Carried(text), config="StopSignal"),
    Option("stop-timeout", VALUE, Carried(length), config="StopTimeout", key="stop_grace_period"),
    Option("storage-opt", NAMED, Carried(mapping), host="StorageOpt"),
    Option("sysctl", NAMED, Carried(mapping), host="Sysctls", key="sysctls"),
    Option("tmpfs", VALUES, None),
    Option("tty", NOTHING, UP, short="t", of_call=True),
    Option("ulimit", NAMED, Carried(ulimits), host="Ulimits", key="ulimits"),
    Option("use-api-socket", NOTHING, LeftOut(
           "whoever can speak to the engine is the host's root"), off_is_ours=True),
    Option("user", VALUE, None, short="u"),
    Option("userns", VALUE, Carried(text), host="UsernsMode", key="userns_mode"),
    Option("uts", VALUE, SEPARATE, host="UTSMode"),
    Option("volume", VALUES, None, short="v"),
    Option("volume-driver", VALUE, LeftOut(
           f"volumes of another driver are the host's matter; {WRITE_IT}"), host="VolumeDriver"),
    Option("volumes-from", VALUES, LeftOut(
           "name the directories themselves in compose.override.yaml"), host="VolumesFrom"),
    Option("workdir", VALUE, Replaced(
           "whole paths: nothing in the project counts from a working directory"),
           short="w", config="WorkingDir", key="working_dir"),
)
# fmt: on
BY_NAME = {option.name: option for option in OPTIONS}
"""The options by their long names."""
BY_SHORT = {option.short: option for option in OPTIONS if option.short}
BY_KEY = {option.key: option.name for option in OPTIONS if option.key}
"""The names of those whose key in a Compose file is another, dashes apart."""


def named(given: str) -> Option | None:
    """The option of a long name, or of one from before; None where docker has none such."""
    return BY_NAME.get(given) or next((o for o in OPTIONS if o.old and o.old == given), None)
