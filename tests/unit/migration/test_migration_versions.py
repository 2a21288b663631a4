"""What image names mean, and which version is proposed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.install import Install
from nvrstack.migration.moonfire.target import target_version
from nvrstack.migration.moonfire.versions import (
    image_version,
    labelled_version,
    number,
    schema_of,
    spelling_of,
)
from tests.unit.strategies import quickly

GHCR = "ghcr.io/scottlamb/moonfire-nvr"
DIGEST = "@sha256:" + "0123456789abcdef" * 4


def install(version: str | None) -> Install:
    return Install("container", "any", version, "moonfire-nvr")


@pytest.mark.parametrize(
    ("reference", "version", "remark"),
    [
        ("scottlamb/moonfire-nvr:v0.6.2", "0.6.2", ""),
        ("scottlamb/moonfire-nvr:v0.7.7", "0.7.7", ""),
        ("docker.io/scottlamb/moonfire-nvr:v0.7.1", "0.7.1", ""),
        ("index.docker.io/scottlamb/moonfire-nvr:v0.7.1", "0.7.1", ""),
        ("scottlamb/moonfire-nvr:v0.7.5", "0.7.4", "has 0.7.4 inside"),
        (f"scottlamb/moonfire-nvr:v0.7.5{DIGEST}", "0.7.4", "has 0.7.4 inside"),
        ("scottlamb/moonfire-nvr:latest", None, "has been 0.7.7 for years"),
        ("scottlamb/moonfire-nvr", None, "has been 0.7.7 for years"),
        (f"scottlamb/moonfire-nvr{DIGEST}", None, ""),
        ("scottlamb/moonfire-nvr:v0.7.30", "0.7.30", "Docker Hub never had"),
        (f"{GHCR}:v0.7.10", "0.7.10", ""),
        (f"{GHCR}:v0.7.30-aarch64", "0.7.30", ""),
        (f"{GHCR}:v0.7.18", "0.7.18", "never published"),
        (f"{GHCR}:v0.7.5", "0.7.5", "never published"),
        (f"{GHCR}:latest", None, ""),
        ("registry.home:5000/moonfire-nvr:v0.7.5", "0.7.5", ""),
        ("registry.home:5000/moonfire-nvr", None, ""),
        ("moonfire-nvr:dev", None, ""),
    ],
)
def test_what_an_image_reference_means(reference: str, version: str | None, remark: str) -> None:
    found = image_version(reference)
    assert found.version == version
    assert remark in found.remark
    assert bool(remark) == bool(found.remark)


def test_what_the_image_labels_say() -> None:
    assert labelled_version({"org.opencontainers.image.version": "v0.7.12"}) == "0.7.12"
    assert labelled_version({"maintainer": "somebody"}) is None


@pytest.mark.parametrize(
    ("version", "schema", "spelling"),
    [
        ((0, 5, 0), None, None),
        ((0, 6, 0), 6, None),
        ((0, 6, 7), 6, None),
        ((0, 7, 0), 7, None),
        ((0, 7, 1), 7, None),
        ((0, 7, 2), 7, "snake_case"),
        ((0, 7, 5), 7, "snake_case"),
        ((0, 7, 6), 7, "camelCase"),
        ((0, 7, 30), 7, "camelCase"),
    ],
)
def test_the_schema_and_the_spelling_of_each_version(
    version: tuple[int, int, int], schema: int | None, spelling: str | None
) -> None:
    assert schema_of(version) == schema
    assert spelling_of(version) == spelling


@pytest.mark.parametrize(
    ("current", "proposed", "reason"),
    [
        ("0.6.7", "v0.7.30", "0.6.7 has no image in"),
        ("0.7.4", "v0.7.30", "begins with 0.7.10"),
        ("0.7.9", "v0.7.30", "begins with 0.7.10"),
        ("0.7.12", "v0.7.30", "no /var/tmp"),
        ("0.7.22", "v0.7.30", "its release failed"),
        ("0.7.28", "v0.7.30", "issues/350"),
        ("0.7.30", "v0.7.30", "nothing speaks against it"),
        ("0.7.31", "v0.7.31", "nothing speaks against it"),
        (None, "v0.7.30", "could not be told"),
    ],
)
def test_the_proposed_version(current: str | None, proposed: str, reason: str) -> None:
    found = target_version(install(current), 7 if current != "0.6.7" else 6)
    assert found.version == proposed
    assert reason in " ".join(found.reasons)
    assert found.blockers == ()
    assert found.upgrades_schema == (current == "0.6.7")


def test_schema_6_is_upgraded_and_said_to_be_without_return() -> None:
    found = target_version(install("0.6.7"), 6)
    (warning,) = found.warnings
    assert (found.upgrades_schema, warning.code) == (True, "schema-upgrade")
    assert "older versions cannot open it any more" in warning.message
    assert "backup" in warning.hint
    assert target_version(install("0.6.7"), None) == found


@pytest.mark.parametrize(("schema", "hint"), [(5, "guide/schema.md"), (8, "newer nvrstack")])
def test_another_schema_blocks(schema: int, hint: str) -> None:
    (blocker,) = target_version(install(None), schema).blockers
    assert blocker.code == "schema-unknown"
    assert f"has schema {schema}" in blocker.message
    assert hint in blocker.hint


def test_a_database_that_the_version_cannot_open_is_named() -> None:
    (warning,) = target_version(install("0.6.7"), 7).warnings
    assert warning.code == "schema-mismatch"
    assert warning.message == "the database has schema 7, but Moonfire 0.6.7 opens 6 alone"


def test_the_owner_may_choose() -> None:
    found = target_version(install("0.7.30"), 7, "v0.7.28")
    assert found.version == "v0.7.28"
    assert found.reasons == ("0.7.28 was asked for",)
    codes = [warning.code for warning in found.warnings]
    assert codes == ["version-fault", "version-fault", "older-version"]


@pytest.mark.parametrize("wanted", ["v0.7.7", "v0.7.18", "latest", "v0.7.30-aarch64", ""])
def test_what_was_never_published_is_refused(wanted: str) -> None:
    found = target_version(install("0.7.7"), 7, wanted)
    (blocker,) = found.blockers
    assert (found.version, blocker.code) == ("v0.7.30", "version-unavailable")


@quickly
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    image_version(text)
    number(text)
    target_version(install(text), None, text)
