"""The DNS providers for DNS-01: each one's entry, and the check of its credentials."""

import json

import pytest

from nvrstack.resources import shipped
from nvrstack.services.dns_providers import (
    DnsProvider,
    credentials_problem,
    credentials_text,
    dns_providers,
)
from tests.unit.samples import PASSWORD, credentials_of

ALL = dns_providers()
INI = [name for name, provider in ALL.items() if provider.credentials == "ini"]

each = pytest.mark.parametrize("provider", list(ALL.values()), ids=list(ALL))
each_in_lines = pytest.mark.parametrize("name", [n for n in ALL if ALL[n].credentials != "json"])


def test_every_file_is_a_provider_of_that_name() -> None:
    files = {entry.name for entry in shipped("dns-providers").iterdir()}
    assert files == {f"{name}.yaml" for name in ALL}
    assert set(ALL) >= {"cloudflare", "route53", "digitalocean", "gandi", "ovh", "rfc2136"}
    assert list(ALL) == sorted(ALL)


@each
def test_each_says_what_certbot_and_a_person_must_know(provider: DnsProvider) -> None:
    assert provider.title
    assert provider.documentation.startswith("https://")
    assert provider.authenticator.startswith("dns-")
    assert provider.keys
    assert all(provider.keys.values())
    assert set(provider.shown) <= {*provider.keys, *provider.optional}
    assert not set(provider.keys) & set(provider.optional)


@each
def test_each_has_an_image_of_certbots_makers_or_a_package_of_one_version(
    provider: DnsProvider,
) -> None:
    assert (provider.image is None) != (provider.package is None)
    if provider.image is not None:
        assert provider.image == f"certbot/{provider.authenticator}"
    if provider.package is not None:
        name, equals, version = provider.package.partition("==")
        assert name.startswith("certbot-")
        assert equals
        assert version.replace(".", "").isdigit()
    assert provider.repository.partition("/")[2]


@pytest.mark.parametrize("name", INI)
def test_the_keys_are_those_of_the_plugin(name: str) -> None:
    """certbot takes the plugin's name, with underscores, as the prefix of each key."""
    provider = ALL[name]
    prefix = provider.authenticator.replace("-", "_") + "_"
    assert all(key.startswith(prefix) for key in (*provider.keys, *provider.optional))


@pytest.mark.parametrize("provider", list(ALL.values()), ids=list(ALL))
@pytest.mark.parametrize("value", ["t0ken", "a=b==", "a, b # c", "it's", 'say "x"', "$HOME %(x)s"])
def test_credentials_are_accepted_as_they_are_written(provider: DnsProvider, value: str) -> None:
    values = dict.fromkeys(provider.keys, value)
    assert credentials_problem(provider, credentials_text(provider, values)) is None
    further = values | dict.fromkeys(provider.optional, value)
    assert credentials_problem(provider, credentials_text(provider, further)) is None


@each
def test_each_missing_key_is_named_with_what_it_is_and_no_value(provider: DnsProvider) -> None:
    for key, meaning in provider.keys.items():
        values = {k: PASSWORD for k in provider.keys if k != key}
        for given in (values, values | {key: ""}):
            problem = credentials_problem(provider, json_or_lines(provider, given))
            assert problem is not None
            assert key in problem
            assert provider.title in problem
            assert PASSWORD not in problem
            if provider.credentials != "json":
                assert meaning in problem


def json_or_lines(provider: DnsProvider, values: dict[str, str]) -> str:
    """Credentials with empty values too."""
    if provider.credentials == "json":
        return json.dumps(values)
    head = "[default]\n" if provider.credentials == "aws" else ""
    return head + "\n".join(f"{key} = {value}" for key, value in values.items())


@each_in_lines
def test_a_wrong_key_is_answered_with_the_nearest_and_no_value(name: str) -> None:
    provider = ALL[name]
    for key in provider.keys:
        wrong = f"{key[:-2]}{key[-1]}"
        text = credentials_of(provider, PASSWORD).replace(f"{key} =", f"{wrong} =")
        problem = credentials_problem(provider, text)
        assert problem == f"{wrong} is not a key of {provider.title}; did you mean {key}?"


@each_in_lines
def test_a_key_is_spelled_as_the_plugin_does(name: str) -> None:
    provider = ALL[name]
    key = next(iter(provider.keys))
    text = credentials_of(provider, PASSWORD).replace(f"{key} =", f"{key.upper()} =")
    problem = credentials_problem(provider, text)
    assert problem is not None
    assert problem.endswith(f"did you mean {key}?")


@each_in_lines
@pytest.mark.parametrize(
    "text",
    [
        "c2VjcmV0IHNlY3JldA==",
        "c2VjcmV0IHNlY3JldA",
        "[default]\n[default]\nc2VjcmV0IHNlY3JldA = x",
        "c2VjcmV0IHNlY3JldA = x\nc2VjcmV0IHNlY3JldA = x",
        "{c2VjcmV0IHNlY3JldA",
        " c2VjcmV0IHNlY3JldA: x",
    ],
)
@pytest.mark.parametrize("head", ["", "[default]\n"])
def test_a_secret_alone_is_refused_without_showing_it(name: str, text: str, head: str) -> None:
    problem = credentials_problem(ALL[name], f"{head}{text}")
    assert problem is not None
    assert "c2vjc" not in problem.lower()
    assert next(iter(ALL[name].keys)) in problem
    assert len(problem.splitlines()) == 1


@each_in_lines
@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n"])
def test_an_empty_file_has_no_key(name: str, text: str) -> None:
    problem = credentials_problem(ALL[name], text)
    assert problem is not None
    assert next(iter(ALL[name].keys)) in problem


def test_amazons_credentials_have_a_section() -> None:
    text = credentials_of(ALL["route53"])
    assert text.splitlines() == [
        "[default]",
        "aws_access_key_id = t0ken",
        "aws_secret_access_key = t0ken",
    ]
    problem = credentials_problem(ALL["route53"], text.removeprefix("[default]\n"))
    assert problem == (
        "is not readable; expected [default] and lines such as aws_access_key_id = VALUE"
    )
    other = text.replace("[default]", "[nvr]")
    assert credentials_problem(ALL["route53"], other) == problem


@pytest.mark.parametrize("text", ["", "{", "type = x", PASSWORD])
def test_googles_credentials_are_the_file_as_it_was_downloaded(text: str) -> None:
    problem = credentials_problem(ALL["google"], text)
    assert problem is not None
    assert problem.startswith("is not readable as JSON; Google Cloud DNS wants the file as it was")
    assert PASSWORD not in problem


@pytest.mark.parametrize("text", ["[]", "5", '"x"', "null", "{}"])
def test_googles_credentials_have_their_keys(text: str) -> None:
    problem = credentials_problem(ALL["google"], text)
    assert problem is not None
    assert problem.startswith("has no type; ")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("c2VjcmV0+/==", "c2VjcmV0+/=="),
        ("a#b", '"a#b"'),
        ("a,b", '"a,b"'),
        ('"a', "'\"a'"),
    ],
)
def test_what_certbot_would_cut_is_quoted(value: str, written: str) -> None:
    """configobj takes a hash for the begin of a remark, and a comma for that of a list."""
    text = credentials_text(ALL["cloudflare"], {"dns_cloudflare_api_token": value})
    assert text == f"dns_cloudflare_api_token = {written}"
