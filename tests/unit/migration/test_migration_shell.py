"""The script `nvr` read without running it, in every shape and as people edit it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nvrstack.migration.install import User
from nvrstack.migration.script.script import ScriptReading, script_calls
from nvrstack.migration.words import Unknown
from tests.unit.nvr_shapes import CUTS, EDITS, FROZEN, N11, N11_ARGV, SHAPES, edited
from tests.unit.strategies import quickly

ACCOUNTS = {"root": User(0, 0), "moonfire-nvr": User(998, 997)}


def read(text: str | bytes) -> ScriptReading:
    content = text if isinstance(text, bytes) else text.encode()
    return script_calls(content, ACCOUNTS, "Etc/UTC\n")


def codes(reading: ScriptReading) -> list[str]:
    return [finding.code for finding in (*reading.warnings, *reading.blockers)]


def words(reading: ScriptReading) -> tuple[str | Unknown, ...]:
    assert reading.run is not None, reading
    return reading.run.argv


@pytest.mark.parametrize("name", SHAPES | EDITS)
def test_what_run_gives_to_docker(name: str) -> None:
    text, expected = (SHAPES | EDITS)[name]
    assert words(read(text)) == expected
    assert set(codes(read(text))) <= {"variable-unset", "user-differs", "run-arms-disagree"}


@pytest.mark.parametrize("name", CUTS)
def test_a_cut_run_arm_is_read_as_it_was_meant(name: str) -> None:
    text, expected = CUTS[name]
    reading = read(text)
    assert words(reading) == expected
    (finding,) = reading.warnings
    assert finding.code == "run-arm-cut"
    assert "docker run --detach=true" in finding.hint
    assert "--name=moonfire-nvr" in finding.hint
    assert finding.line is not None
    assert text.splitlines()[finding.line - 1].rstrip().endswith("\\")


@pytest.mark.parametrize("name", FROZEN)
def test_a_script_emptied_by_its_here_document_is_read_as_it_was_meant(name: str) -> None:
    text, expected = FROZEN[name]
    reading = read(text)
    assert words(reading) == expected
    (finding,) = reading.warnings
    assert finding.code == "script-frozen"
    assert finding.line is not None
    assert text.splitlines()[finding.line - 1] == 'case "" in'


def test_windows_line_ends_are_told() -> None:
    reading = read(N11.replace("\n", "\r\n"))
    assert words(reading) == N11_ARGV
    assert codes(reading) == ["script-crlf"]


@pytest.mark.parametrize(
    "command",
    ["$(stat -c %u /x)", "`whoami`", "$((500 * 2))", "${!name}", "$(id -u x; echo)", "$$"],
)
def test_what_would_have_to_run_is_named(command: str) -> None:
    line = 9
    word = f'--user="{command}:5"'
    text = edited('--user="$(id -u moonfire-nvr):$(id -g moonfire-nvr)"', word)
    reading = read(text)
    assert Unknown(word, line) in words(reading)
    (finding,) = reading.warnings
    assert (finding.code, finding.line) == ("word-unknown", line)
    assert word in finding.message


def test_of_an_array_that_may_be_longer_the_beginning_is_known() -> None:
    test = "if [ -d /media/b ]; then common_docker_run_args+=(-v /media/b:/media/b); fi\n"
    reading = read(edited('case "$1" in', test + 'case "$1" in'))
    known = [word for word in words(reading) if isinstance(word, str)]
    assert (
        "--mount=type=bind,source=/var/lib/moonfire-nvr,destination=/var/lib/moonfire-nvr" in known
    )
    assert not any("/media/b" in word for word in known)
    (unknown,) = {word for word in words(reading) if isinstance(word, Unknown)}
    assert unknown.text.startswith("if [ -d /media/b ]")


@pytest.mark.parametrize(("index", "known"), [(0, True), (1, False), (5, False)])
def test_an_element_behind_what_is_not_known_is_not_known(index: int, known: bool) -> None:
    text = (
        "a=(one)\nif [ -d /x ]; then a+=(two three); fi\na+=(four)\n"
        f'docker run -d --name "${{a[{index}]}}" scottlamb/moonfire-nvr run\n'
    )
    reading = read(text)
    assert ("one" in words(reading)) == known
    assert any(isinstance(word, Unknown) for word in words(reading)) != known


def test_the_place_that_hides_a_value_is_named() -> None:
    text = edited('tz="America/Los_Angeles"', "tz=$(timedatectl show -p Timezone --value)")
    (finding,) = read(text).warnings
    assert "because of $(timedatectl show -p Timezone --value) on line 3" in finding.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("\x7fELF\x02\x01\x01", "nvr-is-program"),
        ("#!/usr/bin/python3\nprint(1)\n", "nvr-is-no-shell-script"),
        ("#!/bin/bash\nif (\n", "script-unreadable"),
        ("#!/bin/bash\npodman run -d x run\n", "other-engine"),
        ("#!/bin/bash\ndocker compose up -d\n", "script-uses-compose"),
        ("#!/bin/bash\nsystemctl start moonfire-nvr\n", "script-uses-systemd"),
        ("#!/bin/bash\necho hello\n", "script-starts-nothing"),
        ("\x00\x01\x02", "script-unreadable"),
    ],
)
def test_what_starts_no_container_is_explained(text: str, code: str) -> None:
    reading = read(text)
    assert reading.run is None
    assert codes(reading) == [code]


def test_two_arms_that_start_a_server_are_told() -> None:
    other = "debug)\n\tdocker run -d --name other x run\n\t;;\n"
    reading = read(N11.replace("start|stop", f"{other}start|stop", 1))
    assert words(reading) == N11_ARGV
    assert codes(reading) == ["run-arms-disagree"]


def test_an_image_that_is_not_known_is_told_as_it_is_written() -> None:
    before, image, after = N11.rpartition('"${image_name}"')
    assert image
    (finding,) = read(f'{before}"$(cat /etc/image)"{after}').warnings
    assert finding.code == "run-arms-disagree"
    assert finding.message.endswith('its server: "$(cat /etc/image)"')


@pytest.mark.parametrize("line", [". /etc/default/nvr", "source ./x", 'eval "$y"'])
def test_after_another_file_was_read_no_variable_is_known(line: str) -> None:
    reading = read(edited("case", f"{line}\ncase"))
    assert any(isinstance(word, Unknown) for word in words(reading))
    assert ("word-unknown" if line.startswith("eval") else "script-sources") in codes(reading)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 2_000_000,
        "echo a\n" * 10_000,
        "a=(" * 20_000,
        "$(" * 20_000,
        "( " * 20_000 + "a" + ")" * 20_000,
        "if a; then " * 5_000 + "a" + "; fi" * 5_000,
        "x=" + "${a:-" * 5_000 + "}" * 5_000,
        "while true; do :; done",
        "f() { f; f; }; f",
        "a=xxxxxxxxxx\n" + "a=$a$a$a$a$a$a$a$a$a$a\n" * 20,
        "a=(x x)\n" + 'a=("${a[@]}" "${a[@]}" "${a[@]}" "${a[@]}")\n' * 20,
    ],
)
def test_too_much_is_refused(text: str) -> None:
    assert codes(read(text)) in (["script-unreadable"], ["script-starts-nothing"])


@quickly
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read(content)


@quickly
@given(st.data())
def test_a_damaged_script_is_read_or_refused(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(N11)))
    end = data.draw(st.integers(start, min(len(N11), start + 40)))
    tokens = ["$(", "${", '"', "'", "`", "\\\n", "((", "<<E\n", "fi", ";;", "esac", "&", "=(", "$@"]
    inserted = "".join(data.draw(st.lists(st.sampled_from(tokens), max_size=4)))
    read(N11[:start] + inserted + N11[end:])
