"""What certbot's keeper reads from the rendered project, and what it tells certbot."""

import itertools
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from nvrstack.rendering.render import Material, render
from tests.unit.keeper import wanted
from tests.unit.samples import STACKS, secrets_of, settings_for

WANTED = wanted.Wanted(
    "nvr.example.com", ("nvr.example.com", "b.example.com"), "https://ca", "me@x.de", "ecdsa"
)
SECRET_FILES = ("eab.ini", "dns-credentials")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in SECRET_FILES:
        (tmp_path / name).write_text(f"{name} = t0ken\n")
    return tmp_path


CHANGES: list[dict[str, Any]] = [
    {"name": "x"},
    {"domains": ("nvr.example.com",)},
    {"domains": ("b.example.com", "nvr.example.com")},
    {"server": "https://other"},
    {"email": None},
    {"key_type": "rsa"},
    {"profile": "shortlived"},
    {"authenticator": "dns-ovh"},
    {"options": ("--config", "x")},
    {"environment": (("A", "b"),)},
    {"secrets": ("eab.ini",)},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_any_change_of_the_request_is_noticed(change: dict[str, Any], folder: Path) -> None:
    assert replace(WANTED, **change).digest(folder) != WANTED.digest(folder)
    assert replace(WANTED).digest(folder) == WANTED.digest(folder)


def test_every_field_of_a_request_has_a_change_here() -> None:
    tried = {key for change in CHANGES for key in change}
    assert tried == {field.name for field in fields(wanted.Wanted)}


@pytest.mark.parametrize("name", SECRET_FILES)
def test_another_secret_is_another_request(name: str, folder: Path) -> None:
    request = replace(WANTED, secrets=SECRET_FILES)
    before = request.digest(folder)
    (folder / name).write_text(f"{name} = another\n")
    assert request.digest(folder) != before
    assert "another" not in repr(request)


def pairs(command: list[str]) -> list[tuple[str, str]]:
    return list(itertools.pairwise(command))


def test_certbot_is_told_everything_and_asks_nothing() -> None:
    command = wanted.certbot_command(WANTED, {})
    assert command[:2] == ["certbot", "certonly"]
    assert {"--non-interactive", "--agree-tos", "--keep-until-expiring"} <= set(command)
    assert {"--no-eff-email", "--renew-with-new-domains"} <= set(command)
    for option, value in {
        "--server": "https://ca",
        "--authenticator": "webroot",
        "--cert-name": "nvr.example.com",
        "--key-type": "ecdsa",
        "--webroot-path": "/var/www/webroot",
        "--config-dir": "/etc/letsencrypt",
        "--work-dir": "/tmp/certbot",
        "--logs-dir": "/var/lib/nvrstack/logs",
    }.items():
        assert (option, value) in pairs(command)
    assert "--email=me@x.de" in command
    assert [b for a, b in pairs(command) if a == "--domain"] == list(WANTED.domains)
    assert "--force-renewal" not in command
    without = wanted.certbot_command(replace(WANTED, email=None), {})
    assert "--register-unsafely-without-email" in without
    assert not [word for word in without if word.startswith("--email")]


ISSUED = {"server": "https://ca", "authenticator": "webroot", "key_type": "ecdsa"}


@pytest.mark.parametrize(
    ("issued", "replaces"),
    [
        ({}, False),
        (ISSUED, False),
        # certbot itself asks for another certificate when the kind of key differs.
        ({**ISSUED, "key_type": "rsa"}, False),
        ({**ISSUED, "server": "https://staging"}, True),
        ({**ISSUED, "authenticator": "dns-ovh"}, True),
        ({"server": "https://ca"}, True),
        ({"authenticator": "webroot"}, True),
        ({**ISSUED, "preferred_profile": "shortlived"}, True),
    ],
    ids=str,
)
def test_a_certificate_that_was_got_in_another_way_is_replaced_at_once(
    issued: dict[str, str], replaces: bool
) -> None:
    command = wanted.certbot_command(WANTED, issued)
    # certbot asks before it replaces a trusted certificate by one for trials, unless told.
    assert ("--force-renewal" in command, "--break-my-certs" in command) == (replaces, replaces)
    assert ("--keep-until-expiring" in command) is not replaces


def test_a_dns_challenge_has_no_webroot() -> None:
    options = ("--dns-ovh-credentials", "/etc/nvrstack/certbot/dns-credentials")
    command = wanted.certbot_command(replace(WANTED, authenticator="dns-ovh", options=options), {})
    assert "--webroot-path" not in command
    assert ("--authenticator", "dns-ovh") in pairs(command)
    assert options in pairs(command)


def request_of(stack: str, change: dict[str, Any]) -> wanted.Wanted:
    """What the keeper reads from the rendered project."""
    settings = settings_for(stack, change)
    files = render(settings, STACKS[stack], Material(secrets_of(settings)))
    text = files["certbot/certificates.json"].content.decode()
    (request,) = wanted.read_wanted(text)
    for secret in request.secrets:
        assert files[f"certbot/{secret}"].mode == 0o600
    assert not [value for value in secrets_of(settings).values() if value in text]
    return request


@pytest.mark.parametrize("stack", ["public", "router-ddns"])
def test_the_rendered_request_is_read_as_it_was_set(stack: str) -> None:
    certificate = {"authority": "letsencrypt-staging", "email": "o'neill@nvr.example.com"}
    change = {"site": {"aliases": ["b.example.com"]}, "certificate": certificate}
    request = request_of(stack, change)
    assert request == wanted.Wanted(
        name="nvr.example.com",
        domains=("nvr.example.com", "b.example.com"),
        server="https://acme-staging-v02.api.letsencrypt.org/directory",
        email="o'neill@nvr.example.com",
        key_type="ecdsa",
    )


@pytest.mark.parametrize(
    ("certificate", "server"),
    [
        ({}, "https://acme-v02.api.letsencrypt.org/directory"),
        ({"staging": True}, "https://acme-staging-v02.api.letsencrypt.org/directory"),
        ({"authority": "zerossl", "eab_key_id": "k"}, "https://acme.zerossl.com/v2/DV90"),
        ({"authority": "google", "eab_key_id": "k"}, "https://dv.acme-v02.api.pki.goog/directory"),
        ({"authority": "https://ca.lan/dir"}, "https://ca.lan/dir"),
    ],
)
def test_each_authority_has_its_directory(certificate: dict[str, Any], server: str) -> None:
    assert request_of("router-ddns", {"certificate": certificate}).server == server


FOLDER = "/etc/nvrstack/certbot"


@pytest.mark.parametrize(
    ("certificate", "authenticator", "options", "environment", "secrets"),
    [
        ({"eab_key_id": "k"}, "webroot", ("--config", f"{FOLDER}/eab.ini"), (), ("eab.ini",)),
        (
            {"challenge": "dns-01", "dns_provider": "ovh"},
            "dns-ovh",
            ("--dns-ovh-credentials", f"{FOLDER}/dns-credentials"),
            (),
            ("dns-credentials",),
        ),
        (
            {"challenge": "dns-01", "dns_provider": "rfc2136", "dns_propagation": "2m"},
            "dns-rfc2136",
            (
                "--dns-rfc2136-credentials",
                f"{FOLDER}/dns-credentials",
                "--dns-rfc2136-propagation-seconds",
                "120",
            ),
            (),
            ("dns-credentials",),
        ),
        (
            {"challenge": "dns-01", "dns_provider": "route53"},
            "dns-route53",
            (),
            (("AWS_SHARED_CREDENTIALS_FILE", f"{FOLDER}/dns-credentials"),),
            ("dns-credentials",),
        ),
        (
            {"challenge": "dns-01", "dns_provider": "google", "eab_key_id": "k"},
            "dns-google",
            (
                "--config",
                f"{FOLDER}/eab.ini",
                "--dns-google-credentials",
                f"{FOLDER}/dns-credentials",
            ),
            (),
            ("eab.ini", "dns-credentials"),
        ),
    ],
    ids=["account", "ini", "propagation", "aws", "json and account"],
)
def test_credentials_are_named_by_their_files_alone(
    certificate: dict[str, Any],
    authenticator: str,
    options: tuple[str, ...],
    environment: tuple[tuple[str, str], ...],
    secrets: tuple[str, ...],
) -> None:
    request = request_of("router-ddns", {"certificate": certificate})
    assert (request.authenticator, request.options) == (authenticator, options)
    assert (request.environment, request.secrets) == (environment, secrets)
    command = wanted.certbot_command(request, {})
    assert set(options) <= set(command)


def test_a_wildcard_is_asked_for_by_dns() -> None:
    change = {
        "site": {"aliases": ["*.example.com"]},
        "certificate": {"challenge": "dns-01", "dns_provider": "ovh"},
    }
    request = request_of("router-ddns", change)
    assert request.name == "nvr.example.com"
    assert ("--domain", "*.example.com") in pairs(wanted.certbot_command(request, {}))
