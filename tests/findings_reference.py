"""`make docs`: docs/findings.md, from the rules that a plan's findings come from."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import nvrstack.migration
from nvrstack.migration.findings import Rule

PAGE = Path(__file__).parents[1] / "docs" / "findings.md"
HEAD = """\
# What a plan may find

A plan of `nvrstack migrate` ends with what it is unsure of (warnings) and what has to be settled
first (blockers). With `--json`, each has one of these codes, which never change their meaning. What
stands in *italics* is told by the host at hand. `make docs` makes this page from the modules that
are called `rules`.
"""


def rules_by_reader() -> Iterator[tuple[str, list[Rule]]]:
    """The rules of each module, under what the module is about."""
    package = nvrstack.migration
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name.endswith(".rules"):
            module = importlib.import_module(found.name)
            rules = [value for value in vars(module).values() if isinstance(value, Rule)]
            title = (module.__doc__ or "").removeprefix("What may be found ").rstrip(".")
            yield title[:1].upper() + title[1:], sorted(rules, key=lambda rule: rule.code)


def page() -> str:
    """The text of the page."""
    parts = [HEAD]
    for title, rules in rules_by_reader():
        rows = [
            f"| `{r.code}` | {r.severity} | {_cell(r.sentence)} | {_cell(r.hint)} |" for r in rules
        ]
        parts.append(
            f"## {title}\n\n| code | | what it says | what to do |\n| --- | --- | --- | --- |"
        )
        parts[-1] += "\n" + "\n".join(rows) + "\n"
    return "\n".join(parts)


def _cell(template: str) -> str:
    text = re.sub(r"\{(\w+)(?:!\w)?\}", lambda name: f"*{name[1].replace('_', ' ')}*", template)
    return text.replace("{{", "{").replace("}}", "}").replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
