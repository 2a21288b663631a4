"""The local authority over the years: leaves come and go, the root stays."""

from datetime import UTC, datetime, timedelta

import pytest

from nvrstack.pki.certificates import LEAF_LIFETIME, life_left, may_sign_for, names_of
from nvrstack.pki.keep import LEAF, PLACEHOLDER, ROOT, missing_certificates
from nvrstack.settings.load import SKELETON, merge, validate
from nvrstack.settings.model import Settings
from nvrstack.stacks import load_stacks

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def lan(*aliases: str) -> Settings:
    site = {"domain": "nvr.home.arpa", "aliases": list(aliases)}
    data = merge(SKELETON, {"stack": "lan", "site": site})
    return validate(data, "", load_stacks())


@pytest.fixture
def made() -> dict[str, bytes]:
    return {path: file.content for path, file in missing_certificates(lan(), {}, NOW).items()}


def test_nothing_is_made_anew_while_it_serves(made: dict[str, bytes]) -> None:
    assert missing_certificates(lan(), made, NOW + LEAF_LIFETIME / 2) == {}


def test_the_leaf_is_renewed_in_its_last_third_and_the_root_stays(made: dict[str, bytes]) -> None:
    later = NOW + LEAF_LIFETIME * 0.7
    assert set(missing_certificates(lan(), made, later)) == set(LEAF)
    renewed = made | {p: f.content for p, f in missing_certificates(lan(), made, later).items()}
    assert life_left(renewed[LEAF[0]], later) > 0.99
    assert missing_certificates(lan(), renewed, later) == {}


def test_a_name_below_the_old_ones_keeps_the_root(made: dict[str, bytes]) -> None:
    assert may_sign_for(made[ROOT[0]], ["nvr.home.arpa", "garden.nvr.home.arpa"])
    files = missing_certificates(lan("garden.nvr.home.arpa"), made, NOW)
    assert set(files) == {*LEAF, *PLACEHOLDER}
    assert "garden.nvr.home.arpa" in names_of(files[LEAF[0]].content)


@pytest.mark.parametrize("name", ["other.home.arpa", "evilnvr.home.arpa"])
def test_another_name_needs_another_root(made: dict[str, bytes], name: str) -> None:
    assert not may_sign_for(made[ROOT[0]], [name])
    assert set(ROOT) <= set(missing_certificates(lan(name), made, NOW))


def test_an_ended_root_is_replaced(made: dict[str, bytes]) -> None:
    assert set(ROOT) <= set(missing_certificates(lan(), made, NOW + timedelta(days=3651)))


def test_a_damaged_root_is_replaced(made: dict[str, bytes]) -> None:
    files = missing_certificates(lan(), made | {ROOT[0]: b"rubbish"}, NOW)
    assert set(ROOT) | set(LEAF) <= set(files)
