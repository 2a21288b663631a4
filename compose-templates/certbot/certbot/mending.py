"""Clears away what a full disk or a power cut left half written, over which certbot stumbles.

certbot ends with an error at an account that it cannot read, and starts another lineage, with a
number after the name, beside one that it cannot read. Nothing is deleted: see `retire`.
"""

import json
from pathlib import Path

from lineages import how_issued, issued, retire, retired_place


def clear_away(letsencrypt: Path, name: str, now: float) -> list[Path]:
    """Move what is broken of lineage `name` and of the accounts aside; give where it is now."""
    moved = [_put_aside(letsencrypt, folder, now) for folder in _broken_accounts(letsencrypt)]
    if not how_issued(letsencrypt, name) or issued(letsencrypt, name) is None:
        place = retire(letsencrypt, name, now)
        moved += [place] if place else []
    return moved


def _broken_accounts(letsencrypt: Path) -> list[Path]:
    files = sorted((letsencrypt / "accounts").rglob("*.json"))
    return sorted({file.parent for file in files if not _is_json(file)})


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True


def _put_aside(letsencrypt: Path, account: Path, now: float) -> Path:
    place = retired_place(letsencrypt, f"account-{account.name}", now)
    return account.rename(place / "account")
