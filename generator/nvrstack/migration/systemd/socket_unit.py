"""Socket units: what systemd listens on and passes to Moonfire, see systemd.socket(5)."""

from collections.abc import Mapping

from nvrstack.migration.systemd.unit_file import unit_settings
from nvrstack.migration.systemd.unit_paths import specified, specifiers


def sockets_of(triggers: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """What is listened on (`ListenStream=`), by the name under which the socket is passed.

    `triggers` are texts of units by their names; only sockets among them listen.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, text in triggers.items():
        settings = unit_settings([text])
        passed = specified(settings.get("Socket.FileDescriptorName", (name,))[-1], specifiers(name))
        listens = tuple(
            specified(value, specifiers(name)) for value in settings.get("Socket.ListenStream", ())
        )
        if listens:
            found[passed] = (*found.get(passed, ()), *listens)
    return found
