"""Any settings that are valid, and any text that is odd."""

import re
from typing import Any

from hypothesis import strategies as st

from nvrstack.services.dns_providers import dns_providers
from nvrstack.services.images import DDCLIENT
from nvrstack.services.providers import Provider, providers
from nvrstack.services.releases import is_newer
from nvrstack.settings.load import validate
from nvrstack.settings.model import Settings
from tests.examples import examples
from tests.unit.samples import NAMES, STACKS

quickly = examples(100)
fewer = examples(30)
"""For whole renders."""

TRICKY = st.sampled_from(
    [
        *"$'\"\\#`|%@~,;&*!é💾\u2028\u0085\ufeff",
        *(
            "${HOME}",
            "$$",
            "{{ x }}",
            "{% raw %}",
            "{#",
            "\\n",
            ": ",
            " - ",
            " #",
            "<<",
            "&a",
            "!!str",
        ),
    ]
)
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"])
ODD_TEXT = st.lists(st.one_of(TRICKY, CHARACTERS), max_size=12).map("".join)
PRINTABLE_TEXT = ODD_TEXT.map(lambda text: text.replace("\u0085", ""))
"""Without the control characters that settings and passwords may not have."""

LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(
    lambda label: label[2:4] != "--"
)
DOMAIN = st.builds("{}.example.com".format, LABEL)
IDS = st.integers(1, 2**32 - 2)
PORTS = st.integers(1, 65535)
RATE = st.integers(1, 6000)
DURATION = st.builds("{}{}".format, st.integers(1, 999_999), st.sampled_from("mhd"))
ADDRESS = st.builds("192.168.{}.{}".format, st.integers(0, 255), st.integers(1, 254))
SUBNET = st.builds(
    "10.{}.{}.{}/29".format, *[st.integers(0, 255)] * 2, st.sampled_from([0, 8, 248])
)
ZONE = st.sampled_from(["Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+1", "UTC"])
IMAGE = st.builds(
    "{}/{}:{}".format,
    st.sampled_from(["registry.example:5000", "localhost", "me"]),
    st.from_regex(r"[a-z0-9]{1,5}([._-][a-z0-9]{1,5})?", fullmatch=True),
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,9}", fullmatch=True).filter(
        lambda t: t != "latest"
    ),
)
NGINX_IMAGE = IMAGE.filter(lambda image: not re.search(r":v?\d+\.\d+", image))
"""Without a version, which might be too old."""
UNVERSIONED = IMAGE.filter(lambda image: not is_newer("999.0.0", image))
"""Images whose age nobody can tell, so that none is too old."""


def _is_component(name: str) -> bool:
    return name not in {"", ".", ".."} and "/" not in name


PATH = st.lists(PRINTABLE_TEXT.filter(_is_component), min_size=1, max_size=3).map("/".join)


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


@st.composite
def any_settings(draw: st.DrawFn, stack: str | None = None) -> Settings:
    """Valid settings of a stack, with every key possibly given."""
    stack = stack or draw(st.sampled_from(NAMES))
    *names, further = draw(st.lists(DOMAIN, min_size=2, max_size=5, unique=True))
    ports = draw(st.lists(PORTS, min_size=2, max_size=2, unique=True))
    samples = draw(st.lists(PATH, max_size=3))
    state = draw(PATH)
    data: dict[str, Any] = {
        "schema": 1,
        "stack": stack,
        "project": {"name": "a-1_b", "uid": draw(IDS), "gid": draw(IDS)},
        "site": {
            "domain": names[0],
            "aliases": [*names[1:], *draw(_wildcards(stack))],
            "short_names": draw(st.lists(LABEL, max_size=2, unique=True)),
            "http_port": ports[0],
            "https_port": ports[1],
            **draw(_optional(public_https_port=PORTS, bind=st.lists(ADDRESS, max_size=2))),
        },
        "certificate": draw(_certificate(stack)),
        "ddns": draw(_ddns() if stack == "public" else st.just({})),
        "moonfire": {
            "uid": draw(IDS),
            "gid": draw(IDS),
            "timezone": draw(ZONE),
            "state_dir": draw(st.sampled_from([f"data/{state}", f"/srv/state/{state}"])),
            "sample_dirs": [f"/media/{index}/{path}" for index, path in enumerate(samples)],
            **draw(_optional(memory_limit=st.sampled_from(["64m", "2g", "999999g"]))),
        },
        "network": {"backend_subnet": draw(SUBNET), **draw(_optional(lan_address=ADDRESS))},
        "access": draw(_optional(hsts=DURATION, login_rate=RATE, login_rate_of_all=RATE)),
        "proxy": draw(_optional(workers=st.integers(1, 8))),
        "sites": draw(st.lists(_further_site(further), max_size=1)),
        "images": draw(_optional(nginx=NGINX_IMAGE, certbot=IMAGE, ddclient=UNVERSIONED)),
    }
    return validate(data, "nvrstack.toml", STACKS)


def _wildcards(stack: str) -> st.SearchStrategy[list[str]]:
    names = st.builds("*.{}".format, DOMAIN)
    fits = stack in {"dns-challenge", "own-certificate"}
    return st.lists(names, max_size=1) if fits else st.just([])


def _further_site(domain: str) -> st.SearchStrategy[dict[str, Any]]:
    schemes = st.sampled_from(["http", "https"])
    named = st.one_of(LABEL, DOMAIN)
    usual = {"websocket": st.booleans(), "body_size": st.sampled_from(["0", "1k", "999999g"])}
    hosts = st.sampled_from(["visitor", "upstream"])
    verified = st.fixed_dictionaries(
        {
            "domain": st.just(domain),
            "upstream": st.builds("{}://{}:{}".format, schemes, named, PORTS),
        },
        optional={"verify_tls": st.booleans(), "host": hosts, **usual},
    )
    # An address can be verified by no certificate.
    unverified = st.fixed_dictionaries(
        {
            "domain": st.just(domain),
            "upstream": st.builds("{}://{}:{}".format, schemes, ADDRESS, PORTS),
            "verify_tls": st.just(value=False),
        },
        optional=usual,
    )
    return st.one_of(verified, unverified)


def without_useless_wait(certificate: dict[str, Any]) -> dict[str, Any]:
    """Without what a plugin that waits by itself refuses."""
    useless = certificate.get("dns_provider") == "route53"
    return {k: v for k, v in certificate.items() if not (useless and k == "dns_propagation")}


def _certificate(stack: str) -> st.SearchStrategy[dict[str, Any]]:
    if stack == "lan":
        return st.just({})
    if stack == "own-certificate":
        return st.just({"chain_file": "own.pem", "key_file": "own.key"})
    account = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
    common = {
        "email": st.sampled_from(["me@nvr.example.com", "o'neill+nvr@nvr.example.com"]),
        "key_type": st.sampled_from(["ecdsa", "rsa"]),
        "profile": st.sampled_from(["classic", "tlsserver", "shortlived"]),
    }
    by_dns = {
        "challenge": st.just("dns-01"),
        "dns_provider": st.sampled_from(list(dns_providers())),
    }
    needed = by_dns if stack == "dns-challenge" else {}
    usual = st.fixed_dictionaries(
        {**needed, "authority": st.just("letsencrypt")},
        optional={**common, "staging": st.booleans()},
    )
    bound = st.fixed_dictionaries(
        {
            **by_dns,
            "authority": st.sampled_from(["zerossl", "google"]),
            "eab_key_id": account,
        },
        optional={**common, "dns_propagation": st.builds("{}s".format, st.integers(0, 600))},
    ).map(without_useless_wait)
    private = st.fixed_dictionaries(
        {
            **needed,
            "authority": st.just("https://ca.example:9000/dir?a=$b&c='{{ d }}'".replace(" ", "")),
        },
        optional={**common, "authority_root": PATH, "eab_key_id": account},
    )
    return st.one_of(usual, bound, private)


PROVIDERS = [
    provider
    for provider in providers().values()
    if provider.key("password") == "password"
    and not provider.password_file
    and not is_newer(provider.since, DDCLIENT)
]
"""Those of the pinned ddclient to whom any text may be the password."""


def _login(provider: Provider) -> st.SearchStrategy[str]:
    """Anything, unless it names the zone."""
    if provider.zone_setting == "login":
        return st.just("Example.com")
    return st.from_regex(r"[a-zA-Z0-9@.'\"\\$+&{}%!-]{1,12}", fullmatch=True)


@st.composite
def _ddns(draw: st.DrawFn) -> dict[str, Any]:
    provider = draw(st.sampled_from(PROVIDERS))
    given = {"server": "http://127.0.0.1:8245", "zone": "example.com", "ttl": "10m"}
    families = [["ipv4"], *([["ipv6"], ["ipv6", "ipv4"]] if provider.ipv6 else [])]
    source: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [
            {"interface": "ppp0"},
            {"router_page": 'http://192.168.1.1/?a=1&b="', "router_text": "it's <b>WAN</b>"},
            {"address_services": ["https://a.example/?x=1&y=%20", "http://b.example"]},
            {},
        ]
    )
    hosts = st.lists(LABEL, min_size=1, max_size=2, unique=True)
    end = provider.host_suffix or ".example.com"
    return {
        "provider": provider.name,
        **({"login": draw(_login(provider))} if provider.login else {}),
        **{key: given[key] for key in provider.keys},
        "hosts": [f"{label}{end}" for label in draw(hosts)],
        **draw(_optional(families=st.sampled_from(families), interval=DURATION)),
        **draw(source),
    }
