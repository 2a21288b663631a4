"""The rules that findings come from, and the page that lists them."""

import re
from pathlib import Path
from string import Formatter

import pytest

import nvrstack.migration
from nvrstack.migration.findings import Remarks, Rule
from tests.findings_reference import PAGE, page, rules_by_reader

RULES = [(title, rule) for title, rules in rules_by_reader() for rule in rules]


def test_the_page_is_made_from_the_rules() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


def test_every_finding_comes_from_a_rule() -> None:
    sources = Path(nvrstack.migration.__path__[0]).rglob("*.py")
    makers = {path.name for path in sources if re.search(r"\bFinding\(", path.read_text())}
    assert makers == {"findings.py"}


@pytest.mark.parametrize(("title", "rule"), RULES)
def test_a_rule_tells_its_values(title: str, rule: Rule) -> None:
    texts = (rule.sentence, rule.hint)
    names = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}
    values = dict.fromkeys(names, "{of} the host")
    found = rule(7, **values)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.code)
    assert (found.code, found.line, found.severity) == (rule.code, 7, rule.severity)
    assert (found.message + found.hint).count("{of} the host") >= len(names)
    if names:
        with pytest.raises(KeyError):
            rule()
    remarks = Remarks()
    remarks.add(found)
    assert (found in remarks.blockers, found in remarks.warnings) == (
        rule.severity == "blocker",
        rule.severity == "warning",
    )
    assert title
