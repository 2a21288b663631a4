"""Other ids in the settings: what has to change hands, and who may do it.

That it does change hands is seen in the contract tests, which have root.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from nvrstack.rendering.manifest import manifest_file, read_manifest
from nvrstack.rendering.rights import Handover, Ids, Owners, handovers, owners
from nvrstack.settings.model import Settings
from tests.unit.commands import nvrstack
from tests.unit.projects.made import made, render, traces
from tests.unit.samples import STACKS, settings_for

OLD = Owners((1000, 1000), (998, 997))
ELSEWHERE = {"moonfire": {"state_dir": "/srv/moonfire", "sample_dirs": ["/media/a", "/media/b"]}}


def needed(settings: Settings, before: Owners | None = OLD) -> tuple[Handover, ...]:
    return handovers(before, settings, STACKS[settings.stack])


def changed(section: str, ids: Ids, more: dict[str, Any] | None = None) -> Settings:
    change = {section: {"uid": ids[0], "gid": ids[1], **(more or {}).get(section, {})}}
    return settings_for("router-ddns", {**(more or {}), **change})


@pytest.mark.parametrize("ids", [(1234, 1234), (1234, 1000), (1000, 1234)])
def test_the_project_changes_hands_but_not_what_is_moonfires(ids: Ids) -> None:
    (found,) = needed(changed("project", ids))
    assert found == Handover(".", ids, ("data/moonfire",))


def test_moonfires_directory_in_the_project_changes_hands() -> None:
    (found,) = needed(changed("moonfire", (2000, 2000)))
    assert found == Handover("data/moonfire", (2000, 2000))


def test_what_lies_elsewhere_is_given_to_nobody() -> None:
    assert needed(changed("moonfire", (2000, 2000), ELSEWHERE)) == ()
    (found,) = needed(changed("project", (1234, 1234), ELSEWHERE))
    assert found.without == ("/srv/moonfire", "/media/a", "/media/b")


def test_what_was_cut_short_is_needed_still_whatever_the_settings_say_now() -> None:
    on_the_way = OLD.until(Owners((1234, 1234), OLD.moonfire))
    assert on_the_way == Owners(None, OLD.moonfire)
    for ids in ((1234, 1234), (1000, 1000), (5, 5)):
        (found,) = needed(changed("project", ids), on_the_way)
        assert found == Handover(".", ids, ("data/moonfire",))


def test_nothing_changes_hands_where_no_id_changed() -> None:
    settings = settings_for("router-ddns")
    assert needed(settings) == ()
    assert needed(settings, None) == ()


def test_the_manifest_remembers_the_owners() -> None:
    given = owners(settings_for("router-ddns"))
    assert given == OLD
    for remembered in (given, Owners(None, given.moonfire), Owners(given.project, None)):
        assert read_manifest(manifest_file({}, remembered).content.decode()).owners == remembered
    assert read_manifest(manifest_file({}).content.decode()).owners is None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of somebody who is not root."""
    folder = made(tmp_path / "p")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    return folder


@pytest.mark.parametrize("key", ["project.uid", "project.gid", "moonfire.uid", "moonfire.gid"])
@pytest.mark.parametrize("options", [("--yes",), (), ("--yes", "--json")], ids=repr)
def test_only_root_gives_files_away(project: Path, key: str, options: tuple[str, ...]) -> None:
    assert nvrstack("--project", project, "set", key, "4242").code == 0
    before = traces(project)
    done = render(project, *options)
    assert done.code == 3
    said = done.stdout + done.stderr
    assert "only root can give files to another owner; nothing was changed" in said
    assert f"run `sudo nvrstack --project {project} render`" in said
    assert traces(project) == before


def test_check_tells_of_it_whoever_asks(project: Path) -> None:
    assert nvrstack("--project", project, "set", "moonfire.uid", "4242").code == 0
    before = traces(project)
    shown = render(project, "--check")
    assert shown.code == 1
    assert "data/moonfire: given to 4242:" in shown.stdout
    assert shown.stdout.endswith("would change: compose.yaml, data/moonfire\n")
    listed = render(project, "--check", "--json").json()["changes"]
    assert {"path": "data/moonfire", "kind": "owner"} in listed
    assert traces(project) == before


def test_a_project_that_an_older_nvrstack_made_stays_with_whom_it_is(project: Path) -> None:
    path = project / ".nvrstack/manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["owners"]
    path.write_text(json.dumps(manifest))
    assert render(project, "--check").stdout == "Nothing to change.\n"
