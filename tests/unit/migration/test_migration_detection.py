"""Which of several installations is moved."""

from dataclasses import replace

import pytest

from nvrstack.migration.choice.detection import Candidate, choose
from nvrstack.migration.findings import Finding
from nvrstack.migration.install import Install, Mount, Reading, Source

SCRIPT = Install(
    "nvr-script",
    "scottlamb/moonfire-nvr:v0.7.5",
    "0.7.4",
    "moonfire-nvr",
    restart="unless-stopped",
    mounts=(Mount("bind", "/var/lib/moonfire-nvr", "/var/lib/moonfire-nvr"),),
)
CONTAINER = replace(SCRIPT, source="container")
UNIT = Install("systemd", "", None, "moonfire-nvr", network="host")
PLACE = "/usr/local/bin/nvr"
SAID = Finding("said", "something", "do something")


def candidate(
    install: Install | None, place: str = PLACE, *, active: bool | None = None, said: bool = False
) -> Candidate:
    findings = (SAID,) if said else ()
    return Candidate(place, Reading(install, findings, findings), active)


def test_the_only_one_is_chosen_whatever_it_does() -> None:
    for active in (None, False, True):
        found = choose([candidate(SCRIPT, active=active)])
        assert (found.install, found.place, found.blockers) == (SCRIPT, PLACE, ())


def test_what_its_reader_said_comes_along() -> None:
    found = choose([candidate(SCRIPT, said=True)])
    assert found.warnings == found.blockers == (SAID,)


def test_a_script_and_its_container_are_one_and_what_ran_counts() -> None:
    ran = replace(CONTAINER, restart="no", version="0.7.5")
    found = choose(
        [
            candidate(SCRIPT, active=False, said=True),
            candidate(ran, "the container moonfire-nvr", active=True),
        ]
    )
    assert found.install == replace(ran, source="nvr-script")
    assert found.place == "/usr/local/bin/nvr and the container moonfire-nvr"
    said = [f.message for f in found.warnings if f.code == "differs"]
    assert said == [
        "version: the script has 0.7.4, the container has 0.7.5",
        "the restart policy: the script has unless-stopped, the container has no",
    ]
    # What the script leaves unsaid, the container has told.
    assert found.blockers == ()


def test_a_container_of_another_name_is_another_installation() -> None:
    other = replace(CONTAINER, container_name="nvr-test")
    found = choose(
        [
            candidate(SCRIPT, active=False),
            candidate(other, "the container nvr-test", active=True),
        ]
    )
    assert found.install == other
    assert [(f.code, f.message) for f in found.warnings] == [
        (
            "other-install",
            "/usr/local/bin/nvr describes a Moonfire too, which does not run; it is left as it is",
        )
    ]


def test_two_that_record_are_never_chosen_between() -> None:
    both = [
        candidate(CONTAINER, "the container moonfire-nvr", active=True),
        candidate(UNIT, "moonfire-nvr.service", active=True),
    ]
    wishes: tuple[Source | None, ...] = (None, "systemd")
    for wanted in wishes:
        found = choose(both, wanted)
        assert found.install is None
        assert [f.code for f in found.blockers] == ["several-active"]
        assert "moonfire-nvr.service and the container moonfire-nvr" in found.blockers[0].message


def test_where_it_cannot_be_told_the_owner_names_one() -> None:
    both = [candidate(SCRIPT), candidate(UNIT, "moonfire-nvr.service", active=True)]
    found = choose(both)
    assert found.install is None
    assert [f.code for f in found.blockers] == ["several-installs"]
    assert "--from, one of nvr-script, systemd" in found.blockers[0].hint
    assert choose(both, "systemd").install == UNIT
    # The other one would go on recording.
    assert [f.code for f in choose(both, "nvr-script").blockers] == ["other-active"]


def test_one_that_is_disabled_gives_way() -> None:
    found = choose([candidate(SCRIPT), candidate(UNIT, "moonfire-nvr.service", active=False)])
    assert found.install == SCRIPT
    assert [f.code for f in found.warnings] == ["other-install"]


@pytest.mark.parametrize("wanted", [None, "compose"])
def test_nothing_found_says_what_to_do(wanted: Source | None) -> None:
    found = choose([candidate(None, said=True)], wanted)
    assert found.install is None
    assert [f.code for f in found.blockers] == ["no-install", "said"]
    assert "--nvr-script" in found.blockers[0].hint
    kind = choose([candidate(SCRIPT)], "compose")
    assert "no compose of Moonfire's was found, but /usr/local/bin/nvr" in kind.blockers[0].message


STOPS_IT = replace(SAID, severity="blocker")


@pytest.mark.parametrize("active", [True, False])
def test_a_unit_that_starts_the_container_is_in_the_way_if_it_does(*, active: bool) -> None:
    unit = Candidate("nvr.service", Reading(None, blockers=(STOPS_IT,)), active)
    found = choose([candidate(CONTAINER, active=True), unit])
    assert found.install == CONTAINER
    assert (STOPS_IT in found.blockers) == active
    assert (SAID in found.warnings) == (not active)
