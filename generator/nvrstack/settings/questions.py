"""What `init` asks a person, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nvrstack.services.dns_providers import dns_providers
from nvrstack.services.images import DDCLIENT
from nvrstack.services.providers import provided_by, providers
from nvrstack.settings.load import lookup, merge
from nvrstack.stacks import Stack


@dataclass(frozen=True)
class Question:
    """One prompt: the setting it fills, the words, and what Enter alone means."""

    key: str
    text: str
    default: str | None = None


KEYS = {
    "server": "the name of the server, such as ns1.example.net, with :PORT if it has its own",
    "zone": "the domain whose records are changed, such as example.com",
}
"""What a provider's further settings are, for whoever is asked for them."""


def next_question(
    answers: Mapping[str, Any], asked: frozenset[str], stack: Stack, found: Mapping[str, Any]
) -> Question | None:
    """The next question, given what is answered and asked already; None when all is known.

    `found` holds what the host suggests. A provider's own settings are asked once it is chosen.
    """
    known = merge(stack.defaults, answers)
    for question in _questions(known, stack, found):
        if question.key not in asked and lookup(known, question.key) is None:
            return question
    return None


def _questions(known: Mapping[str, Any], stack: Stack, found: Mapping[str, Any]) -> list[Question]:
    usable = provided_by(lookup(known, "images.ddclient") or DDCLIENT)
    choices = {"ddns.provider": usable, "certificate.dns_provider": tuple(dns_providers())}
    questions = [
        Question(key, text + _one_of(choices.get(key, ()))) for key, text in stack.requires.items()
    ]
    provider = providers().get(lookup(known, "ddns.provider") or "")
    if provider and stack.runs("ddclient"):
        if provider.login:
            questions.append(Question("ddns.login", f"{provider.title}: {provider.login}"))
        questions += [
            Question(f"ddns.{key}", f"{provider.title}: {KEYS[key]}")
            for key, need in provider.keys.items()
            if need == "required"
        ]
    if lookup(known, "ddns.updater") == "router":
        text = "Your dynamic DNS provider, to tell what the router wants; Enter if you know"
        questions.append(Question("ddns.provider", text + _one_of(tuple(providers())), ""))
    suggested = {
        "moonfire.timezone": "Time zone",
        "network.lan_address": "This machine's address in your network",
    }
    for key, text in suggested.items():
        value = lookup(found, key)
        questions.append(Question(key, text, None if value is None else str(value)))
    questions.append(
        Question(
            "moonfire.sample_dirs",
            "Directories for recordings on other disks, with commas between; Enter for none",
            "",
        )
    )
    return questions


def _one_of(names: tuple[str, ...]) -> str:
    return f" ({', '.join(names)})" if names else ""
