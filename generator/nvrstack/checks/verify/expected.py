"""What a visit should have seen."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Where a visit comes from."""

    INTERNET = "internet"
    LAN = "lan"


@dataclass(frozen=True)
class Expected:
    """What is known of a project beforehand; without one, the defaults.

    `needs_port_80` tells whether the certificate or the people want it, `hsts` whether the header
    has to be there, `signs_in` whether a login was asked for. `site_file` is the text of the
    file in which nginx is told about Moonfire.
    """

    origin: Origin
    needs_port_80: bool = True
    hsts: bool = False
    signs_in: bool = False
    site_file: str | None = None
