"""What each kind of value accepts and refuses."""

from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from nvrstack.settings import values
from tests.unit.strategies import PATH, quickly

DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("check", "given", "expected"),
    [
        (values.port, 1, 1),
        (values.port, 65535, 65535),
        (values.numeric_id, 1, 1),
        (values.numeric_id, 2**32 - 2, 2**32 - 2),
        (values.rate, 6000, 6000),
        (values.address, "192.168.1.20", "192.168.1.20"),
        (values.address, "127.0.0.1", "127.0.0.1"),
        (values.subnet, "10.0.0.0/16", "10.0.0.0/16"),
        (values.subnet, "192.168.255.248/29", "192.168.255.248/29"),
        (values.host_path, "data/x", "data/x"),
        (values.host_path, "/srv//x/./y/", "/srv/x/y"),
        (values.host_path, "//etc", "/etc"),
        (values.host_path, "/a/..b/c", "/a/..b/c"),
        (values.absolute_path, "/media/my disk/größe", "/media/my disk/größe"),
        (values.repository, "nginx", "nginx"),
        (values.repository, "ghcr.io/scottlamb/moonfire-nvr", "ghcr.io/scottlamb/moonfire-nvr"),
        (values.repository, "Registry.Example:5000/a/b_c/d__e/f--g.h", None),
        (values.reference, "nginx:1.30.6-alpine", None),
        (values.reference, f"localhost:5000/x:1{DIGEST}", None),
        (values.reference, f"nginx:latest{DIGEST}", None),
        (values.reference, "x:" + "t" * 128, None),
        (values.memory, "64m", None),
        (values.memory, "1g", None),
        (values.duration, "90s", timedelta(seconds=90)),
        (values.duration, "999999d", timedelta(days=999_999)),
        (values.duration, 0, timedelta(0)),
    ],
)
def test_accepted(check: Any, given: object, expected: object) -> None:
    found = check(given)
    wanted = given if expected is None else expected
    assert (found if isinstance(wanted, int | timedelta) else str(found)) == wanted


REFUSED: list[tuple[Any, tuple[object, ...]]] = [
    (values.port, (0, -1, 65536, 80.0, True, "80", None, [80])),
    (values.numeric_id, (0, -1, 2**32 - 1, False, True, "root", 1.0)),
    (values.rate, (0, 6001, "10")),
    (values.address, ("0.0.0.0", "255.255.255.255", "224.0.0.1", "::1", "1.2.3", "01.2.3.4")),
    (values.address, ("1.2.3.4/32", " 1.2.3.4", "1.2.3.4:80", "fe80::1%eth0", "", 5, None)),
    (values.subnet, ("8.8.8.0/24", "127.0.0.0/24", "169.254.0.0/24", "10.0.0.1/29", "10.0.0.0/8")),
    (values.subnet, ("10.0.0.0/30", "10.0.0.0", "fd00::/64", "10.0.0.0/x", "", 10)),
    (values.host_path, ("", "  ", "..", "../x", "/srv/../etc", "a\0b", "a\nb", "a\udcffb", 3)),
    (values.absolute_path, ("media", "/", "~/nvr", "a/b")),
    (values.repository, ("", "nginx:1", "Nginx", "a//b", "a/", "/a", "a..b", "a___b", "-a", "a b")),
    (values.reference, ("nginx", "nginx:", "nginx:latest", ":1", "nginx:1:2", "nginx:.1", "n:é")),
    (values.reference, ("x:" + "t" * 129, "x:1@sha256:00", "x:1@md5:" + "0" * 32, "http://x:1")),
    (values.memory, ("63m", "1", "1k", "1G", "0g", "1.5g", "-1g", "512 m", 512, "")),
    (values.duration, ("", "5", "5 m", "-5m", "5w", "1h30m", 5, True, False, None, "9999999d")),
]


@pytest.mark.parametrize(
    ("check", "given"),
    [(check, given) for check, refused in REFUSED for given in refused],
    ids=lambda value: getattr(value, "__name__", repr(value)),
)
def test_refused_in_a_sentence_that_shows_the_value(check: Any, given: object) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        check(given)
    sentence = caught.value.message()
    assert str(given) in sentence or "character" in sentence
    assert "{" not in sentence


@pytest.mark.parametrize(
    "name", ["nginx@sha256:" + "0" * 64, "a" * 256 + ":1"], ids=["no tag", "too long"]
)
def test_an_image_reference_keeps_to_the_grammar(name: str) -> None:
    with pytest.raises(PydanticCustomError, match="no image reference"):
        values.reference(name)


@quickly
@given(st.integers(0, 999_999), st.sampled_from("smhd"))
def test_durations_read_back_as_they_were_written(number: int, unit: str) -> None:
    length = values.duration(f"{number}{unit}")
    assert values.duration(values.format_duration(length)) == length
    assert len(values.format_duration(length)) <= len(f"{number}{unit}")


@quickly
@given(PATH)
def test_any_path_without_control_characters_is_kept(path: str) -> None:
    assert values.absolute_path(f"/media/{path}") == PurePosixPath(f"/media/{path}")


@quickly
@given(st.text())
def test_no_text_makes_a_check_fail_in_another_way(text: str) -> None:
    for check, _ in REFUSED:
        try:
            check(text)
        except PydanticCustomError:
            continue
