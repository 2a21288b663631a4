"""certbot's lineages on disk, as its keeper reads and retires them."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from nvrstack.pki.certificates import LEAF_LIFETIME
from tests.unit.keeper import accounts, lineages, mending
from tests.unit.letsencrypt import NAME, NOW, contents, lineage

SECONDS = NOW.timestamp()
BEGAN = (NOW - timedelta(hours=1)).timestamp()


def test_what_certbot_noted_is_read(tmp_path: Path) -> None:
    lineage(tmp_path)
    noted = lineages.how_issued(tmp_path, NAME)
    assert noted["server"] == "https://ca.example/dir?a=%20b&c=${d}"
    assert (noted["authenticator"], noted["key_type"]) == ("webroot", "ecdsa")


@pytest.mark.parametrize("content", [None, b"", b"version = 5.6.0\n", b"\xff\xfe", b"[[", b"\x00"])
def test_nothing_is_known_of_a_lineage_that_is_not_there_or_was_damaged(
    content: bytes | None, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "renewal").mkdir()
        (tmp_path / "renewal" / f"{NAME}.conf").write_bytes(content)
    assert lineages.how_issued(tmp_path, NAME) == {}


def test_the_present_certificate_tells_its_names_and_life(tmp_path: Path) -> None:
    lineage(tmp_path, names=(NAME, "*.example.com"))
    present = lineages.issued(tmp_path, NAME)
    assert present is not None
    assert present.names == (NAME, "*.example.com")
    assert present.not_before == BEGAN
    assert present.not_after == BEGAN + LEAF_LIFETIME.total_seconds()


@pytest.mark.parametrize("content", [None, b"", b"garbage"])
def test_there_is_no_certificate_where_none_can_be_read(
    content: bytes | None, tmp_path: Path
) -> None:
    if content is not None:
        lineage(tmp_path)
        (tmp_path / "archive" / NAME / "cert1.pem").write_bytes(content)
    assert lineages.issued(tmp_path, NAME) is None


def retired(letsencrypt: Path) -> list[str]:
    return sorted(path.name for path in (letsencrypt / "retired").iterdir())


def test_a_retired_lineage_is_gone_for_certbot_and_nothing_is_lost(tmp_path: Path) -> None:
    other = lineage(tmp_path, "other.example.com")
    before = lineage(tmp_path)
    place = lineages.retire(tmp_path, NAME, SECONDS)
    assert place == tmp_path / "retired" / f"{NAME}-2026-03-01T12-00-00Z"
    assert place.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in place.iterdir()) == ["archive", "live", "renewal"]
    assert (place / f"live/{NAME}/privkey.pem").read_bytes() == before["privkey1.pem"]
    assert (place / f"renewal/{NAME}.conf").read_bytes() == before[f"{NAME}.conf"]
    for folder in ("live", "archive"):
        assert [path.name for path in (tmp_path / folder).iterdir()] == ["other.example.com"]
    assert [path.name for path in (tmp_path / "renewal").iterdir()] == ["other.example.com.conf"]
    assert lineages.issued(tmp_path, NAME) is None
    assert lineages.how_issued(tmp_path, NAME) == {}
    assert lineages.issued(tmp_path, "other.example.com") is not None
    assert (tmp_path / "renewal/other.example.com.conf").read_bytes() == other[
        "other.example.com.conf"
    ]


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_what_was_cut_short_is_completed_next_time(
    renames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(lineage(tmp_path).values())
    rename = Path.rename
    done: list[Path] = []

    def cut(path: Path, target: Path) -> Path:
        if len(done) == renames:
            raise OSError(5, "power cut")
        done.append(path)
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", cut)
        with pytest.raises(OSError, match="power cut"):
            lineages.retire(tmp_path, NAME, SECONDS)
    # Until all of it is away, certbot still knows it.
    assert lineages.how_issued(tmp_path, NAME) != {}
    assert lineages.retire(tmp_path, NAME, SECONDS + 5) is not None
    assert lineages.retire(tmp_path, NAME, SECONDS + 10) is None
    assert sorted(contents(tmp_path).values()) == before
    left = [p.name for f in ("live", "archive", "renewal") for p in (tmp_path / f).iterdir()]
    assert left == []


def test_the_same_name_can_be_retired_again_and_again(tmp_path: Path) -> None:
    for days in range(3):
        lineage(tmp_path)
        assert lineages.retire(tmp_path, NAME, SECONDS + days * 86400) is not None
    assert len(retired(tmp_path)) == 3


def test_nothing_is_retired_where_nothing_is(tmp_path: Path) -> None:
    lineage(tmp_path, "other.example.com")
    assert lineages.retire(tmp_path, NAME, SECONDS) is None
    assert not (tmp_path / "retired").exists()


@pytest.mark.parametrize("part", ["cert", "chain", "fullchain", "privkey"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut"])
def test_a_lineage_is_whole_only_with_all_of_its_chain(
    part: str, damage: str, tmp_path: Path
) -> None:
    lineage(tmp_path)
    assert lineages.is_whole(tmp_path, NAME)
    file = tmp_path / "archive" / NAME / f"{part}1.pem"
    content = file.read_bytes()
    file.unlink() if damage == "gone" else file.write_bytes(content[: len(content) // 2])
    if damage == "empty":
        file.write_bytes(b"")
    assert not lineages.is_whole(tmp_path, NAME)


def two_accounts(letsencrypt: Path) -> dict[str, Path]:
    """Two accounts as certbot keeps them, by name."""
    server = letsencrypt / "accounts/ca.example/directory"
    for name in ("good", "broken"):
        (server / name).mkdir(parents=True)
        for part in ("meta", "private_key", "regr"):
            (server / name / f"{part}.json").write_text(json.dumps({"part": part}))
    return {name: server / name for name in ("good", "broken")}


def test_what_is_right_is_left_alone(tmp_path: Path) -> None:
    lineage(tmp_path)
    two_accounts(tmp_path)
    before = contents(tmp_path)
    assert mending.clear_away(tmp_path, NAME, SECONDS) == []
    assert contents(tmp_path) == before
    assert mending.clear_away(tmp_path / "nothing", NAME, SECONDS) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_an_account_that_certbot_cannot_read_is_put_aside(content: bytes, tmp_path: Path) -> None:
    lineage(tmp_path)
    folders = two_accounts(tmp_path)
    (folders["broken"] / "regr.json").write_bytes(content)
    (place,) = mending.clear_away(tmp_path, NAME, SECONDS)
    assert place.is_relative_to(tmp_path / "retired")
    assert (place / "regr.json").read_bytes() == content
    assert not folders["broken"].exists()
    assert folders["good"].exists()
    assert lineages.issued(tmp_path, NAME) is not None


@pytest.mark.parametrize("file", [f"renewal/{NAME}.conf", f"archive/{NAME}/cert1.pem"])
def test_a_lineage_that_certbot_cannot_read_is_put_aside(file: str, tmp_path: Path) -> None:
    before = lineage(tmp_path)
    lineage(tmp_path, "other.example.com")
    (tmp_path / file).write_bytes(b"")
    (place,) = mending.clear_away(tmp_path, NAME, SECONDS)
    assert (place / f"archive/{NAME}/privkey1.pem").read_bytes() == before["privkey1.pem"]
    assert not (tmp_path / "renewal" / f"{NAME}.conf").exists()
    assert lineages.issued(tmp_path, "other.example.com") is not None


def flatten(letsencrypt: Path) -> None:
    for link in (letsencrypt / "live" / NAME).iterdir():
        content = link.read_bytes()
        link.unlink()
        link.write_bytes(content)


def targets(letsencrypt: Path) -> set[str]:
    return {link.readlink().name for link in (letsencrypt / "live" / NAME).iterdir()}


def test_links_are_made_again_for_what_is_in_the_archive_or_was_not(tmp_path: Path) -> None:
    before = lineage(tmp_path)
    assert not mending.relink(tmp_path, NAME)
    flatten(tmp_path)
    assert mending.relink(tmp_path, NAME)
    assert targets(tmp_path) == {f"{part}1.pem" for part in lineages.PARTS}
    assert contents(tmp_path) == before

    flatten(tmp_path)
    (tmp_path / "live" / NAME / "privkey.pem").write_bytes(b"another")
    assert mending.relink(tmp_path, NAME)
    assert targets(tmp_path) == {f"{part}2.pem" for part in lineages.PARTS}
    assert (tmp_path / f"archive/{NAME}/privkey2.pem").read_bytes() == b"another"
    assert (tmp_path / f"archive/{NAME}/privkey2.pem").stat().st_mode & 0o777 == 0o600


def test_one_key_without_its_certificate_is_no_lineage(tmp_path: Path) -> None:
    lineage(tmp_path)
    for folder in ("live", "archive"):
        for part in ("cert", "chain", "fullchain"):
            for file in (tmp_path / folder / NAME).glob(f"{part}*"):
                file.unlink()
    assert not mending.relink(tmp_path, NAME)
    (place,) = mending.clear_away(tmp_path, NAME, SECONDS)
    assert (place / f"archive/{NAME}/privkey1.pem").exists()


@pytest.mark.parametrize("renames", range(8))
def test_links_that_were_half_made_are_completed_next_time(
    renames: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lineage(tmp_path)
    flatten(tmp_path)
    served = {path.name: path.read_bytes() for path in (tmp_path / "live" / NAME).iterdir()}
    for file in (tmp_path / "archive" / NAME).iterdir():
        file.write_bytes(b"of another time")
    replace = Path.replace
    done: list[Path] = []

    def cut(path: Path, target: Path) -> Path:
        if len(done) == renames:
            raise OSError(28, "no space left")
        done.append(path)
        return replace(path, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", cut)
        with pytest.raises(OSError, match="no space left"):
            mending.relink(tmp_path, NAME)
    assert mending.relink(tmp_path, NAME)
    assert mending.is_linked(tmp_path, NAME)
    live = tmp_path / "live" / NAME
    assert {path.name: path.read_bytes() for path in live.iterdir()} == served


def account(letsencrypt: Path, name: str, made: str) -> Path:
    folder = letsencrypt / "accounts/ca.example/directory" / name
    folder.mkdir(parents=True)
    (folder / "regr.json").write_text("{}")
    (folder / "meta.json").write_text(json.dumps({"creation_dt": made}))
    return folder


def test_the_account_is_the_certificates_own_else_the_newest(tmp_path: Path) -> None:
    server = "https://ca.example/directory?for=trials"
    assert accounts.account_of(tmp_path, server, {}) is None
    older = account(tmp_path, "f", "2024-01-01T00:00:00Z")
    newer = account(tmp_path, "a", "2025-01-01T00:00:00Z")
    assert accounts.account_of(tmp_path, server, {"account": "f"}) == older
    assert accounts.account_of(tmp_path, server, {"account": "gone"}) == newer
    (newer / "meta.json").write_text("{")
    assert accounts.account_of(tmp_path, server, {}) == older
    assert accounts.account_of(tmp_path, "https://ca.example/", {"account": "f"}) is None
