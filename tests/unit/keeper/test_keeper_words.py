"""What certbot prints, as certbot 5.5 and 5.6 do, in an owner's words."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.keeper import words
from tests.unit.strategies import quickly

NAME = "nvr.example.com"
HEAD = f"""\
Saving debug log to /var/lib/nvrstack/logs/letsencrypt.log
Requesting a certificate for {NAME}
"""
ADVICE = """\
Ask for help or search for solutions at https://community.letsencrypt.org. See the logfile \
/var/lib/nvrstack/logs/letsencrypt.log or re-run Certbot with -v for more details.
"""
WEBROOT_HINT = (
    "The Certificate Authority failed to download the temporary challenge files created by "
    "Certbot. Ensure that the listed domains serve their content from the provided --webroot-path/"
    "-w and that files created there can be downloaded from the internet."
)
RATE_LIMIT = (
    "too many certificates (5) already issued for this exact set of identifiers in the last "
    "168h0m0s, retry after 2026-01-02 03:04:05 UTC: see "
    "https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers"
)
RETRY_AT = 1767323045.0
"""2026-01-02 03:04:05 UTC."""


def challenges_failed(*failures: tuple[str, str, str], label: str = "Identifier") -> str:
    """certbot's output when challenges failed: name, type and detail of each."""
    told = "".join(
        f"\n  {label}: {name}\n  Type:   {kind}\n  Detail: {detail}\n"
        for name, kind, detail in failures
    )
    return (
        f"{HEAD}\nCertbot failed to authenticate some domains (authenticator: webroot). The "
        f"Certificate Authority reported these problems:{told}\nHint: {WEBROOT_HINT}\n\n"
        f"Some challenges have failed.\n{ADVICE}"
    )


def unexpected(error: str) -> str:
    """certbot's output when the authority or this machine refuses something."""
    return f"{HEAD}An unexpected error occurred:\n{error}\n{ADVICE}"


SEE = "see https://letsencrypt.org/docs/rate-limits/"
TIMEOUT = "203.0.113.5: Fetching http://nvr.example.com/.well-known/acme-challenge/x: Timeout"
NXDOMAIN = "DNS problem: NXDOMAIN looking up A for nvr.example.com - check that a record exists"
NOT_FOUND = (
    "203.0.113.5: Invalid response from http://nvr.example.com/.well-known/acme-challenge/x: 404"
)
NO_TXT = "No TXT record found at _acme-challenge.nvr.example.com"
WRONG_TXT = 'Incorrect TXT record "old" found at _acme-challenge.nvr.example.com'
BY_CAA = "CAA record for nvr.example.com prevents issuance"


@pytest.mark.parametrize("label", ["Identifier", "Domain"])
@pytest.mark.parametrize(
    ("kind", "detail", "by_webroot", "result", "begins"),
    [
        ("dns", NXDOMAIN, True, "not yet reachable", "the name servers know no address of "),
        ("connection", TIMEOUT, True, "not yet reachable", "port 80 of nvr.example.com did not "),
        ("unauthorized", NOT_FOUND, True, "not yet reachable", "something else answers at port 80"),
        ("tls", "bad certificate", True, "not yet reachable", "the authority could not verify nvr"),
        ("dns", NO_TXT, False, "not yet reachable", "the TXT record _acme-challenge.nvr.example."),
        ("unauthorized", WRONG_TXT, False, "not yet reachable", "the TXT record _acme-challenge"),
        ("caa", BY_CAA, True, "refused", "the CAA record of nvr.example.com does not allow"),
        ("caa", BY_CAA, False, "refused", "the CAA record of nvr.example.com does not allow"),
        ("rejectedIdentifier", "forbidden by policy", True, "refused", "the authority gives no "),
    ],
)
def test_a_failed_challenge_is_told_with_whose_it_is_to_mend(
    kind: str, detail: str, by_webroot: bool, result: str, begins: str, label: str
) -> None:
    output = challenges_failed((NAME, kind, detail), label=label)
    told = words.outcome(1, output, by_webroot=by_webroot)
    assert told.result == result
    assert told.reason.startswith(begins)
    assert NAME in told.reason
    assert told.reason.endswith(f"(the authority: {detail})")


def test_each_name_that_failed_is_told_of() -> None:
    output = challenges_failed(
        (NAME, "connection", TIMEOUT), ("b.example.com", "dns", "no A record")
    )
    told = words.outcome(1, output, by_webroot=True)
    assert told.result == "not yet reachable"
    assert "port 80 of nvr.example.com did not answer" in told.reason
    assert "no address of b.example.com" in told.reason


def test_one_refusal_among_failures_is_a_refusal() -> None:
    output = challenges_failed((NAME, "connection", TIMEOUT), ("b.example.com", "caa", BY_CAA))
    told = words.outcome(1, output, by_webroot=True)
    assert told.result == "refused"
    assert "the CAA record of b.example.com" in told.reason


FORBIDDEN = "Certification Authority Authorization (CAA) records forbid the CA from issuing"
FINALIZING = f"Error finalizing order :: While processing CAA for {NAME}: {BY_CAA}"
NO_SUFFIX = 'Cannot issue for "nvr.lan": Domain name does not end with a valid public suffix (TLD)'


@pytest.mark.parametrize(
    "error",
    [
        FINALIZING,
        f"{FORBIDDEN} a certificate",
        f"Error creating new order :: {NO_SUFFIX}",
        "The server will not issue certificates for the identifier",
        "The server requires external account binding",
        "Unknown external account binding key.",
        "The client lacks sufficient authorization :: The account is deactivated",
        "The request specified an account that does not exist",
        'Account is not valid, has status "deactivated"',
        "Error validating contact(s) :: contact email has invalid domain",
        "The provided contact URI was invalid",
    ],
)
def test_what_no_waiting_mends_is_refused_in_the_authoritys_words(error: str) -> None:
    told = words.outcome(1, unexpected(error), by_webroot=True)
    assert (told.result, told.reason) == ("refused", error)


def test_an_account_that_is_asked_for_is_told_of() -> None:
    error = "Server requires external account binding. Please use --eab-kid and --eab-hmac-key."
    told = words.outcome(1, f"{HEAD}{error}\n{ADVICE}", by_webroot=True)
    assert (told.result, told.reason) == ("refused", error)


@pytest.mark.parametrize(
    ("error", "retry_at"),
    [
        (RATE_LIMIT, RETRY_AT),
        (f"Error creating new order :: {RATE_LIMIT}", RETRY_AT),
        (f"too many failed authorizations (5), retry after 2026-01-02T03:04:05Z: {SEE}", RETRY_AT),
        ("too many new registrations (10) from this IP address in the last 3h0m0s", 0.0),
        ("There were too many requests of a given type", 0.0),
        ("too many certificates already issued, retry after 2026-13-45 25:61:61 UTC: see x", 0.0),
    ],
)  # fmt: skip
def test_a_limit_is_told_with_the_time_when_to_ask_again(error: str, retry_at: float) -> None:
    told = words.outcome(1, unexpected(error), by_webroot=True)
    assert told.result == "rate limited"
    assert told.reason == error
    assert told.retry_at == retry_at


def test_a_limit_is_a_limit_even_beside_a_failed_challenge() -> None:
    output = challenges_failed((NAME, "connection", TIMEOUT)) + unexpected(RATE_LIMIT)
    told = words.outcome(1, output, by_webroot=True)
    assert (told.result, told.retry_at) == ("rate limited", RETRY_AT)


PLUGIN = (
    "Network error contacting the Cloudflare API while finding zone_id: HTTPSConnectionPool(host="
    "'api.cloudflare.com', port=443): Max retries exceeded"
)


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (unexpected("OSError: [Errno 28] No space left on device"),
         "OSError: [Errno 28] No space left on device"),
        (f"{HEAD}{PLUGIN}\n{ADVICE}", PLUGIN),
        (unexpected("Service busy; retry later."), "Service busy; retry later."),
        ("Another instance of Certbot is already running.\n" + ADVICE,
         "Another instance of Certbot is already running."),
        (f"{HEAD}Some challenges have failed.\n{ADVICE}", "certbot said nothing"),
        ("Saving debug log to x\n- - - - -\n", "certbot said nothing"),
        ("", "certbot said nothing"),
        (f"{HEAD}\ncertbot took longer than 900 seconds and was ended",
         "certbot took longer than 900 seconds and was ended"),
    ],
    ids=["disk full", "plugin", "busy", "lock", "chatter", "log", "nothing", "too long"],
)  # fmt: skip
def test_anything_else_has_failed_for_the_reason_that_certbot_gives(
    output: str, reason: str
) -> None:
    told = words.outcome(1, output, by_webroot=True)
    assert (told.result, told.reason, told.retry_at) == ("failed", reason, 0.0)


@quickly
@given(st.text(), st.text())
def test_success_needs_no_words(before: str, after: str) -> None:
    told = words.outcome(0, f"{before}{RATE_LIMIT}{after}", by_webroot=True)
    assert (told.result, told.reason, told.retry_at) == ("ok", "", 0.0)


PIECES = st.one_of(
    st.text(),
    st.sampled_from(
        [
            HEAD, ADVICE, RATE_LIMIT, "retry after 9999-99-99 99:99:99 UTC",
            "retry after 0001-01-01 00:00:00 UTC", "too many requests", "\r", "\u2028", "{name}",
            challenges_failed((NAME, "dns", "a\rb\u2028c {x}")),
            "\n  Domain: {0}\n  Type:   dns\n  Detail: \x1c\n",
        ]
    ),
)  # fmt: skip


@quickly
@given(st.lists(PIECES, max_size=8).map("".join), st.integers(1, 255), st.booleans())
@example(challenges_failed((NAME, "dns", "a\rb\u2028c {x}")), 1, True)
def test_any_output_becomes_one_short_line(output: str, code: int, by_webroot: bool) -> None:
    told = words.outcome(code, output, by_webroot=by_webroot)
    assert told.result in {"not yet reachable", "refused", "rate limited", "failed"}
    assert 0 < len(told.reason) <= words.LONGEST
    assert len(told.reason.splitlines()) == 1
