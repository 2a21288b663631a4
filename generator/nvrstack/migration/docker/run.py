"""The install that a `docker run` describes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nvrstack.migration.docker.env_file import read_env_file
from nvrstack.migration.docker.mounts import (
    is_relative,
    mount_of,
    network_of,
    ports_of,
    tmpfs_of,
    volume_of,
)
from nvrstack.migration.docker.option_table import BY_NAME, Takes
from nvrstack.migration.docker.options import OptionError, RunCommand, parse_run
from nvrstack.migration.docker.timezone import zone_of
from nvrstack.migration.install import Finding, Install, Mount, Port, Reading, TextOf, User, no_file
from nvrstack.migration.moonfire.versions import image_version
from nvrstack.migration.words import Unknown, Word

HINT = "write the value itself in its place, or let the container tell, without --no-docker"


def read_run(words: Sequence[Word], line: int | None = None, text_of: TextOf = no_file) -> Reading:
    """The install of the words behind `docker run`; `line` is the call's.

    `text_of` reads the files that `--env-file` names. Without an image there is no install.
    """
    try:
        command = parse_run(words)
    except OptionError as error:
        blocker = Finding("docker-option", f"docker refuses this call: {error}", HINT, line)
        return Reading(None, blockers=(blocker,))
    said = _Said(line)
    for word in command.extra:
        said.unknown("options", word)
    if isinstance(command.image, Unknown):
        said.unknown("the image", command.image)
    image = command.image if isinstance(command.image, str) else ""
    if not image:
        if not command.image:
            said.block("docker-no-image", "docker is given no image to run", HINT)
        return Reading(None, tuple(said.warnings), tuple(said.blockers))
    install = _install(image, command, text_of, said)
    return Reading(install, tuple(said.warnings), tuple(said.blockers))


@dataclass
class _Said:
    line: int | None
    warnings: list[Finding] = field(default_factory=list)
    blockers: list[Finding] = field(default_factory=list)

    def warn(self, code: str, message: str, hint: str) -> None:
        self.warnings.append(Finding(code, message, hint, self.line))

    def block(self, code: str, message: str, hint: str) -> None:
        self.blockers.append(Finding(code, message, hint, self.line))

    def unknown(self, what: str, word: Unknown, *, blocks: bool = True) -> None:
        """Name a value that only running the script would tell."""
        message = f"{what} {word.text} can only be told by running it, which is not done"
        finding = Finding("script-value", message, HINT, word.line)
        (self.blockers if blocks else self.warnings).append(finding)

    def known(self, what: str, words: Sequence[Word], *, blocks: bool = True) -> tuple[str, ...]:
        """The words whose value is known; the others are named."""
        for word in words:
            if isinstance(word, Unknown):
                self.unknown(what, word, blocks=blocks)
        return tuple(word for word in words if isinstance(word, str))


def _install(image: str, command: RunCommand, text_of: TextOf, said: _Said) -> Install:
    options = command.options
    others = {
        name: _once(name, said.known(f"--{name}", values, blocks=False))
        for name, values in options.items()
        if BY_NAME[name].fate is not None
    }
    environment = _from_files(others, text_of, said)
    environment |= _environment(options.get("env", ()), said)
    told = image_version(image)
    if told.remark:
        said.warn("image-version", told.remark, f"docker run --rm {image} --version tells")
    arguments = said.known("the argument", command.command)
    return Install(
        source="nvr-script",
        image=image,
        version=told.version,
        container_name=_last("--name", options.get("name", ()), said) or "",
        user=_user(_last("--user", options.get("user", ()), said, blocks=False), said),
        timezone=zone_of(environment.pop("TZ", None)),
        environment=environment,
        mounts=_mounts(options, others, said),
        network=_network(options.get("network", ()), others, said),
        ports=_ports(options.get("publish", ()), said),
        security_opt=said.known("--security-opt", options.get("security-opt", ()), blocks=False),
        log_driver=_last("--log-driver", options.get("log-driver", ()), said, blocks=False),
        log_options=_pairs(said.known("--log-opt", options.get("log-opt", ()), blocks=False)),
        restart=_restart(_last("--restart", options.get("restart", ()), said, blocks=False)),
        server_args=arguments[1:] if arguments[:1] == ("run",) else arguments,
        other_options={name: values for name, values in others.items() if values},
    )


def _last(option: str, words: Sequence[Word], said: _Said, *, blocks: bool = True) -> str | None:
    found = said.known(option, words[-1:], blocks=blocks)
    return found[0] if found else None


def _once(option: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if BY_NAME[option].takes is not Takes.NAMED:
        return values
    return tuple({value.partition("=")[0]: value for value in values}.values())


def _restart(text: str | None) -> str | None:
    return None if text in {None, "no", ""} else text


def _pairs(words: Sequence[str]) -> dict[str, str]:
    pairs = (word.partition("=") for word in words)
    return {key: value for key, _, value in pairs}


def _from_files(others: dict[str, tuple[str, ...]], text_of: TextOf, said: _Said) -> dict[str, str]:
    """What the files of `--env-file` set; a file that was not read stays among the others."""
    found: dict[str, str] = {}
    unread = []
    for path in others.pop("env-file", ()):
        text = text_of(path)
        if text is None:
            unread.append(path)
            said.warn(
                "env-file",
                f"--env-file {path} could not be read, so that its variables are not known",
                "look whether Moonfire needs one of them",
            )
            continue
        try:
            file = read_env_file(text)
        except OptionError as error:
            said.block("docker-option", f"docker refuses --env-file {path}: {error}", HINT)
            continue
        found |= file.values
        for name in file.from_caller:
            _from_caller(f"{name} of --env-file {path}", said)
    if unread:
        others["env-file"] = tuple(unread)
    return found


def _environment(words: Sequence[Word], said: _Said) -> dict[str, str]:
    found = {}
    for word in said.known("--env", words, blocks=False):
        name, equals, value = word.partition("=")
        if not name:
            said.block("docker-option", f"docker refuses --env {word}: it has no name", HINT)
        elif equals:
            found[name] = value
        else:
            _from_caller(f"--env {name}", said)
    return found


def _from_caller(what: str, said: _Said) -> None:
    said.warn(
        "env-from-caller",
        f"{what} takes its value from whoever calls the script",
        "give it in compose.override.yaml, if Moonfire needs it",
    )


def _user(text: str | None, said: _Said) -> User | None:
    if text is None:
        return None
    uid, _, gid = text.partition(":")
    if uid.isdecimal() and (gid or "0").isdecimal():
        # A uid alone goes with the group 0 where the image has no such user.
        return User(int(uid), int(gid or "0"))
    said.warn(
        "user-unknown",
        f"--user {text} is a name, which only the image can translate",
        "look whom the database's files belong to",
    )
    return None


def _mounts(
    options: dict[str, tuple[Word, ...]], others: dict[str, tuple[str, ...]], said: _Said
) -> tuple[Mount, ...]:
    found: list[Mount] = []
    modes: list[str] = []
    for option, read in (("mount", mount_of), ("volume", volume_of)):
        for text in said.known(f"--{option}", options.get(option, ())):
            understood = read(text)
            if option == "volume" and is_relative(text):
                said.block(
                    "docker-relative",
                    f"--volume {text} counts from the directory of whoever runs the script",
                    "write the whole path there, beginning with /",
                )
            elif understood is None:
                said.block("docker-mount", f"--{option} {text} is none that docker takes", HINT)
            else:
                mount, further = understood
                found.append(mount)
                modes += [f"{mount.target}:{mode}" for mode in further]
    # Of two for the same place docker keeps the last.
    for text in {
        text.partition(":")[0]: text
        for text in said.known("--tmpfs", options.get("tmpfs", ()), blocks=False)
    }.values():
        mount, further_options = tmpfs_of(text)
        found.append(mount)
        rest = [flag for flag in further_options.split(",") if flag not in {"", "ro", "rw"}]
        modes += [f"{mount.target}:{flag}" for flag in rest]
    if modes:
        others["mount-mode"] = tuple(modes)
    return tuple(found)


def _network(words: Sequence[Word], others: dict[str, tuple[str, ...]], said: _Said) -> str:
    names = []
    for text in said.known("--network", words, blocks=False):
        understood = network_of(text)
        if understood is None:
            said.block("docker-network", f"--network {text} is none that docker takes", HINT)
            continue
        names.append(understood[0])
        for option, value in understood[1]:
            others[option] = (*others.get(option, ()), value)
    if len(names) > 1:
        others["network"] = tuple(names[1:])
    first = names[0] if names else "bridge"
    return "bridge" if first == "default" else first


def _ports(words: Sequence[Word], said: _Said) -> tuple[Port, ...]:
    found: list[Port] = []
    for text in said.known("--publish", words, blocks=False):
        ports = ports_of(text)
        if ports is None:
            said.block(
                "docker-publish",
                f"--publish {text} names no TCP or UDP ports as docker takes them",
                HINT,
            )
        else:
            found += ports
    return tuple(found)
