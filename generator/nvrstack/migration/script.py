from nvrstack.migration.accounts import Accounts
from nvrstack.migration.install import Install, Mount, Reading, User


def read_script(content: bytes, accounts: Accounts, zone: str | None) -> Reading:
    return Reading(
        Install(
            "nvr-script",
            "scottlamb/moonfire-nvr:v0.7.5",
            "0.7.4",
            "moonfire-nvr",
            User(1001, 1001),
            "America/Los_Angeles",
            mounts=(
                Mount("bind", "/var/lib/moonfire-nvr", "/var/lib/moonfire-nvr"),
                Mount("bind", "/media/nvr", "/media/nvr"),
            ),
            network="host",
        )
    )
