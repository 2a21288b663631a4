"""The `nvr` script in every shape that upstream's guides had, in our own words, and as people
edit it; each with the words that docker is to get from `nvr run`.
"""

STATE = "--mount=type=bind,source=/var/lib/moonfire-nvr,destination=/var/lib/moonfire-nvr"
LOCALTIME = "--mount=type=bind,source=/etc/localtime,destination=/etc/localtime"
TOML = "--mount=type=bind,source=/etc/moonfire-nvr.toml,destination=/etc/moonfire-nvr.toml"
ALLOW = "--allow-unauthenticated-permissions='view_video: true'"
ALLOWED = "--allow-unauthenticated-permissions=view_video: true"
USER = '--user="$(id -u moonfire-nvr):$(id -g moonfire-nvr)"'
LATEST = "scottlamb/moonfire-nvr:latest"
PINNED = "scottlamb/moonfire-nvr:v0.7.5"
LOGS = ("--log-driver=journald", "--log-opt=tag=moonfire-nvr")
SECCOMP = "--security-opt=seccomp:unconfined"


def script(
    array: tuple[str, ...],
    run: tuple[str, ...],
    image: str = LATEST,
    restart: str = "unless-stopped",
    gaps: str = " \\\n",
    head: str = "",
    arms: str = "",
) -> str:
    """A script with these words in its array and in its `run)` arm, one a line."""
    common = "\n".join(f"\t{word}" for word in array)
    words: tuple[str, ...] = ("docker run", "--detach=true", f"--restart={restart}")
    words += ('"${common_docker_run_args[@]}"',)
    tail = gaps.join(f"\t\t{word}" for word in (*run[:-1], run[-1])) if run else ""
    start = " \\\n\t\t".join(words)
    return (
        "#!/bin/bash -e\n\n"
        'tz="America/Los_Angeles"\n'
        'container_name="moonfire-nvr"\n'
        f'image_name="{image}"\n'
        f"common_docker_run_args=(\n{common}\n)\n{head}\n"
        'case "$1" in\n'
        f"run)\n\tshift\n\texec {start}{gaps}{tail}\n\t;;\n{arms}"
        'start|stop|logs|rm)\n\texec docker "$@" "${container_name}"\n\t;;\n'
        'pull)\n\texec docker pull "${image_name}"\n\t;;\n'
        "*)\n\texec docker run \\\n\t\t--interactive=true \\\n\t\t--tty \\\n\t\t--rm \\\n"
        '\t\t"${common_docker_run_args[@]}" \\\n\t\t"${image_name}" \\\n\t\t"$@"\n\t;;\nesac\n'
    )


NAMED = ('--name="${container_name}"', '"${image_name}"', "run")
BASE = (STATE, USER, "--env=RUST_BACKTRACE=1")
LATER: tuple[str, ...] = (
    STATE,
    USER,
    SECCOMP,
    "--log-driver=journald",
    '--log-opt="tag=moonfire-nvr"',
)
LATER += ("--env=RUST_BACKTRACE=1", '--env=TZ=":${tz}"')
HOST = "--network=host"


def argv(
    middle: tuple[str, ...],
    end: tuple[str, ...],
    image: str = LATEST,
    restart: str = "unless-stopped",
) -> tuple[str, ...]:
    """The words after `docker`; the server's arguments are `end`."""
    start = ("run", "--detach=true", f"--restart={restart}")
    return (*start, *middle, "--name=moonfire-nvr", image, "run", *end)


IDS = "--user=998:997"
TZ = "--env=TZ=:America/Los_Angeles"
OLD = (STATE, IDS, "--env=RUST_BACKTRACE=1")
NEW = (STATE, IDS, SECCOMP, *LOGS, "--env=RUST_BACKTRACE=1", TZ)
N11_ARRAY = (STATE, TOML, *LATER[1:], HOST)
N11 = script(N11_ARRAY, (*NAMED, '"$@"'), PINNED)
N11_ARGV = argv((STATE, TOML, *NEW[1:], HOST), (), PINNED)
CUT = " \\\n\n\t\t# What is meant here.\n\t\t# --publish=8080:8080 \\\n"

PUBLISH = "--publish=8080:8080"
SHAPES: dict[str, tuple[str, tuple[str, ...]]] = {
    "N1 repaired": (
        script(
            (STATE, LOCALTIME, '--user="1001:1002"', "--env=TZ=:/etc/localtime"),
            (PUBLISH, *NAMED, ALLOW, '"$@"'),
            restart="on-failure",
        ),
        argv(
            (STATE, LOCALTIME, "--user=1001:1002", "--env=TZ=:/etc/localtime", PUBLISH),
            (ALLOWED,),
            restart="on-failure",
        ),
    ),
    "N3": (
        script(
            (*BASE, '--env=TZ=":${tz}"'), (PUBLISH, *NAMED, ALLOW, '"$@"'), restart="on-failure"
        ),
        argv((*OLD, TZ, PUBLISH), (ALLOWED,), restart="on-failure"),
    ),
    "N4": (
        script(
            (STATE, USER, SECCOMP, '--env=TZ=":${tz}"'),
            (HOST, *NAMED, ALLOW, '"$@"'),
            restart="on-failure",
        ),
        argv((STATE, IDS, SECCOMP, TZ, HOST), (ALLOWED,), restart="on-failure"),
    ),
    "N5": (
        script((STATE, USER, SECCOMP, '--env=TZ=":${tz}"'), (HOST, *NAMED, ALLOW, '"$@"')),
        argv((STATE, IDS, SECCOMP, TZ, HOST), (ALLOWED,)),
    ),
    "N6": (
        script(LATER, (HOST, *NAMED, ALLOW, '"$@"')),
        argv((*NEW, HOST), (ALLOWED,)),
    ),
    "N10": (
        script(N11_ARRAY, (*NAMED, '"$@"')),
        argv((STATE, TOML, *NEW[1:], HOST), ()),
    ),
    "N11, N12": (N11, N11_ARGV),
}

JSON = TOML.replace("toml", "json")
CUTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "N7": (script(LATER, (HOST, *NAMED, ALLOW, '"$@"'), gaps=CUT), argv((*NEW, HOST), (ALLOWED,))),
    "N8": (
        script((STATE, JSON, *LATER[1:]), (HOST, *NAMED, '"$@"'), gaps=CUT),
        argv((STATE, JSON, *NEW[1:], HOST), ()),
    ),
    "N9": (
        script((STATE, TOML, *LATER[1:]), (HOST, *NAMED, '"$@"'), gaps=CUT),
        argv((STATE, TOML, *NEW[1:], HOST), ()),
    ),
    "blank after a backslash": (
        script(LATER, (HOST, *NAMED, '"$@"')).replace("stopped \\\n", "stopped \\ \n", 1),
        argv((*NEW, HOST), ()),
    ),
}


def frozen(text: str) -> str:
    """As an unquoted here-document writes a script: no variables, no continued lines, ids told."""
    text = text.replace(" \\\n\t\t", " ").replace(" \\\n", " ")
    for name in ("$1", "$@", "${common_docker_run_args[@]}", "${container_name}", "${image_name}"):
        text = text.replace(name, "")
    return text.replace("$(id -u moonfire-nvr):$(id -g moonfire-nvr)", "998:997").replace(
        "${tz}", ""
    )


FROZEN: dict[str, tuple[str, tuple[str, ...]]] = {
    "N1": (
        frozen(
            script(
                (STATE, LOCALTIME, USER, "--env=TZ=:/etc/localtime"),
                (PUBLISH, *NAMED, ALLOW, '"$@"'),
                restart="on-failure",
            )
        ),
        argv(
            (STATE, LOCALTIME, IDS, "--env=TZ=:/etc/localtime", PUBLISH),
            (ALLOWED,),
            restart="on-failure",
        ),
    ),
    "N2": (
        frozen(
            script(
                (STATE, LOCALTIME, USER, '--env=TZ=":${tz}"'),
                (PUBLISH, *NAMED, ALLOW, '"$@"'),
                restart="on-failure",
            )
        ),
        argv((STATE, LOCALTIME, IDS, TZ, PUBLISH), (ALLOWED,), restart="on-failure"),
    ),
}


def edited(*changes: str) -> str:
    """N11 with pairs of texts replaced."""
    text = N11
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        assert old in text, old
        text = text.replace(old, new)
    return text


def instead(*changes: str) -> tuple[str, ...]:
    """N11's words with pairs replaced; a new one may be several, split at blanks."""
    words = [*N11_ARGV]
    for old, new in zip(changes[::2], changes[1::2], strict=True):
        at = words.index(old)
        words[at : at + 1] = new.split()
    return tuple(words)


DISK = "--mount=type=bind,source=/media/nvr/sample,destination=/media/nvr/sample"
CASE = 'case "$1" in\nrun)'
EDITS: dict[str, tuple[str, tuple[str, ...]]] = {
    "a disk": (
        edited(TOML, f"{TOML}\n\t{DISK}  # first\n\t# {DISK}2"),
        instead(TOML, f"{TOML} {DISK}"),
    ),
    "another zone": (
        edited("America/Los_Angeles", "Europe/Berlin"),
        instead(TZ, "--env=TZ=:Europe/Berlin"),
    ),
    "zone of the machine": (
        edited('tz="America/Los_Angeles"', 'tz="$(cat /etc/timezone)"'),
        instead(TZ, "--env=TZ=:Etc/UTC"),
    ),
    "zone by redirection": (
        edited('tz="America/Los_Angeles"', "tz=$(< /etc/timezone)"),
        instead(TZ, "--env=TZ=:Etc/UTC"),
    ),
    "backquotes": (edited(USER, '--user="`id -u moonfire-nvr`:`id -g moonfire-nvr`"'), N11_ARGV),
    "root": (edited(USER, '--user="$(id -u):$(id -g)"'), instead(IDS, "--user=0:0")),
    "user in variables": (
        edited(
            USER,
            '--user="${uid}:${gid}"',
            "container_name=",
            'u=moonfire-nvr uid=$(id -u "$u")\ngid=$(id -g ${u})\ncontainer_name=',
        ),
        N11_ARGV,
    ),
    "literal ids": (edited(USER, "--user 500:501"), instead(IDS, "--user 500:501")),
    "other tag": (edited("v0.7.5", "v0.7.7"), instead(PINNED, "scottlamb/moonfire-nvr:v0.7.7")),
    "tag in a variable": (
        edited(f'"{PINNED}"', "scottlamb/moonfire-nvr:${VERSION:-v0.7.5}"),
        N11_ARGV,
    ),
    "sudo": (
        edited("exec docker run \\\n\t\t--det", "exec sudo -u root -E docker run \\\n\t\t--det"),
        N11_ARGV,
    ),
    "no exec": (edited("exec ", ""), N11_ARGV),
    "absolute path": (edited("exec docker", "exec /usr/bin/docker"), N11_ARGV),
    "container run": (
        edited("exec docker run", "exec docker container run"),
        ("container", *N11_ARGV),
    ),
    "env": (edited("exec docker", "exec env -u FOO DOCKER_CLI_HINTS=false docker"), N11_ARGV),
    "nohup": (edited("exec docker", "nohup nice -n 5 docker"), N11_ARGV),
    "ports": (edited(HOST, "-p 127.0.0.1:8080:8080"), instead(HOST, "-p 127.0.0.1:8080:8080")),
    "short forms": (
        edited(
            TOML,
            "-v /etc/moonfire-nvr.toml:/etc/moonfire-nvr.toml:ro -e A=b",
            "--detach=true",
            "-dit",
        ),
        instead(
            TOML,
            "-v /etc/moonfire-nvr.toml:/etc/moonfire-nvr.toml:ro -e A=b",
            "--detach=true",
            "-dit",
        ),
    ),
    "appended": (
        edited(CASE, f"common_docker_run_args+=({DISK}\n # more\n '--memory=1g')\n{CASE}"),
        instead(HOST, f"{HOST} {DISK} --memory=1g"),
    ),
    "loop over disks": (
        edited(
            CASE,
            'for d in a "b"; do\n  common_docker_run_args+=(-v "/media/$d:/media/$d")\ndone\n'
            + CASE,
        ),
        instead(HOST, f"{HOST} -v /media/a:/media/a -v /media/b:/media/b"),
    ),
    "if": (
        edited(
            CASE,
            'if [ "$tz" != UTC ] && [[ $1 == r* ]]; then\n'
            "  common_docker_run_args+=(--init)\nelse\n  exit 3\nfi\n" + CASE,
        ),
        instead(HOST, f"{HOST} --init"),
    ),
    "function": (
        edited(
            CASE,
            "with() {\n  local extra=$1; shift\n"
            '  common_docker_run_args+=("$extra" "$@")\n}\nwith --init --cpus 2\n' + CASE,
        ),
        instead(HOST, f"{HOST} --init --cpus 2"),
    ),
    "defaults": (
        edited('"moonfire-nvr"\n', '"${NVR_NAME:-moonfire-nvr}"\n: "${other:=x}"\n'),
        N11_ARGV,
    ),
    "alternative": (
        edited("--detach=true", '--detach=true ${tz:+--label zone="$tz"} ${none:+--label x}'),
        instead("--detach=true", "--detach=true --label zone=America/Los_Angeles"),
    ),
    "root only": (edited(CASE, '[ "$(id -u)" = 0 ] || exec sudo "$0" "$@"\n' + CASE), N11_ARGV),
    "usage": (
        edited(CASE, 'if [ $# -eq 0 ]; then echo "usage: $0 run" >&2; exit 2; fi\n' + CASE),
        N11_ARGV,
    ),
    "set": (edited("#!/bin/bash -e\n", "#!/usr/bin/env bash\nset -euo pipefail\n"), N11_ARGV),
    "quoted blanks": (
        edited("--detach=true", "--label='a b' --label=\"c  $tz\" --label=e\\ f"),
        ("run", "--label=a b", "--label=c  America/Los_Angeles", "--label=e f", *N11_ARGV[2:]),
    ),
    "command in variable": (edited("exec docker", "exec ${DOCKER:-docker}"), N11_ARGV),
    "output away": (
        edited('\t\t"$@"\n\t;;\nstart', '\t\t"$@" > /dev/null 2>&1\n\t;;\nstart'),
        N11_ARGV,
    ),
    "removed first": (
        edited("\tshift\n\texec", '\tshift\n\tdocker rm -f "$container_name" || true\n\texec'),
        N11_ARGV,
    ),
    "arguments from the second": (
        edited("\tshift\n", "", '\t\t"$@"\n\t;;\nstart', '\t\t"${@:2}"\n\t;;\nstart'),
        N11_ARGV,
    ),
    "here-document": (edited(CASE, 'cat > /dev/null <<EOF\n$tz "\nEOF\n' + CASE), N11_ARGV),
    "trailing slash": (
        edited(CASE, "dir=/media/nvr/\ncommon_docker_run_args+=(-v ${dir%/}:/a)\n" + CASE),
        instead(HOST, f"{HOST} -v /media/nvr:/a"),
    ),
}
