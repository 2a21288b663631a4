from collections.abc import Mapping
from dataclasses import dataclass

from nvrstack.migration.install import User


@dataclass(frozen=True)
class Accounts:
    users: Mapping[str, User]
    groups: Mapping[str, int]
