"""certbot's keeper, which is a template's scripts and no package."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[3] / "compose-templates/certbot/certbot"))

import accounts
import asking
import keeper
import lineages
import mending
import reachability
import schedule
import trust
import wanted
import words

__all__ = [
    "accounts",
    "asking",
    "keeper",
    "lineages",
    "mending",
    "reachability",
    "schedule",
    "trust",
    "wanted",
    "words",
]
