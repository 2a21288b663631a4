"""Older settings files are brought up to date, one schema after the other."""

import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from tomlkit import TOMLDocument

from nvrstack.cli.app import run
from nvrstack.cli.console import Console
from nvrstack.settings import schema_upgrades
from nvrstack.settings.load import load
from nvrstack.settings.model import SCHEMA
from nvrstack.settings.schema_upgrades import STEPS, Step, migrated
from nvrstack.stacks import load_stacks

SETTINGS = [
    word
    for setting in (
        "site.domain=nvr.home.arpa",
        "moonfire.state_dir=data/moonfire",
        "moonfire.timezone=Etc/UTC",
    )
    for word in ("--set", setting)
]


def rename_host(document: TOMLDocument) -> None:
    document["site"]["domain"] = document["site"].pop("host")


def number_ports(document: TOMLDocument) -> None:
    document["site"]["https_port"] = int(str(document["site"]["port"]))
    document["site"].remove("port")


OLD = """\
# my settings
schema = 7

[site]
# where I look
host = "nvr.example.com"
port = "443"
"""
LADDER: Mapping[int, Step] = {7: rename_host, 8: number_ports}


def test_every_step_between_is_taken_and_comments_stay() -> None:
    new = migrated(OLD, LADDER, schema=9)
    assert new.splitlines()[:5] == ["# my settings", "schema = 9", "", "[site]", "# where I look"]
    assert 'domain = "nvr.example.com"' in new
    assert "https_port = 443" in new
    assert "host =" not in new


def test_a_later_start_takes_fewer_steps() -> None:
    halfway = OLD.replace("schema = 7", "schema = 8").replace("host", "domain")
    assert migrated(halfway, LADDER, schema=9) == migrated(OLD, LADDER, schema=9)


@pytest.mark.parametrize(
    "text", ["schema = 9\n", "schema = 10\n", "", "schema = [", 'schema = "7"']
)
def test_what_is_not_older_is_left_as_it_is(text: str) -> None:
    assert migrated(text, LADDER, schema=9) == text


def test_the_shipped_ladder_has_no_gap() -> None:
    assert set(STEPS) == set(range(min(STEPS, default=SCHEMA), SCHEMA))


def test_render_shows_and_applies_the_way_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "nvr"
    assert run(["init", str(project), "--yes", "--stack", "lan", *SETTINGS], Console()) == 0
    settings = project / "nvrstack.toml"
    current = settings.read_text()
    settings.write_text(current.replace("schema = 1", "schema = 0").replace("domain =", "host ="))
    monkeypatch.setattr(schema_upgrades.migrated, "__defaults__", ({0: rename_host}, SCHEMA))

    assert run(["--project", str(project), "get", "site.domain"], Console()) == 0
    output = io.StringIO()
    assert run(["--project", str(project), "render", "--check"], Console(stdout=output)) == 1
    assert "-schema = 0\n+schema = 1\n" in output.getvalue()
    assert "schema = 0" in settings.read_text()

    assert run(["--project", str(project), "render", "--yes"], Console()) == 0
    assert load(settings.read_text(), "", load_stacks()) == load(current, "", load_stacks())
    kept = list((project / ".nvrstack/backups").rglob("nvrstack.toml"))
    assert ["schema = 0" in path.read_text() for path in kept] == [True]
