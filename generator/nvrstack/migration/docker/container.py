"""A container of Moonfire's as the Docker Engine describes it (`docker inspect`).

The engine's answer is the truth about what ran, whatever the script says that may have made it:
https://docs.docker.com/reference/api/engine/ (ContainerInspect).
"""

from collections.abc import Mapping
from typing import Any

from nvrstack.migration.docker import rules
from nvrstack.migration.docker.container_options import other_options
from nvrstack.migration.docker.timezone import zone_of
from nvrstack.migration.docker.user import numeric_user
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install, Mount, Port, Reading, User
from nvrstack.migration.moonfire.program import is_program, runs_moonfire
from nvrstack.migration.moonfire.rules import IMAGE_VERSION
from nvrstack.migration.moonfire.versions import image_version, labelled_version


def is_moonfire(inspect: Mapping[str, Any]) -> bool:
    """Whether a container runs Moonfire's server, by its command or else by its image."""
    config = _table(inspect, "Config")
    words = [*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ())]
    return runs_moonfire(str(config.get("Image", "")), map(str, words[:2])) and "run" in words


def is_running(inspect: Mapping[str, Any]) -> bool:
    """Whether the container runs now."""
    return bool(_table(inspect, "State").get("Running"))


def starts_at_boot(inspect: Mapping[str, Any]) -> bool:
    """Whether the engine starts the container by itself, as far as its policy goes."""
    return restart_policy(_table(inspect, "HostConfig")) not in (None, "on-failure")


def read_container(inspect: Mapping[str, Any], image: Mapping[str, Any] | None = None) -> Reading:
    """The install that a container is. `image` is what `docker image inspect` says of its image.

    Without `image`, what the image itself sets counts as the container's.
    """
    config, host = _table(inspect, "Config"), _table(inspect, "HostConfig")
    base = _table(image or {}, "Config")
    reference = str(config.get("Image", ""))
    environment = _environment(config, base)
    user, warnings = _user(str(config.get("User") or ""))
    told = image_version(reference)
    labels = {**(base.get("Labels") or {}), **(config.get("Labels") or {})}
    version = labelled_version(labels) or told.version
    if told.remark:
        warnings.append(IMAGE_VERSION(remark=told.remark, image=reference))
    log = _table(host, "LogConfig")
    driver, log_options = str(log.get("Type") or ""), log.get("Config") or {}
    install = Install(
        source="container",
        image=reference,
        version=version,
        container_name=str(inspect.get("Name", "")).removeprefix("/"),
        user=user,
        timezone=zone_of(environment.pop("TZ", None)),
        environment=environment,
        mounts=_mounts(inspect, host),
        network=_network(host),
        ports=_ports(inspect, host),
        security_opt=tuple(host.get("SecurityOpt") or ()),
        # The engine does not tell whether its own default was asked for.
        log_driver=None if driver == "json-file" and not log_options else driver or None,
        log_options={str(key): str(value) for key, value in log_options.items()},
        restart=restart_policy(host),
        server_args=_arguments(config),
        other_options=other_options(inspect, base),
    )
    return Reading(install, tuple(warnings))


def restart_policy(host: Mapping[str, Any]) -> str | None:
    """The restart policy as `--restart` takes it; None where there is none."""
    policy = _table(host, "RestartPolicy")
    name, count = policy.get("Name") or "no", policy.get("MaximumRetryCount") or 0
    if name == "no":
        return None
    return f"{name}:{count}" if count else str(name)


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


def _environment(config: Mapping[str, Any], base: Mapping[str, Any]) -> dict[str, str]:
    own = [entry for entry in config.get("Env") or () if entry not in (base.get("Env") or ())]
    pairs = (str(entry).partition("=") for entry in own)
    return {name: value for name, _, value in pairs}


def _user(text: str) -> tuple[User | None, list[Finding]]:
    user = numeric_user(text)
    if user is not None:
        return user, []
    return None, [rules.USER_OF_IMAGE(user=text) if text else rules.NO_USER()]


def _mounts(inspect: Mapping[str, Any], host: Mapping[str, Any]) -> tuple[Mount, ...]:
    mounts = [_mount(entry, host) for entry in inspect.get("Mounts") or ()]
    targets = {mount.target for mount in mounts}
    # What --tmpfs asked for is not among them.
    mounts += [
        Mount("tmpfs", None, target, "ro" in str(options).split(","))
        for target, options in (host.get("Tmpfs") or {}).items()
        if target not in targets
    ]
    return tuple(sorted(mounts, key=lambda mount: mount.target))


def _mount(entry: Mapping[str, Any], host: Mapping[str, Any]) -> Mount:
    target, read_only = str(entry.get("Destination", "")), not entry.get("RW", True)
    if entry.get("Type") == "volume":
        named = [str(bind).partition(":")[0] for bind in host.get("Binds") or ()]
        named += [str(m.get("Source")) for m in host.get("Mounts") or () if m.get("Source")]
        name = str(entry.get("Name", ""))
        return Mount("volume", name if name in named else None, target, read_only)
    if entry.get("Type") == "tmpfs":
        return Mount("tmpfs", None, target, read_only)
    return Mount("bind", str(entry.get("Source", "")), target, read_only)


def _network(host: Mapping[str, Any]) -> str:
    mode = str(host.get("NetworkMode") or "default")
    return "bridge" if mode == "default" else mode


def _ports(inspect: Mapping[str, Any], host: Mapping[str, Any]) -> tuple[Port, ...]:
    given = _table(_table(inspect, "NetworkSettings"), "Ports")
    ports = []
    for key, bindings in (host.get("PortBindings") or {}).items():
        number, _, protocol = str(key).partition("/")
        for binding in bindings or [{}]:
            # Without a port of its own choosing, the engine gives one while the container runs.
            chosen = [b.get("HostPort") for b in given.get(key) or ()]
            port = binding.get("HostPort") or next(iter(chosen), None) or "0"
            # Of a range for a single port, a free one is chosen.
            port = str(port).partition("-")[0]
            if number.isdecimal() and port.isdecimal():
                ports.append(
                    Port(
                        binding.get("HostIp") or None,
                        int(port),
                        int(number),
                        "udp" if protocol == "udp" else "tcp",
                    )
                )
    return tuple(ports)


def _arguments(config: Mapping[str, Any]) -> tuple[str, ...]:
    words = [str(word) for word in config.get("Cmd") or ()]
    while words and is_program(words[0]):
        del words[0]
    return tuple(words[1:] if words[:1] == ["run"] else words)
