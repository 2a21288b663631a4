"""What becomes of the parts of an install that it has fields for, mounts apart."""

from collections.abc import Iterator

from nvrstack.migration.carry.accounted import Decision, as_setting, in_override, left_out, replaced
from nvrstack.migration.carry.accounted_networks import network_decisions
from nvrstack.migration.install import Install

OURS = {"RUST_BACKTRACE": "1"}
"""The project's own environment of Moonfire's, TZ apart."""
IMAGES_OWN = frozenset({"PATH", "HOME", "HOSTNAME"})
UNCONFINED = frozenset({"seccomp=unconfined", "seccomp:unconfined"})
OF_JSON_FILE = frozenset(
    {"env", "labels", "max-file", "max-size", "mode", "max-buffer-size", "tag"}
)
"""https://docs.docker.com/engine/logging/drivers/json-file/#options"""
NO_SECCOMP = (
    "only 32-bit systems with an old libseccomp need it; if Moonfire's log speaks of clock_gettime "
    "and EPERM, write it into compose.override.yaml"
)
"""https://github.com/moby/moby/issues/40734"""


def field_decisions(install: Install) -> Iterator[Decision]:
    """A decision for each field that says something."""
    if install.image:
        yield replaced(
            "image", (install.image,), "moonfire.image and moonfire.version", matters=False
        )
    if install.container_name:
        yield replaced(
            "name", (install.container_name,), "the name that Compose gives", matters=False
        )
    if install.user is not None:
        numbers = f"{install.user.uid}:{install.user.gid}"
        yield as_setting("user", (numbers,), "moonfire.uid and moonfire.gid")
    if install.timezone is not None:
        yield as_setting("timezone", (install.timezone,), "moonfire.timezone")
    yield from _environment(install)
    yield from network_decisions(install)
    if install.ports:
        ports = tuple(f"{p.host_ip or '*'}:{p.host_port}:{p.container_port}/{p.protocol}"
                      for p in install.ports)  # fmt: skip
        yield replaced("publish", ports, "nginx, which is the only way in")
    for option in install.security_opt:
        yield _security(option)
    yield from _log(install)
    if install.restart is not None:
        ours = "unless-stopped"
        differs = install.restart != ours
        yield replaced("restart", (install.restart,), f"restart: {ours}", matters=differs)
    if install.server_args:
        yield replaced("arguments", install.server_args, "moonfire/moonfire-nvr.toml")


def _environment(install: Install) -> Iterator[Decision]:
    for name, value in install.environment.items():
        shown = (f"{name}={value}",)
        if OURS.get(name) == value:
            yield replaced("env", shown, "the same in the project", matters=False)
        elif name in IMAGES_OWN:
            yield replaced("env", shown, "the value of the image that will run", matters=False)
        else:
            yield in_override("env", shown, {"environment": {name: value}})


def _security(option: str) -> Decision:
    kind = option.replace(":", "=", 1).partition("=")[0]
    if option in UNCONFINED:
        return left_out("security-opt", (option,), NO_SECCOMP)
    if kind == "no-new-privileges":
        return replaced("security-opt", (option,), "no-new-privileges:true")
    if kind in {"label", "apparmor"}:
        written = option.replace(":", "=", 1) if "=" not in option else option
        return in_override("security-opt", (option,), {"security_opt": [written]})
    return left_out(
        "security-opt", (option,), "if Moonfire needs it, write it into compose.override.yaml"
    )


def _log(install: Install) -> Iterator[Decision]:
    driver, options = install.log_driver, dict(install.log_options)
    if driver is None and not options:
        return
    if driver in {None, "json-file"} and not options:
        yield replaced("log-driver", (driver or "",), "json-file, at most 30 MB")
        return
    values = (*((driver,) if driver else ()), *(f"{k}={v}" for k, v in options.items()))
    if driver is None and not options.keys() <= OF_JSON_FILE:
        yield left_out("log-opt", values, "they are for a log driver that only the engine knows")
        return
    logging: dict[str, object] = {"driver": driver or "json-file"}
    if options:
        logging["options"] = options
    yield in_override("log-driver", values, {"logging": logging})
