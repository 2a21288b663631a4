"""`nvrstack upgrade`: proposes what is higher, tells what matters, changes nothing."""

from pathlib import Path

import pytest

from nvrstack.services import images
from nvrstack.services.releases import is_newer, notes_for
from tests.unit.commands import Outcome, nvrstack
from tests.unit.projects.made import made, traces

KEYS = ["moonfire.version", "images.nginx", "images.certbot", "images.ddclient"]
KNOWN = [images.MOONFIRE_VERSION, images.NGINX, images.CERTBOT, images.DDCLIENT]


def upgrade(folder: Path, *options: str) -> Outcome:
    return nvrstack("--project", folder, "upgrade", *options)


def test_with_the_known_versions_there_is_nothing_to_propose(tmp_path: Path) -> None:
    folder = made(tmp_path / "p")
    before = traces(folder)
    done = upgrade(folder, "--yes")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == "This nvrstack knows no newer versions.\n"
    assert traces(folder) == before


def test_an_older_version_is_proposed_with_the_command_that_changes_it(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", "moonfire.version=v0.7.25", "images.certbot=me/certbot:v5.0.0")
    before = traces(folder)
    done = upgrade(folder, "--yes")
    assert done.code == 0
    lines = done.stdout.splitlines()
    assert f"moonfire.version: v0.7.25; this nvrstack knows {images.MOONFIRE_VERSION}" in lines
    assert f"images.certbot: me/certbot:v5.0.0; this nvrstack knows {images.CERTBOT}" in lines
    assert not [line for line in lines if "nginx" in line or "ddclient" in line]
    assert lines[-4:] == [
        f"  nvrstack set moonfire.version {images.MOONFIRE_VERSION}",
        f"  nvrstack set images.certbot {images.CERTBOT}",
        "  nvrstack render",
        "  docker compose pull && docker compose up -d",
    ]
    assert traces(folder) == before
    # And those commands do it.
    for line in lines[-4:-1]:
        words = line.split()[1:]
        assert nvrstack("--project", folder, *words, "--yes").code == 0
    assert images.MOONFIRE in (folder / "compose.yaml").read_text()
    assert upgrade(folder).stdout == "This nvrstack knows no newer versions.\n"


@pytest.mark.parametrize(
    "setting",
    [
        "moonfire.version=v0.7.31",
        "moonfire.version=v0.10.0",
        "moonfire.version=v1.0.0",
        "images.nginx=nginx:1.31.0",
        "images.nginx=nginx:stable",
        "images.certbot=certbot/certbot:v10.0.0",
        "images.ddclient=me/ddclient:4.0.1",
        f"images.nginx={images.NGINX}@sha256:{'0' * 64}",
    ],
)
def test_nothing_lower_or_unknown_is_proposed(tmp_path: Path, setting: str) -> None:
    done = upgrade(made(tmp_path / "p", setting))
    assert (done.code, done.stdout) == (0, "This nvrstack knows no newer versions.\n")


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("v0.7.10", ["time zone", "/var/tmp"]),
        ("v0.7.17", ["time zone", "/var/tmp"]),
        ("v0.7.19", ["/var/tmp"]),
        ("v0.7.25", ["/var/tmp"]),
        ("v0.7.26", ["processor", "database", "drifted"]),
        ("v0.7.28", ["database", "drifted"]),
        ("v0.7.29", ["drifted"]),
    ],
)
def test_what_is_wrong_with_the_present_version_is_told_with_its_source(
    tmp_path: Path, version: str, words: list[str]
) -> None:
    folder = made(tmp_path / "p", f"moonfire.version={version}")
    told = [x for x in upgrade(folder).stdout.splitlines() if x.startswith(f"Moonfire {version}:")]
    assert len(told) == len(words)
    for line, word in zip(told, words, strict=True):
        assert word in line
        assert line.endswith(")")
        assert "(https://github.com/scottlamb/moonfire-nvr/" in line
    notes = upgrade(folder, "--json").json()["notes"]
    assert [set(note) for note in notes] == [{"text", "source"}] * len(words)


def test_of_the_known_version_nothing_bad_is_known() -> None:
    assert notes_for(images.MOONFIRE_VERSION) == ()
    assert notes_for(f"v0.7.29@sha256:{'0' * 64}") == notes_for("v0.7.29") != ()


def test_json_names_every_part_with_both_versions(tmp_path: Path) -> None:
    folder = made(tmp_path / "p", "moonfire.version=v0.7.29")
    done = upgrade(folder, "--json")
    assert (done.code, done.stderr) == (0, "")
    data = done.json()
    assert set(data) == {"schema", "versions", "notes"}
    assert data["schema"] == 1
    assert [entry["key"] for entry in data["versions"]] == KEYS
    assert [entry["known"] for entry in data["versions"]] == KNOWN
    assert [entry["present"] for entry in data["versions"]] == ["v0.7.29", *KNOWN[1:]]


@pytest.mark.parametrize(
    ("reference", "than", "newer"),
    [
        ("v0.7.30", "v0.7.29", True),
        ("v0.7.9", "v0.7.29", False),
        ("v0.7.30", "v0.7.30", False),
        ("v1.0.0", "v0.99.99", True),
        ("nginx:1.30.6-alpine", "nginx:1.30.10-alpine", False),
        ("nginx:1.30.6-alpine", "nginx:1.30-alpine", False),
        ("nginx:1.30.6", "localhost:5000/nginx:1.29.9", True),
        ("nginx:1.30.6", "10.0.0.1:5000/nginx:1.29.9", True),
        ("nginx:1.30.6", "10.0.0.1:5000/nginx:1.31.0", False),
        ("nginx:1.30.6", "registry-2.10.0.example/nginx:1.29.9", True),
    ],
)
def test_versions_are_compared_by_their_numbers(reference: str, than: str, *, newer: bool) -> None:
    assert is_newer(reference, than) is newer
