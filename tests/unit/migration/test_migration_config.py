"""Moonfire's configuration after the move, held against the strict reader of its stand-in."""

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.install import Install, Mount, Port
from nvrstack.migration.moonfire.config import ConfigProposal, config_paths, propose
from nvrstack.migration.moonfire.config_source import ConfigFile
from nvrstack.migration.moonfire.places import host_port, own_port
from nvrstack.rendering.render import render
from tests.standins.moonfire.configuration import Config, parse_config
from tests.unit.samples import STACKS, settings_for
from tests.unit.strategies import ODD_TEXT, quickly

ADDRESS = "172.31.255.3:8080"
TOML = "/etc/moonfire-nvr.toml"
STATE = Mount("bind", "/var/lib/moonfire-nvr", "/var/lib/moonfire-nvr")
AFTER = {
    "binds": [
        {"ipv4": ADDRESS, "trustForwardHeaders": True},
        {"unix": "/var/lib/moonfire-nvr/sock", "ownUidIsPrivileged": True},
    ]
}
"""What every simple install's configuration becomes."""
DATABASE = "/var/lib/moonfire-nvr/db"

GUIDE_SNAKE = """\
# as the guide of 2022 has it
[[binds]]
ipv4 = "0.0.0.0:8080"   # everywhere
allow_unauthenticated_permissions = { view_video = true }

# for the command line
[[binds]]
unix = "/var/lib/moonfire-nvr/sock"
own_uid_is_privileged = true
"""


def install(*arguments: str, version: str | None = None, **other: Any) -> Install:
    given = {"source": "nvr-script", "image": "scottlamb/moonfire-nvr:v0.7.1", "mounts": (STATE,)}
    return Install(
        **{**given, **other},
        version=version,
        container_name="moonfire-nvr",
        server_args=arguments,
    )


def proposed(
    text: str | None,
    *arguments: str,
    version: str | None = None,
    port: int | None = None,
    path: str = TOML,
    **other: Any,
) -> ConfigProposal:
    file = ConfigFile(path, text) if text is not None else None
    return propose(install(*arguments, version=version, **other), file, ADDRESS, port=port)


def codes(found: ConfigProposal) -> list[str]:
    return [finding.code for finding in (*found.warnings, *found.blockers)]


@pytest.fixture(autouse=True)
def _newest(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in reads as the version that will run."""
    monkeypatch.setenv("STANDIN_VERSION", "v0.7.30")


def effect(text: str) -> Config:
    return parse_config(text)


def test_it_becomes_what_a_new_project_has() -> None:
    """In effect the same file as the one that is rendered."""
    tree = render(settings_for("router-ddns"), STACKS["router-ddns"])
    rendered = effect(tree["moonfire/moonfire-nvr.toml"].content.decode())
    address = rendered.binds[0].address
    for text in (None, GUIDE_SNAKE):
        file = ConfigFile(TOML, text) if text else None
        assert effect(propose(install(), file, address).after) == rendered


def test_the_guides_file_is_changed_where_it_must_be_and_nowhere_else() -> None:
    found = proposed(GUIDE_SNAKE, version="0.7.4")
    assert (
        found.after
        == f"""\
# as the guide of 2022 has it
[[binds]]
ipv4 = "{ADDRESS}"   # everywhere
trustForwardHeaders = true

# for the command line
[[binds]]
unix = "/var/lib/moonfire-nvr/sock"
ownUidIsPrivileged = true
"""
    )
    assert effect(found.after)
    assert (found.format, found.spelling, found.path) == ("toml", "snake_case", TOML)
    assert found.before == GUIDE_SNAKE
    assert codes(found) == ["anonymous-viewing"]
    assert "viewVideo" in found.warnings[0].message
    assert found.as_json() == {
        "path": TOML,
        "format": "toml",
        "spelling": "snake_case",
        "before": GUIDE_SNAKE,
        "after": found.after,
    }


@pytest.mark.parametrize(
    ("arguments", "after", "said"),
    [
        ((), AFTER, []),
        (("run",), AFTER, []),
        (("--allow-unauthenticated-permissions=view_video: true",), AFTER, ["anonymous-viewing"]),
        (("--allow-unauthenticated-permissions", "view_video: true"), AFTER, ["anonymous-viewing"]),
        (("--allow-unauthenticated-permissions=",), AFTER, ["anonymous-viewing"]),
        (("--trust-forward-hdrs", "--http-addr=127.0.0.1:8080"), AFTER, []),
        (("--require-auth=false", "--ui-dir=/usr/local/lib/ui"), AFTER, ["anonymous-viewing"]),
        (("--require-auth=true",), AFTER, []),
        (("--require=auth=false",), AFTER, ["flag-unknown"]),
        (("--http-addr=[::]:8080", "--worker-threads=3"), {"workerThreads": 3, **AFTER}, []),
        (("--worker-threads", "0"), AFTER, ["config-value"]),
        (("--worker-threads=many",), AFTER, ["config-value"]),
        (("--rtsp-transport=udp",), AFTER, ["udp-for-all"]),
        (("--rtsp-transport=tcp", "--rtsp-library=retina", "--object-detection"), AFTER, []),
        (("--rtsp-library=ffmpeg",), AFTER, ["rtsp-library"]),
        (("--rtsp-library", "ffmpeg"), AFTER, ["rtsp-library"]),
        (("--read-only",), AFTER, ["read-only"]),
        (("--db-dir", "/var/lib/moonfire-nvr/db"), {"dbDir": "/var/lib/moonfire-nvr/db"}, []),
        (("--no-such-flag", "word"), AFTER, ["flag-unknown", "flag-unknown"]),
        (("--db-dir",), AFTER, ["flag-unknown"]),
    ],
)
def test_flags_become_a_file(
    arguments: tuple[str, ...], after: dict[str, Any], said: list[str]
) -> None:
    found = proposed(None, *arguments, version="0.7.1")
    assert tomllib.loads(found.after) == {**AFTER, **after}
    assert effect(found.after)
    assert codes(found) == said
    assert (found.format, found.spelling, found.before) == ("absent", None, None)


@pytest.mark.parametrize(("library", "said"), [("ffmpeg", ["rtsp-library"]), ("retina", [])])
def test_the_library_for_rtsp_in_a_file(library: str, said: list[str]) -> None:
    found = proposed(f'rtsp_library = "{library}"\n{GUIDE_SNAKE}', version="0.7.2")
    assert "rtsp" not in found.after
    assert [code for code in codes(found) if code == "rtsp-library"] == said


def test_an_empty_table_of_permissions_is_not_off() -> None:
    text = '[[binds]]\nipv4 = "0.0.0.0:8080"\nallowUnauthenticatedPermissions = {}\n'
    found = proposed(text)
    assert tomllib.loads(found.after) == AFTER
    assert codes(found) == ["anonymous-viewing"]
    assert "anybody could list cameras and recordings without" in found.warnings[0].message


@pytest.mark.parametrize(
    ("listens", "ports", "sockets"),
    [
        (("0.0.0.0:8080",), (8080,), ()),
        (("9000",), (9000,), ()),
        (("[::1]:9001",), (9001,), ()),
        (("/var/lib/moonfire-nvr/sock",), (), ("/var/lib/moonfire-nvr/sock",)),
        (("@abstract",), (), ()),
        (("8080", "/run/nvr"), (), ()),
        ((), (), ()),
    ],
)
def test_sockets_of_systemd_are_where_it_listens(
    listens: tuple[str, ...], ports: tuple[int, ...], sockets: tuple[str, ...]
) -> None:
    text = '[[binds]]\nsystemd = "page"\nownUidIsPrivileged = true\n'
    found = proposed(text, source="systemd", sockets={"page": listens})
    binds = tomllib.loads(found.after)["binds"]
    assert sorted(binds, key=str) == AFTER["binds"]
    assert effect(found.after)
    assert (found.ports, found.sockets) == (ports, sockets)
    assert ("bind-dropped" in codes(found)) == (not ports and not sockets)


def test_json_becomes_toml() -> None:
    data = {
        "binds": [
            {
                "ipv4": "0.0.0.0:8080",
                "allowUnauthenticatedPermissions": {"viewVideo": True, "updateSignals": False},
                "trustForwardHdrs": True,
            }
        ],
        "workerThreads": 2,
        "uiDir": None,
    }
    found = proposed(json.dumps(data), path="/etc/moonfire-nvr.json")
    assert tomllib.loads(found.after) == {"workerThreads": 2, **AFTER}
    assert (found.format, found.spelling) == ("json", "camelCase")
    assert codes(found) == ["config-json", "anonymous-viewing"]


def test_toml_under_the_name_that_the_guide_gave_it_is_toml() -> None:
    assert proposed(GUIDE_SNAKE, path="/etc/moonfire-nvr.json").format == "toml"


def test_everything_beside_the_changes_stays() -> None:
    text = """\
# My recorder, ask Änne.\r
db_dir = "/var/lib/moonfire-nvr/db" # default\r
worker_threads = 0x4\r
ui_dir = '/usr/local/lib/moonfire-nvr/ui'\r
\r
    # Caddy comes here\r
[[binds]]  # first\r
    ipv6 = "[::]:8080"\r
    # none yet\r
\r
# home automation\r
[[binds]]\r
    ipv4 = "0.0.0.0:8081"\r
    allow_unauthenticated_permissions.view_video = true\r
# scripts\r
[[binds]]\r
unix = '/var/lib/moonfire-nvr/scripts'\r
[binds.allow_unauthenticated_permissions]\r
view_video = true\r
"""
    found = proposed(text, version="0.7.5")
    assert (
        found.after
        == f"""\
# My recorder, ask Änne.\r
dbDir = "/var/lib/moonfire-nvr/db" # default\r
workerThreads = 0x4\r
\r
    # Caddy comes here\r
[[binds]]  # first\r
    ipv4 = "{ADDRESS}"
trustForwardHeaders = true
    # none yet\r
\r
# scripts\r
[[binds]]\r
unix = '/var/lib/moonfire-nvr/scripts'\r
allowUnauthenticatedPermissions = {{viewVideo = true}}

# A socket in the state directory, for user accounts: whoever runs as Moonfire's own uid may
# change them. Nobody else can connect to it.
[[binds]]
unix = "/var/lib/moonfire-nvr/sock"
ownUidIsPrivileged = true
""".replace(f'"{ADDRESS}"\n', f'"{ADDRESS}"\r\n')
    )
    assert codes(found) == ["bind-dropped", "anonymous-socket"]
    assert "ipv4 0.0.0.0:8081 is not carried over: nginx is the only way in, and everybody" in (
        found.warnings[0].message
    )
    assert "uiDir" in found.notes[0]
    assert len(effect(found.after).binds) == 3


@pytest.mark.parametrize(
    ("port", "chosen"), [(None, 1), (8080, 1), (9000, 2), (8081, 0), (1234, 1)]
)
def test_which_bind_becomes_nginxs(port: int | None, chosen: int) -> None:
    text = "".join(f'# {p}\n[[binds]]\nipv4 = "0.0.0.0:{p}"\n' for p in (8081, 8080, 9000))
    found = proposed(text, port=port)
    assert tomllib.loads(found.after) == AFTER
    dropped = [f.message.split()[3] for f in found.warnings]
    assert dropped == [f"0.0.0.0:{p}" for i, p in enumerate((8081, 8080, 9000)) if i != chosen]


def test_the_socket_for_accounts_lets_nobody_else_in() -> None:
    socket = 'unix = "/var/lib/moonfire-nvr//sock"\nallowUnauthenticatedPermissions = {}\n'
    found = proposed(f"[[binds]]\n{socket}trustForwardHeaders = true\n")
    kept, added = effect(found.after).binds
    assert (kept.kind, kept.allow_unauthenticated, kept.own_uid_is_privileged) == (
        "unix",
        None,
        True,
    )
    assert (added.address, added.trust_forward_headers) == (ADDRESS, True)
    assert found.warnings == ()
    assert "goes from the socket" in found.notes[0]


@pytest.mark.parametrize(
    ("bind", "reason"),
    [
        ('systemd = "moonfire.socket"', "passed no socket"),
        ('unix = "/run/moonfire/sock"', "only /var/lib/moonfire-nvr is there"),
        ('ipv6 = "[::1]:9000"', "nginx is the only way in"),
        ("trustForwardHeaders = true", "would not start with it"),
    ],
)
def test_a_bind_that_cannot_be_is_explained(bind: str, reason: str) -> None:
    found = proposed(f'[[binds]]\nipv4 = "0.0.0.0:8080"\n[[binds]]\n{bind}\n')
    assert tomllib.loads(found.after) == AFTER
    assert codes(found) == ["bind-dropped"]
    assert reason in found.warnings[0].message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[binds]]\nipv4 = "0.0.0.0:8080"\ndbDir = "/var/lib/moonfire-nvr/db"', "config-order"),
        ('binds = [{ipv4 = "0.0.0.0:8080"}]\nbindz = 1', "config-key"),
        ('binds = [{ipv4 = "0.0.0.0:8080", trustForwardHeaders = "yes"}]', "config-value"),
        ('binds = [1, {ipv4 = "0.0.0.0:8080"}]', "config-key"),
        ("binds = 8080", "config-value"),
        ("workerThreads = 0\nbinds = []", "config-value"),
        ("workerThreads = true\nbinds = []", "config-value"),
        ('[binds]\nipv4 = "0.0.0.0:8080"', "config-value"),
        ('[[binds]]\nipv4 = "a:1"\nallow_unauthenticated_permissions = {everything = true}', None),
    ],
)
def test_what_stops_moonfire_is_named_and_left_out(text: str, said: str | None) -> None:
    found = proposed(text)
    assert codes(found)[:1] == [said or "config-key"]
    assert effect(found.after).binds[-1].own_uid_is_privileged


@pytest.mark.parametrize("text", ["binds = [", "{", '{"binds": ' + "[" * 100_000, "\x00", "[[["])
def test_a_file_that_cannot_be_read_blocks(text: str) -> None:
    found = proposed(text)
    (blocker,) = found.blockers
    assert blocker.code == "config-unreadable"
    assert blocker.message.startswith(f"{TOML} is no ")
    assert effect(found.after)


@pytest.mark.parametrize(
    ("text", "version", "said"),
    [
        (GUIDE_SNAKE, "0.7.7", "written in snake_case, but Moonfire 0.7.7 reads camelCase alone"),
        ("binds = []\nworkerThreads = 1\n", "0.7.5", "camelCase, but Moonfire 0.7.5 reads snake"),
        ("binds = []\n", "0.7.1", "Moonfire 0.7.1 does not read /etc/moonfire-nvr.toml"),
        (None, "0.7.4", "Moonfire 0.7.4 needs /etc/moonfire-nvr.toml, which is not there"),
    ],
)
def test_a_file_that_the_version_does_not_read_is_named(
    text: str | None, version: str, said: str
) -> None:
    found = proposed(text, version=version)
    assert said in found.warnings[0].message
    assert effect(found.after)


@pytest.mark.parametrize("version", [None, "0.7.2", "0.7.30"])
def test_a_file_that_is_named_and_not_there_blocks(version: str | None) -> None:
    folder = Mount("bind", "/srv/etc", "/config")
    found = proposed(None, "--config=/config/a.toml", version=version, mounts=(STATE, folder))
    (blocker,) = found.blockers
    assert (codes(found), found.path) == (["config-absent"], "/srv/etc/a.toml")
    assert "the configuration file /srv/etc/a.toml, which was not found" in blocker.message
    (blocker,) = proposed(None, "-c", "/a.toml", version=version).blockers
    assert "docker cp moonfire-nvr:/a.toml FILE" in blocker.hint
    (blocker,) = proposed(None, "-c", "/mnt/a.toml", version=version, source="systemd").blockers
    assert "/mnt/a.toml, which was not found" in blocker.message
    assert "--moonfire-config FILE" in blocker.hint


@pytest.mark.parametrize(
    ("arguments", "version"),
    [
        (("--config=/a.toml",), "0.7.1"),
        (("--config=/a.toml", "--db-dir=/var/lib/moonfire-nvr/db"), None),
        ((), None),
        ((), "0.7.30"),
    ],
)
def test_a_file_that_is_not_read_or_not_named_may_be_absent(
    arguments: tuple[str, ...], version: str | None
) -> None:
    assert proposed(None, *arguments, version=version).blockers == ()


@pytest.mark.parametrize(
    ("directory", "text", "database"),
    [
        ("/srv/nvr", 'dbDir = "db"', "/srv/nvr/db"),
        ("/var/lib/moonfire-nvr", 'dbDir = "db"', "/var/lib/moonfire-nvr/db"),
        ("/srv/nvr", 'dbDir = "/data/db"', "/data/db"),
        (None, 'dbDir = "data/db"', "/data/db"),
        ("/srv/nvr", "", "/var/lib/moonfire-nvr/db"),
    ],
)
def test_a_database_counts_from_a_units_working_directory(
    directory: str | None, text: str, database: str
) -> None:
    options = {"Service.WorkingDirectory": (directory,)} if directory else {}
    found = proposed(f"{text}\nbinds = []\n", source="systemd", mounts=(), other_options=options)
    assert (str(found.database), found.blockers) == (database, ())
    assert tomllib.loads(found.after).get("dbDir", DATABASE) == DATABASE


def test_old_flags_beside_a_file_are_named() -> None:
    found = proposed(GUIDE_SNAKE, "--trust-forward-hdrs", "--config", TOML, version="0.7.5")
    assert codes(found) == ["flags-ignored", "anonymous-viewing"]
    assert "Moonfire 0.7.5 does not start with --trust-forward-hdrs" in found.warnings[0].message


@pytest.mark.parametrize(
    ("directory", "mount", "database", "said"),
    [
        ("/var/lib/moonfire-nvr/db", STATE, "/var/lib/moonfire-nvr/db", []),
        ("/data/db", Mount("bind", "/srv/nvr", "/data"), "/data/db", []),
        ("/data/base", Mount("bind", "/srv", "/data"), "/data/base", ["database-elsewhere"]),
        ("/data/db", Mount("volume", "nvr", "/data"), "/data/db", ["database-elsewhere"]),
        ("/data/db", STATE, "/data/db", ["database-elsewhere"]),
    ],
)
def test_where_the_database_is(
    directory: str, mount: Mount, database: str, said: list[str]
) -> None:
    found = proposed(f'dbDir = "{directory}"\nbinds = []\n', mounts=(mount,))
    assert str(found.database) == database
    assert codes(found) == said
    if directory.startswith("/data"):
        assert tomllib.loads(found.after) == AFTER
    if said == [] and directory == "/data/db":
        assert found.notes == (
            "dbDir = '/data/db' is not needed: /srv/nvr becomes the state directory",
        )


def test_which_ports_lead_to_it() -> None:
    text = "".join(f'[[binds]]\n{bind}\n' for bind in (
        'ipv4 = "0.0.0.0:8080"', 'ipv6 = "[::]:8080"', 'ipv4 = "10.0.0.1:81"', 'unix = "/x:1"',
    ))  # fmt: skip
    assert proposed(text).ports == (8080, 81)
    assert proposed(None).ports == (8080,)
    assert proposed(None, "--http-addr=[::1]:90").ports == (90,)
    bridged = install(network="nvr_default", ports=(Port(None, 80, 8080), Port(None, 0, 81)))
    for each, outside in ((install(network="host"), 8080), (bridged, 80)):
        assert host_port(each, 8080) == outside
        assert own_port(each, outside) == 8080
    assert host_port(bridged, 81) is None
    assert own_port(bridged, 8080) is None


def test_where_the_file_is_looked_for() -> None:
    mine = Mount("bind", "/home/me/nvr.toml", TOML)
    folder = Mount("bind", "/srv/etc", "/config", read_only=True)

    def paths(*arguments: str, **other: Any) -> list[str]:
        return [str(path) for path in config_paths(install(*arguments, **other))]

    assert paths(mounts=(STATE, mine)) == ["/home/me/nvr.toml"]
    assert paths("--config", "/config/a.toml", mounts=(folder,)) == ["/srv/etc/a.toml"]
    assert paths("-c/config/a.toml", mounts=(folder,)) == ["/srv/etc/a.toml"]
    assert paths() == [TOML, "/etc/moonfire-nvr.json"]
    assert paths("-c=/x/y.toml", source="systemd") == ["/x/y.toml"]
    assert paths("--trust-forward-hdrs") == []
    assert paths("--trust-forward-hdrs", mounts=(mine,)) == ["/home/me/nvr.toml"]


def test_snake_case_for_a_version_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDIN_VERSION", "v0.7.5")
    file = ConfigFile(TOML, "binds = []\nworkerThreads = 2\n")
    for old in (file, None):
        found = propose(install("--worker-threads=2"), old, ADDRESS, "snake_case")
        assert "worker_threads = 2" in found.after
        assert effect(found.after).binds[1].own_uid_is_privileged


KEYS = st.sampled_from(
    [
        "binds",
        "dbDir",
        "db_dir",
        "uiDir",
        "workerThreads",
        "ipv4",
        "ipv6",
        "unix",
        "systemd",
        "trustForwardHeaders",
        "trust_forward_hdrs",
        "allowUnauthenticatedPermissions",
        "allow_unauthenticated_permissions",
        "viewVideo",
        "view_video",
        "ownUidIsPrivileged",
        "other",
    ]
)
VALUES = st.recursive(
    st.one_of(
        st.booleans(),
        st.none(),
        st.integers(-2, 9),
        st.floats(),
        ODD_TEXT,
        st.sampled_from(["0.0.0.0:8080", "[::]:80", "/var/lib/moonfire-nvr/x", "/var/lib/db"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
DATA = st.fixed_dictionaries(
    {"binds": st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=4)},
    optional={"dbDir": VALUES, "worker_threads": VALUES, "uiDir": VALUES, "x": VALUES},
)


@quickly
@given(DATA)
def test_whatever_the_file_says_the_result_starts(data: dict[str, Any]) -> None:
    found = proposed(json.dumps(data), path="/etc/moonfire-nvr.json")
    binds = effect(found.after).binds
    (for_nginx,) = (bind for bind in binds if bind.kind != "unix")
    assert (for_nginx.address, for_nginx.trust_forward_headers) == (ADDRESS, True)
    assert for_nginx.allow_unauthenticated is None
    again = proposed(found.after)
    assert effect(again.after) == effect(found.after)
    assert again.blockers == ()


@quickly
@given(st.lists(st.sampled_from(GUIDE_SNAKE.splitlines(keepends=True)), max_size=12), ODD_TEXT)
def test_any_text_is_read(lines: list[str], text: str) -> None:
    assert effect(proposed("".join(lines)).after)
    assert effect(proposed(text, *text.split(" ")).after)
