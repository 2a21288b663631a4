"""Mends what certbot stumbles over: links that became files, and what was left half written.

certbot starts another lineage, with a number after the name that nobody asked for, beside one that
it cannot load, and ends with an error at an account that it cannot read. Nothing is deleted: see
`retire`.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from lineages import PARTS, how_issued, issued, retire, retired_place

END = b"-----END CERTIFICATE-----\n"


def clear_away(letsencrypt: Path, name: str, now: float) -> list[Path]:
    """Move what is broken of lineage `name` and of the accounts aside; give where it is now."""
    moved = [put_aside(letsencrypt, folder, now) for folder in _broken_accounts(letsencrypt)]
    loads = how_issued(letsencrypt, name) and is_linked(letsencrypt, name)
    if not loads or issued(letsencrypt, name) is None:
        place = retire(letsencrypt, name, now)
        moved += [place] if place else []
    return moved


def is_linked(letsencrypt: Path, name: str) -> bool:
    """Whether each file in `live` is a link to a numbered one in `archive`, as certbot wants it."""
    archive = letsencrypt / "archive" / name
    return all(
        link.is_symlink()
        and link.exists()
        and link.resolve().parent == archive.resolve()
        and re.fullmatch(rf"{part}[0-9]+\.pem", link.readlink().name)
        for part, link in _links(letsencrypt, name).items()
    )


def relink(letsencrypt: Path, name: str) -> bool:
    """Make links in `live` of what stands there instead; give whether there was need and a way.

    A copy may have followed the links, or left them out. What is served stays in use: it is put
    into `archive` under the next number, unless it is there already. Where there is nothing, the
    newest certificate of `archive` is taken.
    """
    links, archive = _links(letsencrypt, name), letsencrypt / "archive" / name
    if is_linked(letsencrypt, name):
        return False
    held = {part: link.read_bytes() for part, link in links.items() if link.exists()}
    if {"fullchain", "privkey"} <= held.keys():
        # The other two say nothing that is not in it.
        certificate, end, chain = held["fullchain"].partition(END)
        held = {"cert": certificate + end, "chain": chain, **held}
    else:
        held = {}
    number = _number(archive, held)
    if not number:
        return False
    for part, link in links.items():
        kept = archive / f"{part}{number}.pem"
        if not kept.exists():
            _write(kept, held[part])
        link.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = link.with_name(f".{link.name}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.path.relpath(kept, link.parent))
        fresh.replace(link)
    return True


def put_aside(letsencrypt: Path, account: Path, now: float) -> Path:
    """Move an account's directory to where nothing uses it; give that place."""
    place = retired_place(letsencrypt, f"account-{account.name}", now)
    return account.rename(place / "account")


def _links(letsencrypt: Path, name: str) -> dict[str, Path]:
    return {part: letsencrypt / "live" / name / f"{part}.pem" for part in PARTS}


def _number(archive: Path, held: Mapping[str, bytes]) -> int:
    """The number under which what is `held` stands in `archive`, else the next free one.

    Where nothing is held, it is that of the newest certificate; 0 where there is none.
    """
    files = archive.iterdir() if archive.is_dir() else ()
    found = (re.fullmatch(r"[a-z]+([0-9]+)\.pem", file.name) for file in files)
    numbers = {int(match[1]) for match in found if match}
    for number in sorted(numbers, reverse=True):
        kept = {part: archive / f"{part}{number}.pem" for part in PARTS}
        if all(
            file.is_file() and file.read_bytes() == held.get(part, file.read_bytes())
            for part, file in kept.items()
        ):
            return number
    return max(numbers, default=0) + 1 if held else 0


def _write(file: Path, content: bytes) -> None:
    """Write a file that is complete, and for its owner alone, from the first moment."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(f".{file.name}")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600, exist_ok=False)
    with fresh.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)


def _broken_accounts(letsencrypt: Path) -> list[Path]:
    files = sorted((letsencrypt / "accounts").rglob("*.json"))
    return sorted({file.parent for file in files if not _is_json(file)})


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True
