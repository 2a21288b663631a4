"""What a person writes at the head of a rendered file stays there, whatever the settings change."""

from pathlib import Path

import pytest

from nvrstack.rendering.render import Material, render
from nvrstack.tree import Tree
from tests.unit.projects.made import NEW, domain, made
from tests.unit.samples import STACKS, secrets_of, settings_for

MINE = b"# mine: do not ask me why\n"
COMMENTED = (".yaml", ".conf", ".toml", ".ini", ".md", "Dockerfile")
UNMERGED = {"nvrstack.toml", "ddclient.conf"}
"""The person's own, and one with a secret, of which no text is kept to merge with."""
CHANGES = (
    {
        "site": {"domain": NEW, "https_port": 8443, "public_https_port": 8443},
        "access": {"hsts": "0s", "login_rate": 11},
        "ddns": {"provider": "desec", "login": NEW},
        "certificate": {"challenge": "dns-01", "dns_provider": "hetzner", "eab_key_id": "other"},
    },
    {
        "site": {"redirects": ["old.example.com"], "short_names": []},
        "certificate": {"challenge": "dns-01", "dns_provider": "desec", "eab_key_id": "one"},
        "sites": [{"domain": "nas.example.com", "upstream": "http://nas"}],
    },
)


def test_a_comment_at_the_head_of_every_file_outlives_a_change_of_domain(tmp_path: Path) -> None:
    project = made(tmp_path / "p", stack="public")
    marked = [
        path
        for path in project.rglob("*")
        if path.name.endswith(COMMENTED) and path.name not in UNMERGED
    ]
    assert len(marked) > 6
    for path in marked:
        path.write_bytes(MINE + path.read_bytes())
    done = domain(project, NEW, "--keep-old-as-redirect", "--yes")
    assert done.code == 0, done.stderr
    for path in marked:
        assert path.read_bytes().startswith(MINE), path
    assert NEW in (project / "nginx/sites/moonfire.conf").read_text()


def heads(files: Tree, usual: Tree | None = None) -> dict[str, list[str]]:
    """The comment that each file begins with, and the empty line that sets it apart.

    Without those that are the same in `usual`.
    """
    found = {}
    for path, file in files.items():
        lines = file.content.decode().splitlines()
        first = [number for number, line in enumerate(lines) if not line.startswith("#")]
        same = usual is not None and usual.get(path) == file
        if path.endswith(COMMENTED) and first and not same:
            found[path] = lines[: first[0] + 1]
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_the_head_of_a_file_says_nothing_that_settings_change(change: dict[str, object]) -> None:
    usual = settings_for("public")
    files = render(usual, STACKS["public"], Material(secrets_of(usual)))
    settings = settings_for("public", change)
    other = heads(render(settings, STACKS["public"], Material(secrets_of(settings))), files)
    assert len(other) > 4
    for path, head in other.items():
        assert len(head) > 1, f"{path} has no head"
        assert head[-1] == "", f"{path}: its head is not set apart"
        assert heads(files).get(path, head) == head
