"""Strict-Transport-Security goes with a publicly trusted certificate, and with no other one."""

import re
from pathlib import Path

import pytest

from nvrstack.host.apply import apply
from tests.bed.process import wait_for
from tests.contract.certificates import issue, put
from tests.contract.container import container
from tests.contract.door import Door
from tests.contract.rendered import Project, hurry, project, write

OLD, NEW = "nvr.example.com", "cams.example.org"
PUBLIC = {"certificate": {"authority": "letsencrypt"}}
STAGING = {"certificate": {"authority": "letsencrypt-staging"}}
PACE = {"seconds_between_looks": "0.4", "looks_before_retry": "5"}
SCRIPT = "nginx/start.sh"


def opened(made: Project, folder: Path, netns: str) -> Door:
    """nginx for a project on disk, looking often."""
    hurry(made.directory / SCRIPT, "=", PACE)
    return Door(made, container(made, "nginx", netns, folder / "tmp"), folder / "log")


def sent(door: Door, name: str) -> str | None:
    """The header's value under a name; None where there is none, and the server answers."""
    answer = door.get(f"https://{name}/")
    assert answer.startswith("HTTP/"), f"{name} does not answer"
    found = re.search(r"^strict-transport-security: (.+)$", answer, re.IGNORECASE | re.MULTILINE)
    return found[1] if found else None


def test_it_follows_the_certificate_through_a_change_of_domain(tmp_path: Path, netns: str) -> None:
    made = write(project(tmp_path / "project", "router-ddns", PUBLIC))
    door = opened(made, tmp_path, netns)
    month = "max-age=2592000"
    with door.open() as running:
        assert sent(door, OLD) is None, "the placeholder is served"
        old = issue(OLD)
        put(made, old)
        assert door.serves(old.certificate), running.text()
        assert sent(door, OLD) == month

        moved = {"site": {"domain": NEW, "redirects": [OLD]}}
        made = project(made.directory, "router-ddns", PUBLIC, moved)
        # The script is the running one, with its short pauses.
        files = {path: file for path, file in made.files.items() if path != SCRIPT}
        apply(made.directory, files, made.owner)
        door = Door(made, door.container, door.log)
        assert door.serves(old.certificate), running.text()
        assert sent(door, NEW) is None, "the new name has no certificate of its own yet"
        assert sent(door, OLD) == month, "the old one keeps its own"
        new = issue(NEW)
        put(made, new)
        assert door.serves(new.certificate), running.text()
        # In the first moment after a reload, an old worker may still take a connection.
        assert wait_for(lambda: sent(door, NEW) == month, seconds=5)
        assert sent(door, OLD) == month


@pytest.mark.parametrize(
    ("change", "header"),
    [
        (STAGING, None),
        ({**PUBLIC, "access": {"hsts": "0s"}}, "max-age=0"),
        ({**PUBLIC, "site": {"public_https_port": 8443}}, "max-age=0"),
    ],
    ids=["nobody trusts it", "0s", "another port"],
)
def test_it_is_not_sent_where_browsers_must_not_insist(
    change: dict[str, dict[str, str]], header: str | None, tmp_path: Path, netns: str
) -> None:
    made = write(project(tmp_path / "project", "router-ddns", change))
    pair = issue(OLD)
    put(made, pair)
    door = opened(made, tmp_path, netns)
    with door.open() as running:
        assert door.serves(pair.certificate), running.text()
        assert sent(door, OLD) == header
