"""How many examples a property is tried with, and which.

In CI they are the same ones in each run. Elsewhere they are others each time, and
`NVRSTACK_EXAMPLES=20` tries twenty times as many.
"""

import os
from typing import Any

from hypothesis import settings

FACTOR = int(os.environ.get("NVRSTACK_EXAMPLES") or 1)
USUAL = 100
"""As many as Hypothesis tries where nothing is said."""


def load() -> None:
    """Let this hold for every test that says nothing else."""
    same = os.environ.get("CI") == "true" and FACTOR == 1
    settings.register_profile(
        "nvrstack",
        max_examples=USUAL * FACTOR,
        deadline=None,
        derandomize=same,
        database=None if same else settings().database,
        print_blob=True,
    )
    settings.load_profile("nvrstack")


def examples(number: int, **options: Any) -> settings:
    """Return the settings of a test that is tried less or more often than usual."""
    return settings(max_examples=number * FACTOR, **options)
