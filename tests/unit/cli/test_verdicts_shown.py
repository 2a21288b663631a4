"""How verdicts look on a screen of eighty columns."""

import io

from rich.console import Console as Terminal

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.cli.verdicts import table

LONG = "/var/lib/moonfire-nvr/media/usb-disk-one/sample"
VERDICTS = [
    Verdict("nginx", Level.FINE, "healthy"),
    Verdict(f"recordings {LONG}", Level.PROBLEM, "last one begun 6 minutes ago", f"see {LONG}"),
    Verdict("files", Level.WARNING, "differ", "nvrstack render && docker compose up -d"),
]


def lines(columns: int) -> list[str]:
    out = io.StringIO()
    Terminal(file=out, width=columns).print(table(VERDICTS))
    return out.getvalue().splitlines()


def test_nothing_is_cut_short_and_each_text_has_half_of_the_screen() -> None:
    shown = lines(80)
    assert max(map(len, shown)) <= 80
    about, texts = ("".join(line[a:b].strip() for line in shown) for a, b in ((9, 39), (39, 80)))
    assert LONG in about
    assert LONG in texts
    assert "…" not in "".join(shown)
    assert "→ nvrstack render && docker compose" in "\n".join(shown)


def test_a_narrow_screen_shows_everything_too() -> None:
    shown = "".join(line.replace(" ", "") for line in lines(40))
    assert "…" not in shown
    assert all(word in shown for word in ("problem", "warning", "healthy"))
