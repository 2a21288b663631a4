"""The list of a move's steps, for every combination of what a host may have."""

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.install import Install
from nvrstack.migration.plan.move import Certificate, HostNginx, Move
from nvrstack.migration.plan.steps import steps

ALONE = Move(
    project=PurePosixPath("/srv/nvr"),
    settings="schema = 1\n",
    moonfire_config="[[binds]]\n",
    install=Install("container", "ghcr.io/scottlamb/moonfire-nvr:v0.7.30", "0.7.30", "moonfire"),
    database=PurePosixPath("/var/lib/moonfire-nvr/db"),
)
PARTS: dict[str, tuple[Any, str | None]] = {
    "certificates": ((Certificate("nvr.example.com", "nvr.example.com", ""),), "certificates"),
    "nginx": (HostNginx(), "nginx"),
    "renewal_files": ((PurePosixPath("/etc/cron.d/certbot"),), "renewals"),
    "ddclient_units": (("ddclient.service",), "ddclient"),
    "script": (PurePosixPath("/usr/local/bin/nvr"), "command"),
    "unit": ("moonfire-nvr.service", None),
    "config": (PurePosixPath("/etc/moonfire-nvr.toml"), None),
}
"""What a host may have beside Moonfire, and the step that it calls for."""


@given(st.sets(st.sampled_from(sorted(PARTS))))
def test_what_is_there_has_its_step(names: set[str]) -> None:
    move = replace(ALONE, **{name: PARTS[name][0] for name in names})
    found = steps(move)
    ids = [step.id for step in found]
    assert len(ids) == len(set(ids))
    for name, (_, wanted) in PARTS.items():
        assert wanted is None or (wanted in ids) == (name in names)
    assert ("rename" in ids) == ("unit" not in names)
    assert all(step.title for step in found)


@given(st.sets(st.sampled_from(sorted(PARTS))))
def test_nothing_that_may_wait_or_go_before_lies_in_the_gap(names: set[str]) -> None:
    """The new Moonfire waits before the old one stops; only what proves it comes after."""
    ids = [step.id for step in steps(replace(ALONE, **{n: PARTS[n][0] for n in names}))]
    stop = ids.index("takeover")
    assert ids[stop - 1] == "standby"
    assert set(ids[stop + 1 :]) <= {"rename", "verify", "command"}


def test_what_changes_the_host_has_an_undo() -> None:
    found = steps(replace(ALONE, **{name: value for name, (value, _) in PARTS.items()}))
    assert [step.id for step in found if step.undo is None] == [
        "preflight", "backup", "rehearse", "verify",
    ]  # fmt: skip


def test_the_copies_that_are_promised_are_those_that_are_made() -> None:
    def promised(**parts: Any) -> str:
        return next(s.title for s in steps(replace(ALONE, **parts)) if s.id == "backup")

    kept = "in /srv/nvr/.nvrstack"
    assert promised() == f"Keep copies of the container's definition {kept}"
    assert promised(**{name: value for name, (value, _) in PARTS.items()}) == (
        "Keep copies of the nvr script, Moonfire's configuration, the unit files of "
        "moonfire-nvr.service, nginx.service, ddclient.service, /etc/nginx, /etc/cron.d/certbot "
        f"{kept}"
    )
    site = HostNginx(site_files=(PurePosixPath("/etc/nginx/sites-enabled/nvr"),))
    assert promised(nginx=site) == (
        "Keep copies of the container's definition, the unit files of nginx.service, "
        f"/etc/nginx/sites-enabled/nvr {kept}"
    )


def test_a_move_does_not_show_its_secrets() -> None:
    assert "hunter2" not in repr(replace(ALONE, secrets={"ddns_password": "hunter2"}))


def test_what_triggers_a_unit_is_named_wherever_the_unit_is_stopped() -> None:
    move = replace(
        ALONE,
        unit="moonfire-nvr.service",
        nginx=HostNginx(),
        ddclient_units=("ddclient.service", "ddclient.timer"),
        triggers={
            "moonfire-nvr.service": ("moonfire-nvr.socket",),
            "nginx.service": ("nginx.path",),
            "ddclient.service": ("ddclient.timer",),
        },
    )
    titles = {step.id: step.title for step in steps(move)}
    assert "Stop moonfire-nvr.socket and moonfire-nvr.service (" in titles["takeover"]
    assert titles["nginx"].endswith("nginx.path, nginx.service")
    assert titles["ddclient"].endswith("ddclient.timer, ddclient.service")
    for unit in ("moonfire-nvr.socket", "nginx.path", "ddclient.timer"):
        assert titles["backup"].count(unit) == 1
