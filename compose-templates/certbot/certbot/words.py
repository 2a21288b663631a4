"""certbot's output in an owner's words: what stands in the way, and whose it is to mend."""

import re
from datetime import datetime

from schedule import FAILED, LIMITED, NOT_READY, OK, REFUSED, Outcome

HTTP = {
    "dns": "the name servers know no address of {name}: make its record, or wait until it is known",
    "connection": (
        "port 80 of {name} did not answer: is TCP port 80 forwarded to this machine, and does the "
        "name lead to your address?"
    ),
    "unauthorized": (
        "something else answers at port 80 of {name}: does the name lead to your address, and is "
        "TCP port 80 forwarded to this machine?"
    ),
}
DNS = dict.fromkeys(
    ("dns", "unauthorized"),
    "the TXT record _acme-challenge.{name} was not seen: is its zone at this provider, and is "
    "certificate.dns_propagation long enough?",
)
"""Sentences for the problem types of RFC 8555 section 6.7 with which challenges fail."""
NOT_TO_MEND_BY_WAITING = {
    "caa": "the CAA record of {name} does not allow this authority",
    "rejectedIdentifier": "the authority gives no certificate for {name}",
}
REFUSALS = (
    "(CAA) records forbid",
    "prevents issuance",
    "Cannot issue for",
    "external account",
    "Account is not valid",
    "lacks sufficient authorization",
    "key the server does not support",
    "specified an account that does not exist",
    "server will not issue",
    "contact URI was invalid",
    "contact URL for an account",
    "Error validating contact",
    "unsupported type",
)
"""Parts of what is told where no waiting helps: Let's Encrypt's own words, or certbot's for RFC
8555's problem types, which it prints when the authority has none."""
LONGEST = 600

_FAILED_CHALLENGE = re.compile(
    r"^\s*(?:Domain|Identifier): (?P<name>\S+)\s+Type: +(?P<type>\w+)\s+Detail: (?P<detail>.+)$",
    re.MULTILINE,
)
_RETRY = re.compile(r"retry after (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:Z| UTC)")
_LIMITED = re.compile(r"too many (requests|certificates|failed|new|currently)", re.IGNORECASE)
_CHATTER = (
    "Saving debug log",
    "Requesting a certificate",
    "Renewing an existing",
    "Account registered",
    "An unexpected error occurred",
    "An error occurred requesting ACME Renewal",
    "Encountered exception during recovery",
    "Ask for help",
    "See the logfile",
    "Hint:",
    "Some challenges",
    "- - -",
)


def outcome(code: int, output: str, *, by_webroot: bool) -> Outcome:
    """What certbot's exit code and output say of one attempt."""
    if code == 0:
        return Outcome(OK)
    retry = _RETRY.search(output)
    if retry or _LIMITED.search(output):
        return Outcome(LIMITED, _last_words(output), _moment(retry) if retry else 0.0)
    told = [_challenge(match, HTTP if by_webroot else DNS) for match in _challenges(output)]
    if told:
        refused = any(result == REFUSED for result, _ in told)
        reason = "; ".join(dict.fromkeys(sentence for _, sentence in told))
        return Outcome(REFUSED if refused else NOT_READY, reason[:LONGEST])
    refused = any(words.lower() in output.lower() for words in REFUSALS)
    return Outcome(REFUSED if refused else FAILED, _last_words(output))


def _moment(match: re.Match[str]) -> float:
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}+00:00").timestamp()
    except ValueError:
        return 0.0


def _challenges(output: str) -> list[re.Match[str]]:
    return list(_FAILED_CHALLENGE.finditer(output))


def _challenge(match: re.Match[str], sentences: dict[str, str]) -> tuple[str, str]:
    kind, name, detail = match["type"], match["name"], " ".join(match["detail"].split())
    refusal = NOT_TO_MEND_BY_WAITING.get(kind)
    sentence = refusal or sentences.get(kind, "the authority could not verify {name}")
    result = REFUSED if refusal else NOT_READY
    return result, f"{sentence.format(name=name)} (the authority: {detail})"


def _last_words(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " ".join([line for line in lines if not line.startswith(_CHATTER)][-2:])[:LONGEST] or (
        "certbot said nothing"
    )
