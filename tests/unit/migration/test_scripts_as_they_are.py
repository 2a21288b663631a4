"""Scripts that take their values from elsewhere, below the root of a made-up host."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit import host_trees
from tests.unit.host_trees import put
from tests.unit.migration.test_migration_plan import codes, planned

RUN = (
    "docker run -d --name nvr --user 1010:1011 --network host --restart unless-stopped"
    " -v /var/lib/moonfire-nvr:/var/lib/moonfire-nvr"
    " -v /etc/moonfire-nvr.toml:/etc/moonfire-nvr.toml"
    ' -e "TZ=${ZONE}" -v "$MEDIA:/media/nvr" "ghcr.io/scottlamb/moonfire-nvr:$TAG" run\n'
)
VALUES = 'ZONE=Europe/Rome\n# where recordings are\nexport MEDIA=/media/nvr\nTAG="v0.7.25"\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    found.mkdir()
    put(found, "/etc/moonfire-nvr.toml", host_trees.CONFIG)
    return host_trees.host(found)


def scripted(root: Path, head: str, run: str = RUN, code: int = 0) -> dict[str, Any]:
    put(root, "/usr/local/bin/nvr", f"#!/bin/bash\n{head}{run}")
    return planned(root, code=code)


@pytest.mark.parametrize(
    "head",
    [
        "source /etc/default/nvr\n",
        "set -a\n. /etc/default/nvr\nset +a\n",
        "[ -f /etc/default/nvr ] && . /etc/default/nvr\n",
        "if [[ -r /etc/default/nvr ]]; then\n  source /etc/default/nvr\nfi\n",
        'at="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\n. "$at/../../../etc/default/nvr"\n',
        'here=$(cd "$(dirname "$0")" >/dev/null 2>&1 && pwd)\nsource $here/nvr.env\n',
    ],
)
def test_assignments_in_another_file(root: Path, head: str) -> None:
    put(root, "/etc/default/nvr", VALUES)
    put(root, "/usr/local/bin/nvr.env", f"set -a\n{VALUES}set +a\n")
    found = scripted(root, head)
    assert found["install"]["timezone"] == "Europe/Rome"
    assert found["install"]["version"] == "0.7.25"
    assert {"type": "bind", "source": "/media/nvr", "target": "/media/nvr", "read_only": False} in (
        found["install"]["mounts"]
    )
    assert found["blockers"] == []


@pytest.mark.parametrize(
    "text", [None, VALUES + "MEDIA=$(findmnt -n /media)\n. /etc/more\n", "if true; then A=1; fi\n"]
)
def test_a_file_with_more_is_named_once(root: Path, text: str | None) -> None:
    if text is not None:
        put(root, "/etc/default/nvr", text)
    found = scripted(root, "source /etc/default/nvr\n", code=1)
    assert [b["code"] for b in found["blockers"] if b["code"] != "no-install"] == ["script-sources"]
    (blocker,) = (b for b in found["blockers"] if b["code"] == "script-sources")
    assert "source /etc/default/nvr, line 2" in blocker["message"]
    assert "word-unknown" not in codes(found["warnings"])


def test_options_of_the_scripts_own_that_nobody_gives(root: Path) -> None:
    head = (
        "ZONE=Europe/Rome MEDIA=/media/nvr TAG=v0.7.25\n"
        'while getopts "m:z:h" opt; do\n  case $opt in\n  m) MEDIA=$OPTARG ;;\n'
        "  z) ZONE=$OPTARG ;;\n  h) exit 0 ;;\n  esac\ndone\nshift $((OPTIND - 1))\n"
        'case "${1:-run}" in run) ;; *) docker "$1" nvr; exit ;; esac\n'
    )
    found = scripted(root, head)
    assert found["blockers"] == []
    assert found["install"]["timezone"] == "Europe/Rome"


@pytest.mark.parametrize("head", ["MEDIA=$(findmnt -n /media)\n", "read MEDIA\n"])
def test_nothing_is_said_of_mounts_that_could_not_be_read(root: Path, head: str) -> None:
    run = RUN.replace("${ZONE}", "Europe/Rome").replace("$TAG", "v0.7.25")
    assert codes(scripted(root, head, run, code=1)["blockers"]) == ["script-value"]
