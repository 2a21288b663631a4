"""What a container printed is shown without what it would do to a terminal."""

import pytest

from nvrstack.host.docker import containers
from nvrstack.host.terminal_codes import without_codes

MOONFIRE = (
    "\x1b[2m2026-11-29T09:00:00.000001\x1b[0m \x1b[31mERROR\x1b[0m \x1b[2mmoonfire_nvr\x1b[0m: "
    "exiting due to error \x1b[3merr\x1b[0m\x1b[2m=\x1b[0munable to lock dir"
)
"""As v0.7.30 prints it."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (MOONFIRE[MOONFIRE.index("exiting") :], "exiting due to error err=unable to lock dir"),
        ("\x1b]0;a title\x07told\x1b]8;;http://x\x1b\\here", "toldhere"),
        ("\x1b[2J\x1b[1;1Hover\x1b(B\x1b7written\x9b31m", "overwritten31m"),
        ("a\r\nb\tc\x00\x08", "a\nb\tc"),
        ("cut short \x1b", "cut short "),
        ("schöne Straße, 録画", "schöne Straße, 録画"),
    ],
)
def test_only_what_can_be_read_is_left(text: str, shown: str) -> None:
    assert without_codes(text) == shown


def test_the_last_words_of_a_container_have_no_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def __enter__(self) -> "Client":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def logs(self, tail: int) -> bytes:
            return f"{MOONFIRE}\n".encode()

    monkeypatch.setattr(containers, "connected", Client)
    monkeypatch.setattr(containers, "_needed", lambda client, name: client)
    words = "ERROR moonfire_nvr: exiting due to error err=unable to lock dir"
    assert containers.last_words("nvr") == f"2026-11-29T09:00:00.000001 {words}"
