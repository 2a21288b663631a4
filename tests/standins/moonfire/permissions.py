"""The permissions of a user, of a session, or of everybody at a bind."""

from __future__ import annotations

from dataclasses import dataclass

from tests.standins.moonfire.protobuf import read_message
from tests.standins.moonfire.strict import expect, refuse_unknown

PERMISSION_NAMES = ("viewVideo", "readCameraConfigs", "updateSignals", "adminUsers")


@dataclass(frozen=True)
class Permissions:
    """The four permissions; stored as a protobuf message with the fields 1 to 4."""

    view_video: bool = False
    read_camera_configs: bool = False
    update_signals: bool = False
    admin_users: bool = False

    @classmethod
    def from_json(cls, value: object) -> Permissions:
        """Read the JSON form of the API: camelCase names, unknown ones refused."""
        flags = expect(value, dict, "struct Permissions")
        refuse_unknown(flags, PERMISSION_NAMES)
        return cls(*(expect(flags.get(n, False), bool, "a boolean") for n in PERMISSION_NAMES))

    @classmethod
    def from_blob(cls, blob: bytes) -> Permissions:
        """Read the protobuf form, e.g. X'0801100118012001' for all four."""
        numbers = {number for number, value in read_message(blob) if value}
        return cls(*(number in numbers for number in (1, 2, 3, 4)))

    def flags(self) -> tuple[bool, bool, bool, bool]:
        """Return the permissions in the order of their protobuf fields."""
        return (
            self.view_video,
            self.read_camera_configs,
            self.update_signals,
            self.admin_users,
        )

    def to_json(self) -> dict[str, bool]:
        """Return the JSON form, every name present."""
        return dict(zip(PERMISSION_NAMES, self.flags(), strict=True))

    def to_blob(self) -> bytes:
        """Return the protobuf form, false fields left out."""
        return b"".join(bytes([i << 3, 1]) for i, on in enumerate(self.flags(), 1) if on)


ALL_PERMISSIONS = Permissions(True, True, True, True)
