"""Domain names, e-mail addresses and time zones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from nvrstack.settings import model, names
from tests.unit.samples import DOMAIN_253, LABEL_63
from tests.unit.strategies import quickly


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("nvr.example.com", "nvr.example.com"),
        ("NVR.Example.COM", "nvr.example.com"),
        ("nvr.example.com.", "nvr.example.com"),
        ("  nvr.example.com ", "nvr.example.com"),
        ("überwachung.münchen.de", "xn--berwachung-8db.xn--mnchen-3ya.de"),
        ("faß.de", "xn--fa-hia.de"),
        ("\uff2e\uff36\uff32\uff0eexample\u3002com\u3002", "nvr.example.com"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("nvr", "nvr"),
        ("1and1.com", "1and1.com"),
        (f"{LABEL_63}.com", f"{LABEL_63}.com"),
        (DOMAIN_253, DOMAIN_253),
    ],
)
def test_a_domain_becomes_its_ascii_form(given: str, expected: str) -> None:
    assert names.domain_name(given) == expected
    assert names.domain_name(expected) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("192.168.1.20", "is an IP address"),
        ("192.168.1.20.", "is an IP address"),
        ("192.168.1.20:443", "is an IP address"),
        ("2001:db8::1", "is an IP address"),
        ("[2001:db8::1]", "is an IP address"),
        ("[2001:db8::1]:8443", "is an IP address"),
        ("fe80::1%eth0", "is an IP address"),
        ("[fe80::1%25eth0]:443", "is an IP address"),
        ("1.2.3", "ends in a number"),
        ("nvr.123", "ends in a number"),
        ("nvr.example.com:443", "has a port"),
        ("https://nvr.example.com", "is a URL"),
        ("nvr.example.com/view", "is a URL"),
        ("*.example.com", "is a wildcard"),
        ("my_nvr.example.com", "no host name"),
        ("-nvr.example.com", "no host name"),
        ("nvr-.example.com", "no host name"),
        ("nvr..example.com", "no host name"),
        ("nvr.example.com..", "no host name"),
        (".example.com", "no host name"),
        ("", "no host name"),
        (".", "no host name"),
        ("a b.example.com", "no host name"),
        (f"a{LABEL_63}.com", "no host name"),
        (f"e{DOMAIN_253}", ""),
        (f"{LABEL_63}." * 4 + "com", ""),
        ("xn--a.com", "no host name"),
        ("nvr.example.com;", "no host name"),
        ("nvr.example.com$", "no host name"),
        ("{x}.example.com", "no host name"),
        ("a\u200db.example.com", "no host name"),
        ("nvr\n.example.com", "control character"),
        (7, "expected text in quotes"),
    ],
)
def test_what_is_no_domain_is_refused(given: object, words: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        names.domain_name(given)
    assert words in caught.value.message()


@quickly
@given(st.text(max_size=40))
def test_an_accepted_domain_is_safe_to_write_anywhere(text: str) -> None:
    try:
        name = names.domain_name(text)
    except PydanticCustomError:
        return
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert all(0 < len(label) <= 63 for label in name.split("."))
    assert len(name) <= 253


@pytest.mark.parametrize(
    ("name", "certifiable"),
    [
        ("nvr.example.com", True),
        ("nvr.mylan.de", True),
        ("local.example.org", True),
        ("nvr", False),
        ("nvr.local", False),
        ("nvr.home.arpa", False),
        ("nvr.fritz.lan", False),
        ("localhost", False),
        ("x.internal", False),
    ],
)
def test_names_that_no_public_authority_certifies(name: str, *, certifiable: bool) -> None:
    assert (names.public_suffix_problem(name) is None) == certifiable


@pytest.mark.parametrize(
    "given", ["me@nvr.example.com", "o'neill+nvr@nvr.example.com", "o@münchen.de"]
)
def test_e_mail_addresses_are_accepted(given: str) -> None:
    assert "@" in names.email(given)


@pytest.mark.parametrize(
    "given", ["", "me", "me@", "@example.com", "a b@example.com", "me@example", "me@-.com", 5]
)
def test_what_is_no_e_mail_address_is_refused(given: object) -> None:
    with pytest.raises(PydanticCustomError):
        names.email(given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Europe/Berlin", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
    ],
)
def test_zones_of_the_database_are_accepted(given: str, expected: str) -> None:
    assert names.time_zone(given) == expected


@pytest.mark.parametrize(
    ("given", "mend"),
    [
        ("europe/berlin", "write 'Europe/Berlin'"),
        ("EUROPE/BERLIN", "write 'Europe/Berlin'"),
        ("Europe/Berlim", "did you mean 'Europe/Berlin'?"),
        ("Europe/Belin", "did you mean 'Europe/Berlin'?"),
        ("::Europe/Berlin", "did you mean 'Europe/Berlin'?"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "write Area/City"),
        ("localtime", "not in the time zone database"),
        ("posixrules", "not in the time zone database"),
        ("../../etc/passwd", "write Area/City"),
        ("/usr/share/zoneinfo/UTC", "not in the time zone database"),
        ("Europe", "not in the time zone database"),
        ("", "write Area/City"),
        (1, "expected text in quotes"),
    ],
)
def test_other_zones_are_refused_with_the_way_to_mend_them(given: object, mend: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        names.time_zone(given)
    assert mend in caught.value.message()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("api.example.net", "https://api.example.net"),
        ("http://127.0.0.1:8245", "http://127.0.0.1:8245"),
        ("[2001:db8::1]:443", "https://[2001:db8::1]:443"),
    ],
)
def test_a_server_gets_its_scheme(given: str, expected: str) -> None:
    ddns = model.Ddns.model_validate({"server": given})
    assert ddns.server == expected


@pytest.mark.parametrize(
    "given",
    ["", "a b", "ftp://a", "a/path", "a?q", "a#f", "u@a", "a:0", "a:99999", "a:x", "[::1", "a,b"],
)
def test_what_is_no_server_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="no server"):
        model.Ddns.model_validate({"server": given})
