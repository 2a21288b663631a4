"""Wrong settings files: each is refused in one sentence that names key and line."""

import re
from pathlib import Path, PurePosixPath

import pytest

from nvrstack.settings.model import Settings
from nvrstack.settings.problems import SettingsError
from tests.unit.commands import nvrstack, tree
from tests.unit.samples import DOMAIN_253, GOOD, settings_for

KNOWN = "dns-challenge, lan, own-certificate, public, router-ddns"

WRONG = [
    ("schema", "schema = 2", "install the nvrstack that wrote it"),
    ("schema", "schema = 0", "expected 1"),
    ("schema", 'schema = "1"', "expected 1"),
    ("schema", "schema = true", "expected 1"),
    ("stack", 'stack = "pubic"', "did you mean public?"),
    ("stack", "stack = 7", f"expected one of {KNOWN}"),
    ("site.domain", 'domain = "192.168.1.2"', "IP address"),
    ("site.domain", 'domain = "[2001:db8::1]:443"', "IP address"),
    ("site.domain", 'domain = "https://x.example.com"', "is a URL"),
    ("site.domain", 'domain = "x.example.com:8443"', "has a port"),
    ("site.domain", 'domain = "*.example.com"', "wildcard"),
    ("site.domain", 'domain = "my_nvr.example.com"', "host name"),
    ("site.domain", 'domain = "nvr"', "has no dot"),
    ("site.domain", 'domain = "nvr.local"', "ends in .local"),
    ("site.domain", 'domain = ""', "no host name"),
    ("site.domain", "domain = 5", "expected text in quotes"),
    ("site.domain", "domain = 2026-01-01", "expected text in quotes"),
    ("site.domain", "domain = {a = 1}", "expected text in quotes"),
    ("site.domain", 'domain = "a.example\\n.com"', "control character"),
    ("site.aliases[0]", 'aliases = ["nvr.example.com"]', "once"),
    ("site.aliases", 'aliases = "a.example.com"', "a list"),
    ("site.http_port", "http_port = 0", "1 to 65535"),
    ("site.https_port", "https_port = 65536", "65535"),
    ("site.http_port", 'http_port = "80"', "without quotes"),
    ("site.http_port", "http_port = true", "whole number"),
    ("site.https_port", "http_port = 443", "two ports"),
    ("site.bind[0]", 'bind = ["0.0.0.0"]', "leave it out"),
    ("site.bind[0]", 'bind = ["::1"]', "no IPv4 address"),
    ("site.short_names[0]", 'short_names = ["a.b"]', "dot"),
    ("moonfire.timezone", 'timezone = "Europe/Berlim"', "Berlin"),
    ("moonfire.timezone", 'timezone = "europe/berlin"', "'Europe/Berlin'"),
    ("moonfire.timezone", 'timezone = "../etc/passwd"', "zone database"),
    ("moonfire.uid", "uid = 0", "is root"),
    ("moonfire.uid", "uid = -1", "an id from 1"),
    ("moonfire.uid", "uid = 4294967295", "an id from 1"),
    ("moonfire.uid", 'uid = "moonfire"', "whole number"),
    ("moonfire.uid", "uid = 99.8", "whole number"),
    ("moonfire.uid", "uid = nan", "whole number"),
    ("moonfire.state_dir", 'state_dir = "../x"', "without '..'"),
    ("moonfire.state_dir", 'state_dir = "."', "below data/"),
    ("moonfire.state_dir", 'state_dir = "nginx/db"', "below data/"),
    ("moonfire.state_dir", 'state_dir = "/etc/x"', "belongs to the system"),
    ("moonfire.state_dir", 'state_dir = "//etc/x"', "the system"),
    ("moonfire.sample_dirs[0]", 'sample_dirs = ["a"]', "absolute"),
    ("moonfire.sample_dirs[1]", 'sample_dirs = ["/m/a", "/m/a/b"]', "inside"),
    ("moonfire.sample_dirs[0]", 'sample_dirs = ["/var"]', "the system"),
    ("moonfire.sample_dirs[0]", 'sample_dirs = ["/var/lib/moonfire-nvr"]', "state directory"),
    ("moonfire.memory_limit", 'memory_limit = "1GB"', "512m"),
    ("moonfire.memory_limit", 'memory_limit = "63m"', "64m"),
    ("moonfire.version", 'version = "v0.7.18"', "never published"),
    ("moonfire.version", 'version = "0.7.30"', "v0.7.30"),
    ("moonfire.image", 'image = "x/y:1"', "without a tag"),
    ("network.backend_subnet", 'backend_subnet = "8.8.8.0/29"', "private"),
    ("network.backend_subnet", 'backend_subnet = "10.0.0.1/29"', "host bits"),
    ("network.backend_subnet", 'backend_subnet = "10.0.0.0/30"', "/16 to /29"),
    ("network.backend_subnet", 'lan_address = "172.31.255.2"', "own address"),
    ("site.allases", 'allases = ["a"]', "did you mean aliases?"),
    ("http_port", "http_port = 80", "is not a setting"),
    ("ddns.password", 'password = "x"', "secrets/ddns_password"),
    ("images", "images = 3", "a section"),
    ("certificate.key_type", 'key_type = "dsa"', "'ecdsa', 'rsa'"),
    ("certificate.authority", 'authority = "http://ca"', "https://"),
    ("certificate.authority", 'authority = "https://[::"', "no URL"),
    ("certificate.authority", 'authority = "local"', "the stack lan"),
    ("certificate.authority_root", 'authority_root = "a.pem"', "remove it"),
    ("certificate.email", 'email = "me.example.com"', "no e-mail address"),
    ("certificate.email", 'email = "grüße@nvr.example.com"', "no e-mail address"),
    ("certificate.email", 'email = "me@example.com"', "nobody's address"),
    ("site.domain", f'domain = "{DOMAIN_253[6:]}"', "247 characters long; as names of files, 246"),
    ("site.redirects[0]", f'redirects = ["{DOMAIN_253[11:]}"]', "as names of files, 241 are"),
    (
        "site.aliases[99]",
        f"aliases = {[f'{n}.example.com' for n in range(100)]}".replace("'", '"'),
        "is name 101 of 101 in one certificate, and authorities allow 100",
    ),
    ("certificate.authority", 'authority = "files"', "the stack own-certificate"),
    ("certificate.authority", 'authority = "letsencript"', "letsencrypt, letsencrypt-staging, zer"),
    ("certificate.chain_file", 'authority = "files"', "needs the path of it"),
    ("certificate.key_file", 'authority = "files"', "needs the path of it"),
    ("certificate.chain_file", 'chain_file = "a.pem"', 'is only for the authority "files"; remove'),
    ("certificate.key_file", 'key_file = "a.pem"', 'is only for the authority "files"; remove it'),
    ("certificate.chain_file", 'chain_file = "../a.pem"', "without '..'"),
    ("certificate.key_file", "key_file = 5", "expected text in quotes"),
    ("certificate.staging", "staging = 1", "expected true or false"),
    ("certificate.staging", 'staging = "true"', "expected true or false"),
    ("certificate.profile", 'profile = "short"', "'classic', 'tlsserver', 'shortlived'"),
    ("certificate.challenge", 'challenge = "tls-alpn-01"', "'http-01', 'dns-01'"),
    ("certificate.dns_provider", 'challenge = "dns-01"', "is missing; expected one of cloudflare"),
    ("certificate.dns_provider", 'dns_provider = "ovhh"', "is not known; expected one of cloudf"),
    ("certificate.dns_provider", "dns_provider = true", "expected text in quotes"),
    ("certificate.dns_propagation", 'dns_propagation = "60s"', 'the challenge "dns-01"; remove it'),
    ("certificate.dns_propagation", "dns_propagation = 60", '"30d"'),
    ("certificate.dns_propagation", 'dns_propagation = "1 min"', '"30d"'),
    ("certificate.eab_key_id", 'authority = "zerossl"', "in your account there"),
    ("certificate.eab_key_id", 'authority = "google"', "in your account there"),
    ("certificate.eab_key_id", 'eab_key_id = "a b"', "copy it from the authority's page"),
    ("certificate.eab_key_id", 'eab_key_id = ""', "copy it from the authority's page"),
    ("certificate.eab_key_id", "eab_key_id = 17", "expected text in quotes"),
    ("certificate.eab_hmac_key", 'eab_hmac_key = "x"', "secrets never stand in the settings"),
    ("certificate.dns_token", 'dns_token = "x"', "secrets never stand in the settings"),
    ("certificate.dns_providr", 'dns_providr = "x"', "did you mean dns_provider?"),
    ("site.aliases[0]", 'aliases = ["*.example.com"]', 'set certificate.challenge to "dns-01"'),
    ("site.aliases[0]", 'aliases = ["*.com"]', "such as *.example.com"),
    ("site.aliases[0]", 'aliases = ["*"]', "wildcard"),
    ("site.aliases[0]", 'aliases = ["a.*.example.com"]', "wildcard"),
    ("site.aliases[0]", 'aliases = ["*.*.example.com"]', "wildcard"),
    ("site.aliases[0]", 'aliases = ["*.home.arpa"]', "exists on no public name server"),
    ("site.redirects[0]", 'redirects = ["*.example.com"]', "wildcard; name each host"),
    ("ddns.hosts[0]", 'hosts = ["*.example.com"]', "wildcard; name each host"),
    ("ddns.updater", 'updater = "ddclient"', "the stack public"),
    ("ddns.provider", 'provider = "godady"', "is not known"),
    ("ddns.interval", 'interval = "59s"', "than a minute"),
    ("ddns.interval", "interval = 300", '"30d"'),
    ("ddns.server", 'server = "a b"', "no server"),
    ("ddns.ttl", 'ttl = "9d"', "5m to 1d"),
    ("ddns.families[0]", 'families = ["ipv5"]', "'ipv4', 'ipv6'"),
    ("ddns.families", 'families = ["ipv4", "ipv4"]', "each once"),
    ("ddns.families", "families = []", "each once"),
    ("ddns.address_services[0]", 'address_services = ["ipify"]', "no URL"),
    ("ddns.address_services", "address_services = []", "at least one"),
    ("ddns.router_page", 'router_page = "192.168.1.1"', "no URL"),
    ("ddns.router_text", 'router_text = "WAN"', "router_page, which is missing"),
    ("ddns.router_login", 'router_login = "me"', "router_page, which is missing"),
    ("ddns.interface", 'interface = "a b"', "no network interface"),
    ("ddns.interface", 'interface = "eth0"\nrouter_page = "http://a"', "one of the two"),
    ("ddns.address_service", 'address_service = "x"', "did you mean address_services?"),
    ("images.nginx", 'nginx = "nginx:latest"', "name a version"),
    ("images.nginx", 'nginx = "nginx"', "name:tag"),
    ("images.nginx", 'nginx = "nginx:1.29.2-alpine-slim"', "is older than 1.29.3; use nginx:"),
    ("images.nginx", 'nginx = "nginx:1.28"', "is older than 1.29.3"),
    ("images.nginx", 'nginx = "nginx:1.28-alpine3.21-slim"', "is older than 1.29.3"),
    ("images.nginx", 'nginx = "ghcr.io/me/nginx:v1.27-perl"', "is older than 1.29.3"),
    ("access.login_rate", "login_rate = 0", "requests a minute"),
    ("access.login_rate_of_all", "login_rate_of_all = 6001", "requests a minute"),
    ("proxy.workers", "workers = 0", "1 to 8 processes"),
    ("proxy.workers", 'workers = "auto"', "without quotes"),
    ("project.name", 'name = "My NVR"', "Compose project"),
]
"""A key, the line that is put into its section, and words of the sentence about it."""

EDITED = [
    ("sit", "[site]", "[sit]", "did you mean site?"),
    ("site", "[site]", "[[site]]", "expected a section"),
    ("site.domain", 'domain = "nvr.example.com"', "", "is missing; the stack router-ddns needs it"),
    ("moonfire.timezone", 'timezone = "Europe/Berlin"', "", "is missing"),
    ("stack", 'stack = "router-ddns"', "", f"is missing; expected one of {KNOWN}"),
    ("schema", "schema = 1", "", "is missing"),
]
"""A key, what is replaced by what, and words of the sentence."""


def with_line(key: str, line: str) -> str:
    """GOOD with a line in the section of `key`: in place of the one with that name, if any."""
    section, _, _ = key.rpartition(".")
    head, header, rest = GOOD.partition(f"[{section}]\n") if section else ("", "", GOOD)
    if not header and section:
        return f"{GOOD}\n[{section}]\n{line}\n"
    name = line.partition(" = ")[0]
    body, blank, others = rest.partition("\n\n")
    kept = [other for other in body.split("\n") if not other.startswith(f"{name} = ")]
    return head + header + "\n".join([line, *kept]) + blank + others


def place_of(key: str, text: str) -> str:
    """How the sentence about `key` begins: with its line, its section's, or none."""
    section, _, name = key.partition("[")[0].rpartition(".")
    inside = not section
    place = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("["):
            inside = line.strip("[]") == section
            place = f"line {number}: " if line.strip("[]") in {section, name} else place
        elif inside and line.startswith(f"{name} ="):
            return f"  line {number}: {key}: "
    return f"  {place}{key}: "


def assert_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    (tmp_path / "nvrstack.toml").write_text(text)
    before = tree(tmp_path)
    outcome = nvrstack("--project", tmp_path, "render", "--yes")
    assert (outcome.code, outcome.stdout) == (2, "")
    lines = outcome.stderr.splitlines()
    sentences = [line for line in lines if line.startswith(place_of(key, text))]
    assert sentences, outcome.stderr
    assert words in sentences[0]
    assert "Traceback" not in outcome.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize(("key", "line", "words"), WRONG, ids=[line for _, line, _ in WRONG])
def test_a_wrong_value_is_refused_by_key_and_line_and_nothing_is_written(
    key: str, line: str, words: str, tmp_path: Path
) -> None:
    assert_refused(tmp_path, with_line(key, line), key, words)


@pytest.mark.parametrize(("key", "old", "new", "words"), EDITED)
def test_a_missing_or_misplaced_key_is_named(
    key: str, old: str, new: str, words: str, tmp_path: Path
) -> None:
    assert old in GOOD
    assert_refused(tmp_path, GOOD.replace(old, new), key, words)


@pytest.mark.parametrize(
    ("key", "lines", "words"),
    [
        ("authority", 'authority = "zerossl"\nstaging = true\neab_key_id = "k"', None),
        ("staging", 'authority = "zerossl"\nstaging = true\neab_key_id = "k"', "letsencrypt"),
        ("staging", 'authority = "letsencrypt-staging"\nstaging = true', "remove it"),
        ("staging", 'authority = "https://ca.example/dir"\nstaging = true', "remove it"),
        ("authority_root", 'authority = "google"\nauthority_root = "r.pem"', "https:// address"),
        ("dns_provider", 'challenge = "dns-01"\ndns_provider = "cloudflair"', "is not known; exp"),
        ("dns_propagation", 'challenge = "http-01"\ndns_propagation = "1m"', "remove it"),
        ("dns_propagation", 'challenge = "dns-01"\ndns_propagation = "601s"', "at most"),
        (
            "dns_propagation",
            'challenge = "dns-01"\ndns_provider = "route53"\ndns_propagation = "1m"',
            "waits by itself",
        ),
    ],
)
def test_settings_of_a_certificate_that_do_not_fit_together_are_refused(
    key: str, lines: str, words: str | None, tmp_path: Path
) -> None:
    text = f"{GOOD}\n[certificate]\n{lines}\n"
    if words is None:
        # What is right beside the mistake is not complained of.
        (tmp_path / "nvrstack.toml").write_text(text)
        outcome = nvrstack("--project", tmp_path, "render", "--yes")
        assert f"certificate.{key}: " not in outcome.stderr
        assert "1 problem\n" in outcome.stderr
        return
    assert_refused(tmp_path, text, f"certificate.{key}", words)


@pytest.mark.parametrize(
    ("stack", "key", "lines", "words"),
    [
        ("dns-challenge", "dns_provider", "", "is missing; the stack dns-challenge needs it"),
        ("dns-challenge", "dns_provider", 'dns_provider = "ovhh"', "is not known"),
        ("own-certificate", "chain_file", 'key_file = "k"', "the stack own-certificate needs it"),
        ("own-certificate", "key_file", 'chain_file = "c"', "the stack own-certificate needs it"),
        ("own-certificate", "authority", 'authority = "letsencrypt"', "runs no certbot; set it to"),
        ("own-certificate", "eab_key_id", 'eab_key_id = "k"', "an authority that certbot asks"),
        ("own-certificate", "dns_provider", 'dns_provider = "ovh"', "remove it"),
        (
            "lan",
            "authority",
            'authority = "google"\neab_key_id = "k"',
            "runs no certbot; set it to",
        ),
        ("lan", "dns_propagation", 'dns_propagation = "1m"', "remove it"),
        ("lan", "staging", "staging = true", "remove it"),
        ("lan", "profile", 'profile = "classic"', "remove it"),
        ("public", "authority", 'authority = "local"', "use the stack lan"),
    ],
)
def test_settings_of_a_certificate_fit_the_stack(
    stack: str, key: str, lines: str, words: str, tmp_path: Path
) -> None:
    text = GOOD.replace("router-ddns", stack)
    text += f"\n[certificate]\n{lines}\n" if lines else ""
    assert_refused(tmp_path, text, f"certificate.{key}", words)


def test_recordings_have_no_mount_of_their_own_in_the_mounted_state_directory() -> None:
    def mounted(state: str, recordings: str) -> Settings:
        moonfire = {"state_dir": state, "sample_dirs": (recordings,)}
        return settings_for("router-ddns", {"moonfire": moonfire})

    usual = "/var/lib/moonfire-nvr"
    with pytest.raises(SettingsError, match="lies in the state directory"):
        mounted(usual, f"{usual}/sample")
    # Moonfire knows its directories by their paths inside, where the state directory is another.
    for recordings in ("/ssd/nvr/sample", f"{usual}/sample"):
        assert mounted("/ssd/nvr", recordings).moonfire.sample_dirs == (PurePosixPath(recordings),)


def test_a_certbot_without_profiles_is_told(tmp_path: Path) -> None:
    text = f'{GOOD}\n[certificate]\nprofile = "shortlived"\n\n[images]\n'
    assert_refused(
        tmp_path,
        f'{text}certbot = "certbot/certbot:v3.3.0"\n',
        "images.certbot",
        "no certificate.pro",
    )


def test_short_lived_certificates_have_fewer_names(tmp_path: Path) -> None:
    names = [f"{number}.example.com" for number in range(25)]
    text = GOOD.replace("[site]\n", f"[site]\naliases = {names}\n".replace("'", '"'), 1)
    text += '\n[certificate]\nprofile = "tlsserver"\n'
    assert_refused(tmp_path, text, "site.aliases[24]", "name 26 of 26 in one certificate")


def test_a_certbot_by_its_digest_has_no_plugin(tmp_path: Path) -> None:
    image = f"certbot/certbot:v5.6.0@sha256:{'0' * 64}"
    text = GOOD.replace("router-ddns", "dns-challenge")
    text += f'\n[certificate]\ndns_provider = "ovh"\n\n[images]\ncertbot = "{image}"\n'
    assert_refused(tmp_path, text, "images.certbot", "leave the digest away")


SITE = '\n[[sites]]\ndomain = "nas.example.com"\nupstream = "http://192.168.1.30:5000"\n'


@pytest.mark.parametrize(
    ("key", "old", "new", "words"),
    [
        ("domain", "nas.example.com", "nas", "has no dot"),
        ("domain", "nas.example.com", "nvr.example.com", "given more than once"),
        ("domain", "nas.example.com", DOMAIN_253[7:], "as names of files, 245 are possible"),
        ("upstream", "http://192.168.1.30:5000", "ftp://a:21", "no upstream"),
        ("upstream", "http://192.168.1.30:5000", "http://[::1", "no upstream"),
        ("upstream", "http://192.168.1.30:5000", "http://300.1.1.1:80", "no upstream"),
        ("upstream", "http://192.168.1.30:5000", "http://a..b:80", "no upstream"),
        ("upstream", "http://192.168.1.30:5000", "http://a/path", "no upstream"),
        ("upstream", "http://192.168.1.30:5000", "http://me@a:80", "no upstream"),
        ("upstream", "http://192.168.1.30:5000", "192.168.1.30:5000", "no upstream"),
        ("upstream", "192.168.1.30:5000", "172.31.255.3:8080", "Moonfire's own network"),
        ("body_size", "\n[[", '\n[[sites]]\nbody_size = "1x"\n[[', "no size"),
        ("colour", "\n[[", "\n[[sites]]\ncolour = 1\n[[", "is not a setting"),
    ],
)
def test_a_wrong_further_site_is_refused_by_its_number(
    key: str, old: str, new: str, words: str, tmp_path: Path
) -> None:
    text = GOOD + SITE.replace(old, new)
    (tmp_path / "nvrstack.toml").write_text(text)
    outcome = nvrstack("--project", tmp_path, "render", "--yes")
    assert outcome.code == 2
    (sentence,) = [s for s in outcome.stderr.splitlines() if f": sites[0].{key}: " in s]
    assert words in sentence
    number = text[: text.index(f"\n{key} = ", len(GOOD))].count("\n") + 2
    assert sentence.startswith(f"  line {number}: ")
    assert sorted(tree(tmp_path)) == ["nvrstack.toml"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"schema = 1\nstack = \n", "line 2"),
        (b'schema = 1\nschema = 1\nstack = "lan"\n', "line 2"),
        (b"\xff\xfe", "UTF-8"),
        (b"", "schema: is missing"),
        (b"schema = 1\n[site\n", "line 2"),
    ],
    ids=["no value", "key twice", "not UTF-8", "empty", "header not closed"],
)
def test_a_file_that_is_not_toml_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "nvrstack.toml").write_bytes(content)
    outcome = nvrstack("--project", tmp_path, "render", "--yes")
    assert outcome.code == 2
    assert words in outcome.stderr
    assert sorted(tree(tmp_path)) == ["nvrstack.toml"]


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    text = GOOD
    for old, new in {
        'stack = "router-ddns"': 'stack = "lam"',
        "uid = 998": "uid = 0",
        'domain = "nvr.example.com"': 'domain = "1.2.3.4"\nhttp_prot = 80',
        'state_dir = "data/moonfire"': "",
        '"Europe/Berlin"': "5",
        "172.31.255.0/29": "8.8.8.0/24",
    }.items():
        text = text.replace(old, new)
    (tmp_path / "nvrstack.toml").write_text(text)
    outcome = nvrstack("--project", tmp_path, "render")
    assert "nvrstack.toml: 7 problems" in outcome.stderr
    assert set(re.findall(r"^  (?:line \d+: )?([a-z_.]+): ", outcome.stderr, re.MULTILINE)) == {
        "moonfire.state_dir",
        "moonfire.timezone",
        "moonfire.uid",
        "network.backend_subnet",
        "site.domain",
        "site.http_prot",
        "stack",
    }


def test_rules_on_good_values_speak_beside_bad_values(tmp_path: Path) -> None:
    text = with_line("site.http_port", "http_port = 443").replace("uid = 998", "uid = 0")
    (tmp_path / "nvrstack.toml").write_text(text)
    outcome = nvrstack("--project", tmp_path, "render")
    assert "site.https_port: is 443, as site.http_port is" in outcome.stderr
    assert "moonfire.uid: is 0" in outcome.stderr
