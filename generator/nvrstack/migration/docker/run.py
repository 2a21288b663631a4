"""The install that a `docker run` describes."""

from collections.abc import Sequence
from dataclasses import dataclass

from nvrstack.migration.docker import rules
from nvrstack.migration.docker.env_file import read_env_file
from nvrstack.migration.docker.mounts import (
    is_relative,
    mount_of,
    network_of,
    tmpfs_of,
    volume_of,
)
from nvrstack.migration.docker.option_table import BY_NAME, Takes
from nvrstack.migration.docker.options import OptionError, RunCommand, parse_run
from nvrstack.migration.docker.ports import ports_of
from nvrstack.migration.docker.timezone import zone_of
from nvrstack.migration.docker.user import numeric_user
from nvrstack.migration.findings import Remarks, Rule
from nvrstack.migration.install import Install, Mount, Port, Reading, TextOf, User, no_file
from nvrstack.migration.moonfire.rules import IMAGE_VERSION
from nvrstack.migration.moonfire.versions import image_version
from nvrstack.migration.words import Unknown, Word


def read_run(words: Sequence[Word], line: int | None = None, text_of: TextOf = no_file) -> Reading:
    """The install of the words behind `docker run`; `line` is the call's.

    `text_of` reads the files that `--env-file` names. Without an image there is no install.
    """
    try:
        command = parse_run(words)
    except OptionError as error:
        return Reading(None, blockers=(rules.REFUSED_CALL(line, error=error),))
    said = _Said(line=line)
    for word in command.extra:
        said.unknown("options", word)
    if isinstance(command.image, Unknown):
        said.unknown("the image", command.image)
    image = command.image if isinstance(command.image, str) else ""
    if not image:
        if not command.image:
            said.say(rules.NO_IMAGE)
        return Reading(None, tuple(said.warnings), tuple(said.blockers))
    install = _install(image, command, text_of, said)
    return Reading(install, tuple(said.warnings), tuple(said.blockers))


@dataclass
class _Said(Remarks):
    line: int | None = None

    def say(self, rule: Rule, **values: object) -> None:
        """Add what is about the call as a whole."""
        self.add(rule(self.line, **values))

    def unknown(self, what: str, word: Unknown, *, blocks: bool = True) -> None:
        """Name a value that only running the script would tell."""
        rule = rules.VALUE_UNKNOWN if blocks else rules.DETAIL_UNKNOWN
        self.add(rule(word.line, what=what, word=word.text))

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
        said.say(IMAGE_VERSION, remark=told.remark, image=image)
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
            said.say(rules.ENV_FILE, path=path)
            continue
        try:
            file = read_env_file(text)
        except OptionError as error:
            said.say(rules.REFUSED_FILE, path=path, error=error)
            continue
        found |= file.values
        for name in file.from_caller:
            said.say(rules.ENV_FROM_CALLER, what=f"{name} of --env-file {path}")
    if unread:
        others["env-file"] = tuple(unread)
    return found


def _environment(words: Sequence[Word], said: _Said) -> dict[str, str]:
    found = {}
    for word in said.known("--env", words, blocks=False):
        name, equals, value = word.partition("=")
        if not name:
            said.say(rules.REFUSED_ENV, word=word)
        elif equals:
            found[name] = value
        else:
            said.say(rules.ENV_FROM_CALLER, what=f"--env {name}")
    return found


def _user(text: str | None, said: _Said) -> User | None:
    if text is None:
        return None
    user = numeric_user(text)
    if user is None:
        said.say(rules.USER_IS_NAME, user=text)
    return user


def _mounts(
    options: dict[str, tuple[Word, ...]], others: dict[str, tuple[str, ...]], said: _Said
) -> tuple[Mount, ...]:
    found: list[Mount] = []
    modes: list[str] = []
    for option, read in (("mount", mount_of), ("volume", volume_of)):
        for text in said.known(f"--{option}", options.get(option, ())):
            understood = read(text)
            if option == "volume" and is_relative(text):
                said.say(rules.RELATIVE, text=text)
            elif understood is None:
                said.say(rules.REFUSED_MOUNT, option=option, text=text)
            else:
                mount, further = understood
                # A volume without a name is one, however often its place is given.
                if option == "mount" or mount.source is not None or mount not in found:
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
            said.say(rules.REFUSED_NETWORK, text=text)
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
            said.say(rules.REFUSED_PORTS, text=text)
        else:
            found += ports
    return tuple(found)
