"""Units beside Moonfire's own, as the whole survey of a host tells them."""

from pathlib import Path

import pytest

from nvrstack.migration.choice.detection import Choice, choose
from nvrstack.migration.gathering.survey import Host, survey, triggers

USER = "home/pi/.config/systemd/user"
QUADLET = "[Container]\nImage=ghcr.io/scottlamb/moonfire-nvr:v0.7.23\n[Install]\nWantedBy=x\n"
NATIVE = "[Service]\nExecStart=/usr/local/bin/moonfire-nvr run\n"
SYSTEM = "etc/systemd/system"


def put(root: Path, path: str, text: str, *wants: str) -> None:
    place = root / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    for group in wants:
        link = place.parent / group / place.name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(f"/{path}")


def chosen(root: Path) -> Choice:
    return choose(survey(Host(root, asks_engine=False)).candidates)


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        (f"{USER}/moonfire-nvr.service", NATIVE, "unit-of-user"),
        (f"{USER}/nvr.service", "[Service]\nExecStart=docker start moonfire-nvr\n", "unit-of-user"),
        ("etc/systemd/user/nvr.service", NATIVE, "unit-of-user"),
        (f"{USER}/nvr.service", "[Service]\nExecStart=podman start moonfire-nvr\n", "other-engine"),
        ("etc/containers/systemd/nvr.container", QUADLET, "other-engine"),
        ("home/pi/.config/containers/systemd/moonfire.container", QUADLET, "other-engine"),
    ],
)
def test_what_no_move_can_stop_is_named(tmp_path: Path, path: str, text: str, code: str) -> None:
    put(tmp_path, path, text, *(["default.target.wants"] if path.endswith("service") else []))
    found = chosen(tmp_path)
    assert found.install is None
    assert [blocker.code for blocker in found.blockers] == ["no-install", code]
    assert f"/{path}" in found.blockers[1].message
    # Beside the system's own it would go on recording.
    put(tmp_path, f"{SYSTEM}/moonfire-nvr.service", NATIVE, "multi-user.target.wants")
    beside = chosen(tmp_path)
    assert beside.install is not None
    assert [blocker.code for blocker in beside.blockers] == [code]


def test_other_units_of_users_are_nobodys_business(tmp_path: Path) -> None:
    put(tmp_path, f"{USER}/music.service", "[Service]\nExecStart=/usr/bin/mpd\n")
    put(tmp_path, "etc/containers/systemd/web.container", "[Container]\nImage=nginx\n")
    assert [blocker.code for blocker in chosen(tmp_path).blockers] == ["no-install"]


def test_a_socket_alone_makes_a_unit_active_and_is_stopped_with_it(tmp_path: Path) -> None:
    put(tmp_path, f"{SYSTEM}/moonfire-nvr.service", NATIVE)
    put(tmp_path, f"{SYSTEM}/other.service", NATIVE, "multi-user.target.wants")
    put(
        tmp_path,
        f"{SYSTEM}/page.socket",
        "[Socket]\nListenStream=8080\nService=moonfire-nvr.service\n",
        "sockets.target.wants",
    )
    assert [blocker.code for blocker in chosen(tmp_path).blockers] == ["several-active"]
    units = ("moonfire-nvr.service", "other.service")
    assert triggers(Host(tmp_path), units) == {"moonfire-nvr.service": ("page.socket",)}
