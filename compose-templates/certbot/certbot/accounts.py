"""Which of certbot's accounts is used: with two of one authority, certbot would ask, and end."""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit


def account_of(letsencrypt: Path, server: str, noted: Mapping[str, str]) -> Path | None:
    """The directory of the account at `server` to use, or None to let certbot register.

    It is the one that got the present certificate (`noted`), as long as it is there; else the one
    that was made last.
    """
    address = urlsplit(server)
    # As certbot lays accounts out: without what follows a question mark.
    place = letsencrypt / "accounts" / f"{address.netloc}{address.path}"
    there = [file.parent for file in place.glob("*/regr.json")]
    used = [folder for folder in there if folder.name == noted.get("account")]
    return max(used or there, key=_made, default=None)


def _made(account: Path) -> tuple[str, str]:
    """When certbot made an account, for comparison alone."""
    try:
        made = json.loads((account / "meta.json").read_text(encoding="utf-8"))["creation_dt"]
    except (OSError, ValueError, KeyError, TypeError):
        made = ""
    return str(made), account.name
