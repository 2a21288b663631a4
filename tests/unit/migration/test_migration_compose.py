"""A compose file with Moonfire in it, read without an engine."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.carry.accounting import override
from nvrstack.migration.compose.env_file import variables_of
from nvrstack.migration.compose.interpolation import interpolate
from nvrstack.migration.compose.mounts import volume_in
from nvrstack.migration.compose.service import read_compose
from nvrstack.migration.docker.ports import port_of
from nvrstack.migration.install import Install, Mount, Port, Reading, User
from tests.unit.strategies import ODD_TEXT, quickly

PLACE = "/home/me/nvr"
UPSTREAM = """\
# The recorder, as the guide has it.
services:
  moonfire-nvr:
    image: ghcr.io/scottlamb/moonfire-nvr:v0.7.16
    command: run
    user: 998:997
    volumes:
      - "/var/lib/moonfire-nvr:/var/lib/moonfire-nvr"
      # one line for each disk
      - "/media/nvr:/media/nvr"
      - "/etc/moonfire-nvr.toml:/etc/moonfire-nvr.toml:ro"
      - "/usr/share/zoneinfo:/usr/share/zoneinfo:ro"
    environment:
      TZ: ":America/Los_Angeles"
      RUST_BACKTRACE: 1
    logging:
      driver: journald
      options:
        tag: moonfire-nvr
    restart: unless-stopped
    ports:
      - 8080:8080/tcp
    # security_opt: [seccomp:unconfined]
"""
EXPECTED = Install(
    source="compose",
    image="ghcr.io/scottlamb/moonfire-nvr:v0.7.16",
    version="0.7.16",
    container_name="nvr-moonfire-nvr-1",
    user=User(998, 997),
    timezone="America/Los_Angeles",
    environment={"RUST_BACKTRACE": "1"},
    mounts=(
        Mount("bind", "/var/lib/moonfire-nvr", "/var/lib/moonfire-nvr"),
        Mount("bind", "/media/nvr", "/media/nvr"),
        Mount("bind", "/etc/moonfire-nvr.toml", "/etc/moonfire-nvr.toml", read_only=True),
        Mount("bind", "/usr/share/zoneinfo", "/usr/share/zoneinfo", read_only=True),
    ),
    network="nvr_default",
    ports=(Port(None, 8080, 8080),),
    log_driver="journald",
    log_options={"tag": "moonfire-nvr"},
    restart="unless-stopped",
)


def read(text: str, **variables: str) -> Install:
    found = read_compose(text, PLACE, variables).install
    assert found is not None
    return found


def service(lines: str) -> str:
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    return f"services:\n  cams:\n    image: moonfire-nvr\n    user: 1:1\n{indented}"


def test_upstreams_file() -> None:
    assert read_compose(UPSTREAM, PLACE) == Reading(EXPECTED)


def test_upstreams_file_as_it_stood_at_first() -> None:
    text = "version: 3\n" + UPSTREAM.replace("998:997", "UID:GID")
    reading = read_compose(text, PLACE)
    assert reading.install is not None
    assert reading.install.user is None
    (warning,) = reading.warnings
    assert warning.code == "user-unknown"
    assert "no container starts with it" in warning.message


LONG_FORM = """\
volumes:
  - {type: bind, source: /a, target: /b, consistency: cached, bind:
      {propagation: rslave, selinux: Z, create_host_path: true, recursive: disabled}}
"""


@pytest.mark.parametrize(
    ("lines", "field", "value"),
    [
        ("user: '1000'", "user", User(1000, 0)),
        ("user: 22:22", "user", User(22, 22)),
        ("container_name: cams", "container_name", "cams"),
        ("network_mode: host", "network", "host"),
        ("networks: [lan, back]", "network", "nvr_lan"),
        ("networks: {lan: {ipv4_address: 10.0.0.2}}", "network", "nvr_lan"),
        ("restart: no", "restart", None),
        ("restart: on-failure:5", "restart", "on-failure:5"),
        ("command: [run, --config, /etc/x.toml]", "server_args", ("--config", "/etc/x.toml")),
        ("command: run --config '/etc/a b.toml'", "server_args", ("--config", "/etc/a b.toml")),
        ("environment: [TZ=Europe/Berlin, A=b=c]", "timezone", "Europe/Berlin"),
        ("environment: [TZ=Europe/Berlin, A=b=c, D]", "environment", {"A": "b=c"}),
        ("environment: {A: , B: '', C: 1}", "environment", {"B": "", "C": "1"}),
        ("environment: {A: yes, B: 0755}", "environment", {"A": "yes", "B": "0755"}),
        ("security_opt: [seccomp=unconfined]", "security_opt", ("seccomp=unconfined",)),
        ("tmpfs: /var/tmp", "mounts", (Mount("tmpfs", None, "/var/tmp"),)),
        ("tmpfs: ['/var/tmp:size=1m,ro']", "mounts", (Mount("tmpfs", None, "/var/tmp", True),)),
        ("mem_limit: 1g\nextra_hosts: ['a:1']", "other_options",
         {"memory": ("1g",), "add-host": ("a:1",)}),
        ("cap_add: [X, Y]\ninit: true\nlabels: {a: b}", "other_options",
         {"cap-add": ("X", "Y"), "init": ("true",), "label": ("a=b",)}),
        ("deploy: {resources: {limits: {cpus: 2, x: 1}}, mode: global}", "other_options",
         {"cpus": ("2",), "deploy": ('resources={"limits": {"x": "1"}}', "mode=global")}),
        ("networks: [lan, back]", "other_options", {"networks": ("back",)}),
        ("volumes: ['/a:/b:rshared', '/c:/d:ro,z', '/e:/f:rw']", "other_options",
         {"mount-mode": ("/b:rshared", "/d:z")}),
        (LONG_FORM,
         "other_options", {"mount-mode": ("/b:consistency=cached", "/b:rslave", "/b:Z",
                                          "/b:bind-recursive=disabled")}),
        ("volumes: [{type: tmpfs, target: /b, tmpfs: {size: 64m, mode: 01777}}]", "other_options",
         {"mount-mode": ("/b:tmpfs-size=67108864", "/b:tmpfs-mode=1777")}),
        ("volumes: [{type: tmpfs, target: /b, tmpfs: {size: 99, mode: 0o755}}]", "other_options",
         {"mount-mode": ("/b:tmpfs-size=99", "/b:tmpfs-mode=755")}),
        ("volumes: [{type: tmpfs, target: /b, tmpfs: {size: lots, mode: 511}}]", "other_options",
         {"mount-mode": ("/b:tmpfs-size=lots", "/b:tmpfs-mode=777")}),
        ("volumes: [{type: volume, target: /b, volume: {nocopy: true, subpath: c}}]",
         "other_options", {"mount-mode": ("/b:volume-nocopy", "/b:volume-subpath=c")}),
        ("tmpfs: /var/cache:size=64m,mode=1777", "other_options",
         {"mount-mode": ("/var/cache:size=64m", "/var/cache:mode=1777")}),
        ("volumes: !override ['/a:/b']", "mounts", (Mount("bind", "/a", "/b"),)),
        ("ports: !reset null", "ports", ()),
    ],
)  # fmt: skip
def test_each_key(lines: str, field: str, value: Any) -> None:
    # The later of two equal keys counts.
    assert getattr(read(service(lines)), field) == value


@pytest.mark.parametrize(
    ("entry", "mount"),
    [
        ("/a:/b", Mount("bind", "/a", "/b")),
        ("./a:/b:ro", Mount("bind", f"{PLACE}/a", "/b", read_only=True)),
        ("../a/:/b:ro,z", Mount("bind", "/home/me/a", "/b", read_only=True)),
        ("data:/b", Mount("volume", "data", "/b")),
        ("/b", Mount("volume", None, "/b")),
        ({"type": "bind", "source": "./a", "target": "/b", "read_only": "true"},
         Mount("bind", f"{PLACE}/a", "/b", read_only=True)),
        ({"type": "volume", "source": "data", "target": "/b"}, Mount("volume", "data", "/b")),
        ({"type": "volume", "target": "/b"}, Mount("volume", None, "/b")),
        ({"type": "tmpfs", "target": "/b"}, Mount("tmpfs", None, "/b")),
        ({"type": "npipe", "source": "a", "target": "/b"}, None),
        ({"type": "bind", "target": "/b"}, None),
        # The engine cleans paths, and a container shows them so.
        ("/a/:/b/", Mount("bind", "/a", "/b")),
        ({"type": "bind", "source": "a", "target": "/b/../c/"}, Mount("bind", f"{PLACE}/a", "/c")),
        ("d:/b", None),
        ("a/b:/c", None),
        ("~/a:/b", None),
        ("a:b", None),
        ("/a:/b:ro:z", None),
        ("", None),
    ],
)  # fmt: skip
def test_each_form_of_a_volume(entry: Any, mount: Mount | None) -> None:
    found = volume_in(entry, PLACE)
    assert (found[0] if found else None) == mount


@pytest.mark.parametrize(
    ("entry", "ports"),
    [
        ("8080:8080/tcp", [Port(None, 8080, 8080)]),
        ("80:8080", [Port(None, 80, 8080)]),
        ("127.0.0.1:80:8080", [Port("127.0.0.1", 80, 8080)]),
        ("[::1]:80:8080", [Port("::1", 80, 8080)]),
        ("::1:80:8080", [Port("::1", 80, 8080)]),
        ("8080", [Port(None, 0, 8080)]),
        ("127.0.0.1::8080", [Port("127.0.0.1", 0, 8080)]),
        ("1-2:3-4/udp", [Port(None, 1, 3, "udp"), Port(None, 2, 4, "udp")]),
        ("8000-8010:80", [Port(None, 8000, 80)]),
        ({"target": "8080", "published": "80", "host_ip": "10.0.0.1"},
         [Port("10.0.0.1", 80, 8080)]),
        ({"target": "8080", "protocol": "udp"}, [Port(None, 0, 8080, "udp")]),
        ({"target": "8080", "host_ip": "127.0.0.1"}, [Port("127.0.0.1", 0, 8080)]),
        ({"target": "8080", "host_ip": "::1", "published": "5"}, [Port("::1", 5, 8080)]),
        ("80:8080/TCP", [Port(None, 80, 8080)]),
        ("80:8080/", [Port(None, 80, 8080)]),
        ("1-2:3-5", None),
        ("2-1", None),
        ("99999:1", None),
        ("web:80", None),
        ({"published": "80"}, None),
    ],
)  # fmt: skip
def test_each_form_of_a_port(entry: Any, ports: list[Port] | None) -> None:
    found = port_of(entry)
    assert (None if found is None else list(found)) == ports


def test_what_is_not_understood_is_named() -> None:
    reading = read_compose(service("volumes: ['~/a:/b']\nports: ['web']"), PLACE)
    assert [warning.message for warning in reading.warnings] == [
        "volumes: ~/a:/b is not understood, and is not carried over",
        "ports: web is not understood, and is not carried over",
    ]


def test_a_service_is_found_among_others_and_they_are_named() -> None:
    reading = read_compose(UPSTREAM + "  mqtt:\n    image: mosquitto\n", PLACE)
    assert reading.install == EXPECTED
    (warning,) = reading.warnings
    assert (warning.code, "other services too: mqtt" in warning.message) == ("other-services", True)


def test_what_other_files_add_is_named() -> None:
    reading = read_compose("include: [more.yaml]\n" + UPSTREAM, PLACE)
    assert [warning.code for warning in reading.warnings] == ["compose-include"]
    assert read(service("extends: {file: base.yaml, service: nvr}")).other_options == {
        "extends": ("file=base.yaml", "service=nvr")
    }


@pytest.mark.parametrize(
    ("text", "project"),
    [
        ("name: house\n", "house"),
        ("", "nvr"),
    ],
)
def test_the_projects_name_is_in_the_containers(text: str, project: str) -> None:
    assert read(text + UPSTREAM).container_name == f"{project}-moonfire-nvr-1"
    assert read(text + UPSTREAM).network == f"{project}_default"


def test_merge_keys_and_anchors() -> None:
    text = UPSTREAM.replace("services:", "x-common: &common\n  restart: always\nservices:").replace(
        "    restart: unless-stopped", "    <<: *common"
    )
    assert read(text).restart == "always"


VARIABLES = {"A": "one", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "result", "unknown"),
    [
        ("$A/${A}", "one/one", set()),
        ("$$A $${A}", "$A ${A}", set()),
        ("${EMPTY:-two}${EMPTY-two}", "two", set()),
        ("${X:-two}${X-three}", "twothree", set()),
        ("${X:-${A}}${X:-$A}", "oneone", set()),
        ("${X:-${Y}}", "", {"Y"}),
        ("${X:-${Y:-four}}", "four", set()),
        ("${A:+yes}${X:+yes}${EMPTY:+yes}${EMPTY+set}", "yesset", set()),
        ("${A:?needed}${X?needed}", "one", {"X"}),
        ("$X", "", {"X"}),
        ("a$ b $1 ${} ${A", "a$ b $1 ${} ${A", set()),
    ],
)
def test_interpolation(text: str, result: str, unknown: set[str]) -> None:
    assert interpolate(text, VARIABLES) == (result, frozenset(unknown))


@pytest.mark.parametrize("piece", ["$aaaaaaa", "$a", "a", "$$", "${b}", "${A:-", "${A:-$a", "${"])
def test_a_default_without_its_end_is_answered_quickly(piece: str) -> None:
    begun = time.process_time()
    text = "${A:-" + piece * 10_000
    assert interpolate(text, {}) is not None
    assert time.process_time() - begun < 2
    # The word that has no end is no variable; what stands in it is.
    if piece == "$aaaaaaa":
        assert interpolate(text, {"aaaaaaa": "x"}) == ("${A:-" + "x" * 10_000, frozenset())


def test_variables_come_from_the_env_file() -> None:
    text = "# mine\nTAG=v0.7.16 # now\nexport A='b # c'\nD=\"e\"\nF=\nnonsense\n1G=2\n"
    assert variables_of(text) == {"TAG": "v0.7.16", "A": "b # c", "D": "e", "F": "", "1G": "2"}
    with_variable = UPSTREAM.replace("v0.7.16", "${TAG:?which?}")
    assert read(with_variable, **variables_of(text)) == EXPECTED


@pytest.mark.parametrize("written", ["[A, B, C=]", "{A: , B: null, C: ''}"])
def test_a_variable_without_a_value_is_composes_own_or_the_callers(written: str) -> None:
    reading = read_compose(service(f"environment: {written}"), PLACE, {"A": "a", "C": "c"})
    assert reading.install is not None
    assert reading.install.environment == {"A": "a", "C": ""}
    (warning,) = reading.warnings
    assert (warning.code, " B " in warning.message) == ("env-from-caller", True)


def test_an_unknown_variable_is_named_with_its_line() -> None:
    reading = read_compose(UPSTREAM.replace("/media/nvr:/m", "${DISK}:/m"), PLACE)
    assert reading.install is not None
    assert [(w.code, w.line) for w in reading.warnings] == [
        ("compose-variable", 10),
        ("compose-value", None),
    ]
    assert "${DISK} has no value here" in reading.warnings[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: [", "expected the node content"),
        ("services:\n\t- a", "cannot start any token"),
        ("[]", "no mapping"),
        ("", "no mapping"),
        ("a: &a [*a]", "too many values"),
        ("[" * 5000, "nested too deeply"),
        ("#" * 1_000_001, "longer than"),
        ("a: *b", "undefined alias"),
        ("a: 1\n---\nb: 2", "another document"),
        ("&a : \x00", "special characters are not allowed"),
    ],
)
def test_what_cannot_be_read_blocks(text: str, said: str) -> None:
    (blocker,) = read_compose(text, PLACE).blockers
    assert blocker.code == "compose-unreadable"
    assert said in blocker.message


@pytest.mark.parametrize("merge", [True, False])
def test_aliases_that_repeat_without_end_are_refused(merge: bool) -> None:
    lines = ["a0: &a0 {x: 1}"]
    for n in range(1, 60):
        inner = f"[*a{n - 1}, *a{n - 1}]"
        lines.append(f"a{n}: &a{n} " + (f"{{<<: {inner}}}" if merge else inner))
    (blocker,) = read_compose("\n".join(lines), PLACE).blockers
    assert "repeat too much" in blocker.message


def test_a_file_without_moonfire_has_no_install() -> None:
    assert read_compose("services: {web: {image: nginx}}", PLACE) == Reading(None)
    assert read_compose("services: nothing", PLACE) == Reading(None)


@quickly
@given(ODD_TEXT, st.lists(st.sampled_from(UPSTREAM.splitlines(keepends=True)), max_size=30))
def test_any_text_is_read(text: str, lines: list[str]) -> None:
    for whole in (text, "".join(lines), service(f"command: {text}\nports: [{text}]")):
        read_compose(whole, PLACE)
    interpolate(text, VARIABLES)
    volume_in(text, PLACE)
    port_of(text)


def test_files_of_variables_are_read_where_they_are() -> None:
    files = {f"{PLACE}/nvr.env": "A=1\nB='2'\nTZ=Asia/Tokyo\n", "/etc/more": "A=3\n"}
    entries = "[nvr.env, {path: /etc/more}, {path: gone, required: false}, other]"
    text = service(f"env_file: {entries}\nenvironment: {{B: mine}}")
    install = read_compose(text, PLACE, text_of=files.get).install
    assert install is not None
    assert (install.environment, install.timezone) == ({"A": "3", "B": "mine"}, "Asia/Tokyo")
    assert install.other_options == {"env-file": ("other",)}


def test_networks_that_were_there_before_compose_stay() -> None:
    outside = "networks:\n  iot: {external: true, name: vlan20}\n  lan: {external: true}\n"
    alone = read(service("networks: [iot]") + outside)
    assert (alone.network, "network" in alone.other_options) == ("vlan20", False)
    beside = read(service("networks: [default, iot, lan]") + outside)
    assert (beside.network, beside.other_options["network"]) == ("nvr_default", ("vlan20", "lan"))
    content = override(beside)
    assert content is not None
    assert content["networks"] == {
        name: {"external": True, "name": name} for name in ("vlan20", "lan")
    }
    # The project has a network of this name itself.
    clash = override(read(service("networks: [edge]") + "networks: {edge: {external: true}}\n"))
    assert clash is not None
    assert clash["networks"] == {"old-edge": {"external": True, "name": "edge"}}


def test_the_project_is_called_as_its_variable_says() -> None:
    found = read("name: house\n" + UPSTREAM, COMPOSE_PROJECT_NAME="cams")
    assert found.container_name == "cams-moonfire-nvr-1"


def test_a_service_for_another_command_is_not_the_server() -> None:
    tools = "  tools:\n    image: moonfire-nvr\n    command: config\n    profiles: [tools]\n"
    text = service("command: run").replace("services:\n", f"services:\n{tools}")
    assert read(text).container_name == "nvr-cams-1"
