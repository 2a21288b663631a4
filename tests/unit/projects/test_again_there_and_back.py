"""Any settings, then any others, then the first again: the same bytes as at first."""

import os
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nvrstack.rendering.changes import Kind, changes
from nvrstack.rendering.manifest import Applied
from nvrstack.rendering.render import Material
from nvrstack.rendering.render import render as render_tree
from nvrstack.rendering.settings_file import settings_text
from nvrstack.settings.model import Settings
from nvrstack.tree import SECRET, File, Tree
from tests.examples import examples
from tests.unit.commands import Listing, nvrstack
from tests.unit.projects.made import files, made, render
from tests.unit.samples import STACKS, own_pair, secrets_of
from tests.unit.strategies import any_settings, fewer

handful = examples(6)
SECRET_TEXT = "tr0ub4dor&3"


def rendered(settings: Settings) -> Tree:
    secrets = secrets_of(settings, SECRET_TEXT)
    root = b"a root\n" if settings.certificate.authority_root else None
    return render_tree(settings, STACKS[settings.stack], Material(secrets, root))


def carried_out(applied: Tree, present: Tree, wanted: Tree) -> Tree:
    """The project's files once every change is made, in memory."""
    result = dict(present)
    base = {p: Applied(f.sha256, None if f.mode == SECRET else "") for p, f in applied.items()}
    for change in changes(base, present, wanted):
        if change.kind is Kind.REMOVE:
            del result[change.path]
        elif change.after is not None and change.kind in {Kind.ADD, Kind.UPDATE, Kind.MODE}:
            result[change.path] = change.after
    return dict(sorted(result.items()))


@fewer
@given(any_settings(), any_settings())
def test_the_changes_between_any_two_settings_lead_there_and_back(
    first: Settings, second: Settings
) -> None:
    old, new = rendered(first), rendered(second)
    there = carried_out(old, old, new)
    assert there == new
    assert carried_out(new, there, old) == old == rendered(first)


@fewer
@given(any_settings(), any_settings(), st.data())
def test_no_change_between_any_two_settings_touches_an_edited_file(
    first: Settings, second: Settings, data: st.DataObject
) -> None:
    old, new = rendered(first), rendered(second)
    path = data.draw(st.sampled_from(sorted(old)))
    present = {**old, path: File(old[path].content + b"# mine\n", old[path].mode)}
    there = carried_out(old, present, new)
    assert there[path] == present[path]
    assert {p: f for p, f in there.items() if p != path} == {
        p: f for p, f in new.items() if p != path
    }


def within_the_project(settings: Settings) -> Settings:
    """The same settings, of which no directory lies elsewhere on this host."""
    # Only root can give files away.
    ids = {} if os.getuid() == 0 else {"uid": os.getuid(), "gid": os.getgid()}
    places = {"sample_dirs": (), "state_dir": Path("data/moonfire"), "timezone": "UTC"}
    moonfire = settings.moonfire.model_copy(update={**places, **ids})
    certificate = settings.certificate.model_copy(update={"authority_root": None})
    project = settings.project.model_copy(update=ids)
    return settings.model_copy(
        update={"moonfire": moonfire, "certificate": certificate, "project": project}
    )


own_pair_of = cache(own_pair)


def bring(folder: Path, settings: Settings) -> None:
    """Put what the owner has to bring into the project."""
    for name, text in secrets_of(settings, SECRET_TEXT).items():
        (folder / "secrets" / name).write_text(f"{text}\n")
    if settings.certificate.is_own:
        pair = own_pair_of(settings)
        (folder / "own.pem").write_bytes(pair.certificate)
        (folder / "own.key").write_bytes(pair.key)


def settled(folder: Path, settings: Settings) -> Listing:
    """The project's own files, certificates apart, once it is rendered with these settings."""
    (folder / "nvrstack.toml").write_text(settings_text(settings))
    bring(folder, settings)
    done = render(folder, "--yes")
    assert done.code == 0, done.stderr
    assert render(folder, "--check").code == 0
    return {path: file for path, file in files(folder).items() if not path.startswith("tls/")}


@handful
@given(any_settings(), any_settings())
def test_a_project_that_is_rendered_there_and_back_has_the_same_bytes(
    first: Settings, second: Settings
) -> None:
    first, second = within_the_project(first), within_the_project(second)
    with tempfile.TemporaryDirectory() as place:
        folder = made(Path(place) / "p")
        # The tool takes none of it away again.
        bring(folder, second)
        before = settled(folder, first)
        manifest = (folder / ".nvrstack/manifest.json").read_bytes()
        assert expected(first).items() <= before.items()
        assert expected(second).items() <= settled(folder, second).items()
        assert settled(folder, first) == before
        assert (folder / ".nvrstack/manifest.json").read_bytes() == manifest
        # Each step can be told from the backups, and nothing else was left behind.
        assert nvrstack("--project", folder, "restore", "--json").code == 0
        assert not (folder / ".nvrstack/staging").exists()


def expected(settings: Settings) -> Mapping[str, tuple[int, bytes]]:
    return {path: (file.mode, file.content) for path, file in rendered(settings).items()}
