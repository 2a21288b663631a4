"""The install that the words of a `docker run` describe, known or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.docker.run import read_run
from nvrstack.migration.install import Install, Mount, Reading, User
from nvrstack.migration.words import Unknown, Word
from tests.unit.strategies import ODD_TEXT, quickly

IMAGE = "ghcr.io/scottlamb/moonfire-nvr:v0.7.16"


def codes(reading: Reading) -> list[tuple[str, int | None]]:
    return [(found.code, found.line) for found in (*reading.blockers, *reading.warnings)]


def test_what_is_told_and_what_is_not_modelled() -> None:
    words = ["-du", "998:997", "-eTZ=:Europe/Berlin", "-v/a/../b:/c:ro", "--net=host", "-m=1g",
             "--name", "nvr", IMAGE, "run", "-v"]  # fmt: skip
    assert read_run(words) == Reading(
        Install(
            "nvr-script", IMAGE, "0.7.16", "nvr", User(998, 997), "Europe/Berlin",
            mounts=(Mount("bind", "/b", "/c", read_only=True),), network="host",
            server_args=("-v",), other_options={"detach": ("true",), "memory": ("1g",)},
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--mount", Unknown("$M", 7), IMAGE, "run"], [("script-value", 7)]),
        ([Unknown("--user=$(whoami)", 3), IMAGE, "run"], [("script-value", 3)]),
        ([Unknown('"$IMAGE"', 9)], [("script-value", 9)]),
        (["-e", "HOME", IMAGE], [("env-from-caller", 2)]),
        (["--env-file", "/etc/nvr.env", IMAGE], [("env-file", 2)]),
        (["-v", "./a:/b", IMAGE], [("docker-relative", 2)]),
        (["-u", "nvr", IMAGE], [("user-unknown", 2)]),
        (["-e", "=1", IMAGE], [("docker-option", 2)]),
        (["--nonsense", IMAGE], [("docker-option", 2)]),
        (["-d"], [("docker-no-image", 2)]),
    ],
)
def test_what_is_said(words: list[Word], expected: list[tuple[str, int]]) -> None:
    assert codes(read_run(words, 2)) == expected


def test_a_file_of_variables_counts_before_the_single_ones() -> None:
    files = {"x": "A=2\nB=3 # no remark\nTZ=Asia/Tokyo"}
    reading = read_run(["--env=A=1", "--env-file=x", IMAGE], text_of=files.get)
    assert reading.install is not None
    assert reading.install.environment == {"A": "1", "B": "3 # no remark"}
    assert reading.install.timezone == "Asia/Tokyo"
    assert "env-file" not in reading.install.other_options


def test_the_long_form_of_a_network() -> None:
    install = read_run(["--network", "name=Cams,alias=a,alias=b,ip=10.0.0.9", IMAGE]).install
    assert install is not None
    assert install.network == "cams"
    assert install.other_options == {"network-alias": ("a", "b"), "ip": ("10.0.0.9",)}


OPTION = st.sampled_from(
    ["-v", "-p", "-e", "-itd", "--mount", "--network", "--publish=", "--tmpfs", "-u", "--env-file",
     "--mount=type=bind,src=/a,dst=/b,", "-p8080-8081:", "--log-opt", "--", "run", IMAGE]
)  # fmt: skip
WORD = st.one_of(
    OPTION, ODD_TEXT, st.builds("{}{}".format, OPTION, ODD_TEXT),
    st.builds(Unknown, st.builds("{}{}".format, OPTION, ODD_TEXT), st.integers(1, 99)),
)  # fmt: skip


@quickly
@given(st.lists(WORD, max_size=12), st.dictionaries(ODD_TEXT, ODD_TEXT, max_size=2))
def test_any_words_are_read(words: list[Word], files: dict[str, str]) -> None:
    reading = read_run(words, 1, files.get)
    assert reading.install is not None or reading.blockers
    assert all(found.message and found.line for found in (*reading.blockers, *reading.warnings))
