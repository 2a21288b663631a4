"""Settings at the edges of what is allowed."""

from collections.abc import Iterator, Mapping
from typing import Any

from nvrstack.services.images import DDCLIENT
from nvrstack.services.providers import providers
from nvrstack.services.releases import is_newer

Change = Mapping[str, Any]

SECRETS = {
    "nsupdate": 'key "ddns" { algorithm hmac-sha256; secret "c2VjcmV0"; };',
    "porkbun": "sk1_0123456789abcdef",
}
"""Those that must have a certain form."""

LABEL = "a" * 63
LONGEST_NAME = f"{LABEL}.{'b' * 63}.{'c' * 63}.{'d' * 57}.com"
"""253 characters, the longest that a host name may have."""
LONGEST_DOMAIN = LONGEST_NAME[7:]
"""246 characters, the longest after which certbot can name its files."""

ODD_DIRECTORIES = [
    "/media/my disk/with  two spaces",
    "/media/$HOME/${PWD}/$$",
    '/media/it\'s "quoted"',
    "/media/back\\slash\\n",
    "/media/{braces}/{{jinja}}/{% x %}",
    "/media/größe/Диск/ディスク/💾",
    "/media/a:b,c;d#e&f*g!h|i%j@k`l",
    "/media/- dash: yes",
    "/media/~tilde",
    "/media/trailing space ",
    "/media/[list]",
    "/media/<<merge",
    "/media/null/true/0x10",
    "/media/\u2028line\ufeffseparator",
]

MANY_NAMES: Change = {
    "site": {"aliases": [f"alias-{number}.of.a.camera.example.com" for number in range(50)]}
}
LONG_NAMES: Change = {
    "site": {
        "domain": LONGEST_DOMAIN,
        "aliases": [f"{'x' * 61}{n:02}.{LONGEST_NAME[64:]}" for n in range(50)],
        "short_names": ["s" * 63, "nvr", "cameras"],
    }
}
UNICODE_NAME: Change = {"site": {"domain": "überwachung.münchen.example.com"}}
ODD_PATHS: Change = {
    "moonfire": {"state_dir": "/srv/Moon fire/$1 {x}", "sample_dirs": ODD_DIRECTORIES}
}
PORTS: Change = {
    "project": {"name": "a-1_b", "uid": 2**32 - 2, "gid": 2**32 - 2},
    "site": {
        "http_port": 1,
        "https_port": 65535,
        "public_https_port": 8443,
        "bind": ["192.168.1.20", "127.0.0.1", "10.255.255.254"],
    },
    "network": {"backend_subnet": "10.210.0.0/16", "lan_address": "192.168.1.20"},
    "moonfire": {"memory_limit": "64m", "uid": 2**32 - 2},
}
LOW: Change = {
    "access": {"hsts": "0s", "login_rate": 1},
    "proxy": {"workers": 1},
    "moonfire": {"memory_limit": "999999g", "version": "v0.7.10"},
    "network": {"backend_subnet": "192.168.255.248/29"},
}
HIGH: Change = {
    "access": {"hsts": "999999d", "login_rate": 6000, "login_rate_of_all": 6000},
    "proxy": {"workers": 8},
}
DIGESTS: Change = {
    "images": {
        name: f"registry.example:5000/{name}:2.0@sha256:{'0' * 64}" for name in ("nginx", "certbot")
    }
}
OTHER_AUTHORITY: Change = {
    "certificate": {
        "authority": "https://ca.example:9000/acme/acme/directory?a=1&b=$x",
        "authority_root": "/etc/ssl/my root.pem",
        "key_type": "rsa",
        "email": "o'neill+nvr@nvr.example.com",
    }
}
STAGING: Change = {"certificate": {"authority": "letsencrypt-staging"}}

ANY_STACK: Mapping[str, Change] = {
    "defaults": {},
    "many names": MANY_NAMES,
    "long names": LONG_NAMES,
    "unicode name": UNICODE_NAME,
    "odd paths": ODD_PATHS,
    "ports and ids": PORTS,
    "low values": LOW,
    "high values": HIGH,
    "digests": DIGESTS,
}
WITH_CERTBOT: Mapping[str, Change] = {"other authority": OTHER_AUTHORITY, "staging": STAGING}


def provider_change(name: str) -> Change:
    """Settings for a dynamic DNS provider, with everything it needs."""
    entry = providers()[name]
    given = {"server": "http://127.0.0.1:8245", "zone": "example.com", "ttl": "10m"}
    needed = {key: given[key] for key in entry.keys}
    newest = {"ddclient": f"linuxserver/ddclient:v{entry.since}"}
    images = newest if is_newer(entry.since, DDCLIENT) else {}
    own = "example.com" if entry.zone_setting == "login" else "o'neill+me@example.com"
    login = {"login": own} if entry.login else {}
    hosts = [f"{label}{entry.host_suffix or '.example.com'}" for label in ("nvr", "x-1")]
    return {
        "ddns": {"provider": name, "login": None, **login, **needed, "hosts": hosts},
        "images": images,
    }


def cases() -> Iterator[tuple[str, str, Change]]:
    """Stack, what is extreme about it, and the settings."""
    for stack, runs_certbot in (("public", True), ("router-ddns", True), ("lan", False)):
        more = WITH_CERTBOT if runs_certbot else {}
        for what, change in {**ANY_STACK, **more}.items():
            yield stack, what, change
    for name in providers():
        yield "public", f"provider {name}", provider_change(name)
