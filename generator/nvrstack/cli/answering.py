"""Collecting the answers for `init`: options, environment, a file, a person."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from nvrstack.cli.console import Console
from nvrstack.errors import InputError
from nvrstack.projects.project import read_secret, read_text
from nvrstack.services.dns_providers import DnsProvider, credentials_text, dns_providers
from nvrstack.services.providers import providers
from nvrstack.settings.answers import (
    Answers,
    answer_problem,
    from_assignments,
    from_environment,
    from_pairs,
    from_toml,
)
from nvrstack.settings.load import lookup
from nvrstack.settings.questions import Question, next_question
from nvrstack.settings.secrets import (
    DDNS_PASSWORD,
    DNS_CREDENTIALS,
    EAB_HMAC_KEY,
    FIRST_USER,
    NAMED,
    ROUTER_PASSWORD,
    Secret,
    known_secret,
)
from nvrstack.stacks import Stack, find_stack, load_stacks

DEFAULT_STACK = "public"
ATTEMPTS = 5


def given_answers(
    console: Console, stack: str | None, assignments: list[str], answers_file: Path | None
) -> Answers:
    """What was answered without asking: options before environment before the answers file."""
    merged = Answers({}, {})
    if answers_file is not None:
        merged = from_toml(read_text(answers_file), str(answers_file))
    merged = from_environment(console.environ).over(merged)
    merged = from_assignments(assignments).over(merged)
    if stack is not None:
        merged = Answers({"stack": stack}, {"stack": "--stack"}).over(merged)
    return merged


def given_secrets(assignments: list[str]) -> dict[str, str]:
    """The secrets of `--secret-file NAME=PATH` options."""
    secrets = {}
    for assignment in assignments:
        name, equals, path = assignment.partition("=")
        secret = FIRST_USER if name == FIRST_USER.name else known_secret(name)
        if secret is None or not equals or not path:
            known = ", ".join((*NAMED, FIRST_USER.name))
            raise InputError(
                f"--secret-file {assignment}: is not NAME=PATH with a name that is known",
                f"expected one of {known}, htpasswd_DOMAIN, and the path of a file",
            )
        secrets[name] = read_secret(Path(path), secret)
    return secrets


def ask_settings(console: Console, given: Answers, found: Mapping[str, Any]) -> Answers:
    """`given`, completed by a person."""
    stacks = load_stacks()
    if "stack" not in given.data:
        for stack in stacks.values():
            console.say(f"  {stack.name}: {stack.title}")
        given = _ask(console, given, Question("stack", "Which stack", DEFAULT_STACK), stacks)
    chosen = find_stack(str(given.data["stack"]), stacks)
    asked: frozenset[str] = frozenset()
    while question := next_question(given.data, asked, chosen, found):
        given = _ask(console, given, question, stacks)
        asked |= {question.key}
    return given


def ask_secrets(known: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, str]:
    """The secrets that the answers `known` call for and that are not given, from a person."""
    stack = load_stacks().get(str(known.get("stack")))
    updated_at = providers().get(str(lookup(known, "ddns.provider")))
    wanted: dict[Secret, str] = {}
    if updated_at and stack and stack.runs("ddclient"):
        wanted[DDNS_PASSWORD] = f"{updated_at.title}: {updated_at.password}"
        if lookup(known, "ddns.router_login"):
            wanted[ROUTER_PASSWORD] = ROUTER_PASSWORD.label
    if lookup(known, "certificate.eab_key_id"):
        wanted[EAB_HMAC_KEY] = EAB_HMAC_KEY.label
    asked = {s.name: _unseen(label) for s, label in wanted.items() if s.name not in secrets}
    provider = dns_providers().get(str(lookup(known, "certificate.dns_provider")))
    if provider and DNS_CREDENTIALS.name not in secrets:
        asked[DNS_CREDENTIALS.name] = _ask_credentials(provider)
    return asked


def _ask_credentials(provider: DnsProvider) -> str:
    if provider.credentials == "json":
        label = f"{provider.title}: the file that you downloaded"
        return read_secret(Path(str(typer.prompt(label, err=True))), DNS_CREDENTIALS)
    values = {
        key: str(typer.prompt(f"{provider.title}: {words}", err=True))
        if key in provider.shown
        else _unseen(f"{provider.title}: {words}")
        for key, words in provider.keys.items()
    }
    return credentials_text(provider, values)


def _unseen(label: str) -> str:
    return str(typer.prompt(label, hide_input=True, err=True))


def _ask(
    console: Console, given: Answers, question: Question, stacks: Mapping[str, Stack]
) -> Answers:
    for _ in range(ATTEMPTS):
        default = question.default
        text = typer.prompt(question.text, default=default, err=True, show_default=bool(default))
        if not text and default == "":
            return given
        problem = answer_problem(question.key, text, given.data, stacks)
        if problem is None:
            return from_pairs([(question.key, text, "your answer")]).over(given)
        console.say(f"  {problem}")
    raise InputError(
        f"{question.key}: no usable answer after {ATTEMPTS} attempts",
        "start again when you know it",
    )
