"""Moonfire as a systemd unit, with flags or with its file."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.install import Install, Reading, User
from nvrstack.migration.passwd import groups_of, homes_of, members_of, users_of
from nvrstack.migration.systemd.unit import read_unit
from nvrstack.migration.systemd.unit_file import unit_settings, words
from nvrstack.migration.systemd.unit_paths import whole_paths
from tests.unit.strategies import ODD_TEXT, quickly

PASSWD = "root:x:0:0::/root:/bin/sh\nmoonfire-nvr:x:998:997::/var/lib/moonfire-nvr:/bin/false\n-\n"
GROUP = "root:x:0:\nvideo:x:44:me\nnonsense\n"
WITH_FLAGS = """\
[Unit]
Description=Cameras
After=network-online.target

[Service]
# The recorder.
ExecStart=/usr/local/bin/moonfire-nvr run \\
    --ui-dir=/usr/local/lib/moonfire-nvr/ui \\
    # not on the LAN
    --http-addr=127.0.0.1:8080 \\
    --allow-unauthenticated-permissions='view_video: true'
Environment=TZ=:/etc/localtime
Environment=MOONFIRE_FORMAT=google-systemd "RUST_LOG=a b"
Type=simple
User=moonfire-nvr
Nice=-20
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
EXPECTED = Install(
    source="systemd",
    image="",
    version=None,
    container_name="moonfire-nvr",
    user=User(998, 997),
    environment={"MOONFIRE_FORMAT": "google-systemd", "RUST_LOG": "a b"},
    network="host",
    restart="on-failure",
    server_args=(
        "--ui-dir=/usr/local/lib/moonfire-nvr/ui",
        "--http-addr=127.0.0.1:8080",
        "--allow-unauthenticated-permissions=view_video: true",
    ),
    other_options={"Service.Nice": ("-20",)},
)


VARIABLES = """\
# Read by systemd, not by a shell.
; export X=1
A=1
B = two \\
words
C="# three $4"
D=5\\"
"""


def read(unit: str, *drop_ins: str) -> Reading:
    return read_unit(
        "moonfire-nvr.service", unit, drop_ins, users_of(PASSWD), groups_of(GROUP),
        {"/etc/default/nvr": VARIABLES}.get,
    )  # fmt: skip


def install(unit: str, *drop_ins: str) -> Install:
    found = read(unit, *drop_ins).install
    assert found is not None
    return found


def service(*lines: str) -> str:
    return "\n".join(["[Service]", "ExecStart=/usr/local/bin/moonfire-nvr run", *lines])


def test_a_unit_with_flags() -> None:
    assert read(WITH_FLAGS) == Reading(EXPECTED)


def test_a_unit_with_the_file() -> None:
    unit = service(
        "Type=notify", "TimeoutStartSec=300", "User=moonfire-nvr", "Environment=TZ=Europe/Berlin",
        "Environment=RUST_BACKTRACE=1", "Restart=always", "[Unit]", "RequiresMountsFor=/media/nvr",
    )  # fmt: skip
    assert install(unit) == replace(
        EXPECTED,
        timezone="Europe/Berlin",
        environment={"RUST_BACKTRACE": "1"},
        restart="always",
        server_args=(),
        other_options={"Unit.RequiresMountsFor": ("/media/nvr",)},
    )


def test_drop_ins_come_after_the_unit_and_may_take_back() -> None:
    found = install(
        WITH_FLAGS,
        "[Service]\nExecStart=\nExecStart=-/opt/moonfire-nvr run --config /srv/nvr.toml\nNice=\n",
        "[Service]\nEnvironment=\nEnvironment=TZ=UTC\nGroup=video\nMemoryMax=1G\n",
    )
    assert found == replace(
        EXPECTED,
        user=User(998, 44),
        timezone="UTC",
        environment={},
        server_args=("--config", "/srv/nvr.toml"),
        other_options={"Service.MemoryMax": ("1G",)},
    )


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        (["User=1000"], "user", User(1000, 1000)),
        (["User=1000", "Group=44"], "user", User(1000, 44)),
        ([], "user", User(0, 0)),
        (["User=nobody-here"], "user", None),
        (["User=moonfire-nvr", "Group=nowhere"], "user", None),
        (["ExecStart=", "ExecStart=/x/moonfire-nvr --db-dir=x"], "server_args", ("--db-dir=/x",)),
        (["ExecStart=", "ExecStart=!!@/bin/moonfire-nvr run -c /x"], "server_args", ("-c", "/x")),
        (["Environment=B=/s C=run", "ExecStart=", "ExecStart=/x/moonfire-nvr $C --db-dir=${B}/db"],
         "server_args", ("--db-dir=/s/db",)),
        (["Environment='B=run -c /x' D=", "ExecStart=", "ExecStart=/x/moonfire-nvr $B $D $$E"],
         "server_args", ("-c", "/x", "$E")),
        (["EnvironmentFile=/etc/gone", "EnvironmentFile=-/etc/gone"], "other_options",
         {"Service.EnvironmentFile": ("/etc/gone",)}),
        (["Environment=A=0", "EnvironmentFile=-/etc/default/nvr"], "environment",
         {"A": "1", "B": "two words", "C": "# three $4", "D": '5"'}),
        (["SupplementaryGroups=video 7", "SupplementaryGroups=nowhere"], "other_options",
         {"Service.SupplementaryGroups": ("44", "7", "nowhere")}),
        (["ExecStartPre=/bin/a", "ExecStartPre=/bin/b"], "other_options",
         {"Service.ExecStartPre": ("/bin/a", "/bin/b")}),
    ],
)  # fmt: skip
def test_each_setting(lines: list[str], field: str, value: Any) -> None:
    reading = read(service(*lines))
    assert getattr(reading.install, field) == value
    assert [w.code for w in reading.warnings] == (["user-unknown"] if value is None else [])


def test_the_groups_that_the_system_gives_the_user_come_along() -> None:
    group = GROUP + "disks:x:1500:moonfire-nvr,pi\nothers:x:1600:pi\nodd\n"
    assert members_of(group)["pi"] == ("disks", "others")
    found = read_unit(
        "moonfire-nvr.service", service("User=moonfire-nvr", "SupplementaryGroups=video disks"), (),
        users_of(PASSWD), groups_of(group), members=members_of(group),
    ).install  # fmt: skip
    assert found is not None
    assert found.other_options == {"Service.SupplementaryGroups": ("44", "1500")}


FILES = {
    "/etc/default/nvr": VARIABLES,
    "/opt/cameras/compose.yaml": "services: {nvr: {image: ghcr.io/scottlamb/moonfire-nvr}}",
    "/opt/web/compose.yaml": "services: {web: {image: nginx}}",
    "/opt/run.sh": "#!/bin/sh\nexec /usr/local/bin/moonfire-nvr run --db-dir=/x\n",
    "/opt/contain.sh": "#!/bin/sh\ndocker run \\\n -d ghcr.io/scottlamb/moonfire-nvr run\n",
    "/opt/backup.sh": "#!/bin/sh\nrsync -a /var/lib/moonfire-nvr /backup\n",
}


def said_of(name: str, *lines: str) -> list[str]:
    unit = "\n".join(("[Service]", *lines))
    reading = read_unit(name, unit, text_of=FILES.get, containers=("cams",))
    assert reading.install is None
    return [blocker.code for blocker in reading.blockers]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("/usr/bin/docker start -a moonfire-nvr", "unit-runs-container"),
        ("/usr/bin/docker start -a cams", "unit-runs-container"),
        ("/usr/local/bin/nvr start", "unit-runs-container"),
        ("/usr/bin/env docker run --name x a/moonfire-nvr run", "unit-runs-container"),
        ("/bin/bash -c 'docker run --rm --name moonfire-nvr my-image run'", "unit-runs-container"),
        ("/bin/sh -c 'cd /opt/cameras && exec docker compose up'", "unit-runs-container"),
        ("/usr/bin/docker compose -f /opt/cameras/compose.yaml up", "unit-runs-container"),
        ("/usr/bin/docker run --name web nginx", None),
        ("/usr/bin/docker compose --project-directory /opt/web up", None),
        ("/usr/bin/docker stop moonfire-nvr", None),
        ("/usr/bin/docker logs -f moonfire-nvr", None),
        ("/usr/bin/podman run --replace --name=moonfire-nvr x", "other-engine"),
        ("/usr/bin/nerdctl run -d scottlamb/moonfire-nvr:v0.7.5 run", "other-engine"),
        ("/usr/bin/podman start nginx", None),
        ("/opt/run.sh", "unit-not-understood"),
        ("/bin/sh /opt/contain.sh", "unit-not-understood"),
        ("/opt/backup.sh", None),
    ],
)
def test_what_another_unit_starts(command: str, code: str | None) -> None:
    assert said_of("cameras.service", f"ExecStart={command}") == ([code] if code else [])


def test_a_compose_project_is_found_where_the_unit_works() -> None:
    lines = ("WorkingDirectory=/opt/%i", "ExecStart=/usr/bin/docker-compose up")
    assert said_of("project@web.service", *lines) == []
    unit = "\n".join(("[Service]", *lines))
    (blocker,) = read_unit("project@cameras.service", unit, text_of=FILES.get).blockers
    assert blocker.code == "unit-runs-container"
    assert "disable --now project@cameras.service, docker compose up" in blocker.hint
    assert "in /opt/cameras, and plan" in blocker.hint


@pytest.mark.parametrize(
    "name", ["moonfire-nvr.service", "moonfire.service", "moonfire-nvr@pi.service"]
)
def test_a_program_of_its_own_under_moonfires_name_is_not_understood(name: str) -> None:
    assert said_of(name, "ExecStart=/usr/local/bin/start") == ["unit-not-understood"]
    assert said_of(name, "ExecStart=/usr/bin/python3 /opt/run.py") == ["unit-not-understood"]
    assert said_of(name, "ExecStart=/bin/true") == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("BindPaths=/mnt/disk/nvr:/var/lib/moonfire-nvr", "unit-other-files"),
        ("BindReadOnlyPaths=/srv/moonfire-nvr.toml:/etc/moonfire-nvr.toml", "unit-other-files"),
        ("RootDirectory=/srv/nvr", "unit-other-files"),
        ("RootImage=/srv/nvr.raw", "unit-other-files"),
        ("RootDirectory=/", None),
        ("BindPaths=/media/nvr -/media/usb:/media/usb", None),
        ("DynamicUser=yes\nUser=nvr-made-up", "unit-dynamic-user"),
        ("DynamicUser=false", None),
        ("DynamicUser=yes\nUser=moonfire-nvr", None),
        ("ProtectSystem=strict", None),
    ],
)
def test_a_unit_with_files_or_a_user_of_its_own_is_not_moved(line: str, code: str | None) -> None:
    reading = read(service(line))
    assert reading.install is not None
    assert [blocker.code for blocker in reading.blockers] == ([code] if code else [])


def test_a_template_itself_cannot_be_moved() -> None:
    unit = service()
    (blocker,) = read_unit("moonfire-nvr@.service", unit).blockers
    assert blocker.code == "unit-template"
    assert read_unit("moonfire-nvr@pi.service", unit).install is not None


SOCKETS = {
    "page.socket": "[Socket]\nListenStream=127.0.0.1:9000\nFileDescriptorName=page\n",
    "moonfire-nvr.socket": "[Socket]\nListenStream=%S/moonfire-nvr/sock\n",
    "moonfire-nvr.timer": "[Timer]\nOnBootSec=60\n",
}


def test_sockets_are_known_by_the_names_they_are_passed_under() -> None:
    reading = read_unit("moonfire-nvr.service", service(), triggers=SOCKETS)
    assert reading.install is not None
    assert reading.install.sockets == {
        "page": ("127.0.0.1:9000",),
        "moonfire-nvr.socket": ("/var/lib/moonfire-nvr/sock",),
    }
    told = [w.message for w in reading.warnings if w.code == "unit-triggered"]
    assert told == [f"moonfire-nvr.service is started by {' and '.join(SOCKETS)} too"]


@pytest.mark.parametrize(
    "unit", ["", "[Service]\nExecStart=/bin/true\n", "[Service]\nExecStart=\n"]
)
def test_another_unit_is_no_install(unit: str) -> None:
    assert read(unit) == Reading(None)


@pytest.mark.parametrize(
    ("command", "around"),
    [
        ("/usr/bin/nice -n -10 /usr/local/bin/moonfire-nvr run -c /x", "/usr/bin/nice -n -10"),
        ("/bin/sh -c 'exec /opt/moonfire-nvr run -c /x'", "/bin/sh -c exec"),
        ("/usr/bin/env A=1 moonfire-nvr run -c /x", "/usr/bin/env A=1"),
        ("/opt/moonfire-nvr-v0.7.30-x86_64 run -c /x", ""),
    ],
)
def test_a_program_around_moonfire_is_told(command: str, around: str) -> None:
    reading = read(f"[Service]\nExecStart={command}\n")
    assert reading.install is not None
    assert reading.install.server_args == ("-c", "/x")
    told = [w.message for w in reading.warnings if w.code == "unit-wrapper"]
    assert [around in message for message in told] == ([True] if around else [])


@pytest.mark.parametrize(
    ("directory", "arguments", "read_as"),
    [
        ("/srv/nvr", "--config=nvr.toml --db-dir db",
         "--config=/srv/nvr/nvr.toml --db-dir /srv/nvr/db"),
        ("-/srv/nvr", "-c nvr.toml --db-dir=db", "-c /srv/nvr/nvr.toml --db-dir=/srv/nvr/db"),
        ("~", "-cnvr.toml", "-c/var/lib/moonfire-nvr/nvr.toml"),
        ("%S/%p", "-c=./nvr.toml", "-c=/var/lib/moonfire-nvr/nvr.toml"),
        ("/srv", "--config= --ui-dir=ui", "--config= --ui-dir=ui"),
        ("/srv", "--config=/etc/a.toml --db-dir /db", "--config=/etc/a.toml --db-dir /db"),
        ("/srv", "-c %E/%N.toml", "-c /etc/moonfire-nvr.toml"),
        ("/srv", "-c %h/%n%i%%.toml", "-c /root/moonfire-nvr.service%.toml"),
        ("/srv", "-c %m/nvr.toml", "-c %m/nvr.toml"),
        ("/srv", "-c /etc/%H.toml", "-c /etc/%H.toml"),
        ("/srv", "-c $FILE", "-c /srv/of/moonfire-nvr"),
        ("/srv", "-c ${NAMED}.toml", "-c /srv/.toml"),
    ],
)  # fmt: skip
def test_paths_are_read_as_systemd_has_them(directory: str, arguments: str, read_as: str) -> None:
    unit = service(
        "User=moonfire-nvr", f"WorkingDirectory={directory}", "Environment=FILE=of/%p",
        "ExecStart=", f"ExecStart=/x/moonfire-nvr run {arguments}",
    )  # fmt: skip
    found = read_unit(
        "moonfire-nvr.service", unit, users=users_of(PASSWD), homes=homes_of(PASSWD)
    ).install
    assert found is not None
    assert found.server_args == tuple(read_as.split())


def test_an_instance_knows_its_name() -> None:
    unit = service("ExecStart=", "ExecStart=/x/moonfire-nvr run -c /%p/%i/%N/%n")
    found = read_unit("nvr@two.service", unit).install
    assert found is not None
    assert found.server_args == ("-c", "/nvr/two/nvr@two/nvr@two.service")


def test_other_settings_have_specifiers_too() -> None:
    found = install(
        service("User=%N", "EnvironmentFile=%E/default/nvr", "CPUQuota=20%", "ExecStartPre=%E/x")
    )
    assert (found.user, found.environment["A"]) == (User(998, 997), "1")
    assert found.other_options == {
        "Service.CPUQuota": ("20%",),
        "Service.ExecStartPre": ("%E/x",),
    }


def test_a_unit_for_another_command_is_no_server() -> None:
    assert read("[Service]\nExecStart=/usr/local/bin/moonfire-nvr check\n") == Reading(None)
    assert read("[Service]\nExecStart=/usr/bin/rsync -a /var/lib/moonfire-nvr /b\n") == Reading(
        None
    )
    (blocker,) = read("[Service]\nExecStart=/opt/start moonfire-nvr run\n").blockers
    assert blocker.code == "unit-not-understood"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a  b\tc", ("a", "b", "c")),
        ("'a b' \"c d\"", ("a b", "c d")),
        ("--x='a b'", ("--x=a b",)),
        (r'"a\"b" \x41\n', ('a"b', "A\n")),
        (r"a\sb", ("a b",)),
        ("'not closed", ("'not", "closed")),
        ("", ()),
    ],
)
def test_words(value: str, found: tuple[str, ...]) -> None:
    assert words(value) == found


def test_lines_and_sections() -> None:
    text = "; mine\nA=1\n[S]\nB = x \\\n# between\n  y\nC=1\nC=2\nno equals sign\n[T]\nB=3\\"
    assert unit_settings([text]) == {
        ".A": ("1",),
        "S.B": ("x  y",),
        "S.C": ("1", "2"),
        "T.B": ("3",),
    }


@quickly
@given(ODD_TEXT, st.lists(st.sampled_from(WITH_FLAGS.splitlines(keepends=True)), max_size=20))
def test_any_text_is_read(text: str, lines: list[str]) -> None:
    read("".join(lines), text)
    read(service(f"User={text}", f"ExecStart=/bin/moonfire-nvr run {text}"))
    words(text)
    users_of(text)
    groups_of(text)
    homes_of(text)
    whole_paths(text.split(), text)
