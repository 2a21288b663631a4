"""Which of several binds becomes nginx's, and how a flag says yes."""

from typing import Any

import pytest

from nvrstack.migration.moonfire.binds import carried_binds
from nvrstack.migration.moonfire.server_flags import ServerFlags

OLD = ({"ipv4": "0.0.0.0:8000"}, {"ipv4": "127.0.0.1:8080"}, {"ipv6": "[::]:9000"})


def origins(old: tuple[dict[str, Any], ...], port: int | None) -> list[int | None]:
    """Which of the old binds the TCP binds to be were."""
    found = carried_binds(old, "172.31.255.3:8080", port).binds
    return [bind.origin for bind in found if "ipv4" in bind.keys]


@pytest.mark.parametrize(("port", "chosen"), [(None, 1), (8080, 1), (9000, 2), (7000, 1)])
def test_the_bind_that_was_published_becomes_nginxs(port: int | None, chosen: int) -> None:
    assert origins(OLD, port) == [chosen]


def test_else_it_is_the_first_over_tcp() -> None:
    assert origins(({"unix": "/run/x"}, {"ipv4": "[::]:8001"}, {"ipv4": "0.0.0.0:8000"}), None) == [
        1
    ]


@pytest.mark.parametrize(
    ("text", "means"), [("true", True), ("t", True), ("1", True), ("false", False), ("0", False)]
)
def test_a_permission_in_protobufs_text_format(text: str, *, means: bool) -> None:
    flags = ServerFlags({"--allow-unauthenticated-permissions": f"view_video : {text}"})
    assert flags.anonymous_permissions == {"view_video": means}
