"""What the settings must satisfy together, beyond each value by itself."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from nvrstack.services import images
from nvrstack.services.releases import is_newer
from nvrstack.settings.model import Settings
from nvrstack.stacks import Stack

Finding = tuple[str, str]
"""A dotted key and the sentence about it."""
Rule = Callable[[Settings, Stack], Iterator[Finding]]

OLDEST_NGINX = "1.29.3"
"""The first release with `$is_request_port`, from nginx's change log."""
RULES: dict[Rule, tuple[str, ...]] = {}
"""Each rule with the keys it reads: it is not asked when one of them is wrong by itself."""

CONTAINER_PATHS = (
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var/tmp",  # noqa: S108 - a name to refuse
)
STATE_IN_CONTAINER = PurePosixPath("/var/lib/moonfire-nvr")


def rule(*keys: str, into: dict[Rule, tuple[str, ...]] = RULES) -> Callable[[Rule], Rule]:
    """Register a rule together with the settings that it reads."""

    def register(function: Rule) -> Rule:
        into[function] = keys
        return function

    return register


@rule("site", "sites")
def names_differ(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Each name serves one purpose."""
    site = settings.site
    lists = {
        "aliases": site.aliases,
        "redirects": site.redirects,
        "short_names": site.short_names,
    }
    counts = Counter([*settings.every_name, *site.short_names])
    for key, names in lists.items():
        for index, name in enumerate(names):
            if counts[name] > 1:
                yield f"site.{key}[{index}]", f"{name!r} is given more than once; name it once"
    for index, further in enumerate(settings.sites):
        if counts[further.domain] > 1:
            yield f"sites[{index}].domain", f"{further.domain!r} is given more than once"


@rule("site.http_port", "site.https_port")
def ports_differ(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """One port cannot speak both http and https."""
    if settings.site.http_port == settings.site.https_port:
        yield (
            "site.https_port",
            f"is {settings.site.https_port}, as site.http_port is; choose two ports",
        )


@rule("moonfire.state_dir", "moonfire.sample_dirs")
def directories(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Recordings are mounted at their own path, beside nothing that the container needs."""
    state = settings.moonfire.state_dir
    if state.is_absolute() and (_covered(state, CONTAINER_PATHS) or len(state.parts) < 3):
        yield (
            "moonfire.state_dir",
            f"'{state}' belongs to the system; use one such as {STATE_IN_CONTAINER}",
        )
    if not state.is_absolute() and (state.parts[:1] != ("data",) or len(state.parts) < 2):
        yield "moonfire.state_dir", f"'{state}' must be absolute, or below data/ in the project"
    seen: list[PurePosixPath] = []
    for index, path in enumerate(settings.moonfire.sample_dirs):
        key = f"moonfire.sample_dirs[{index}]"
        if _covered(path, CONTAINER_PATHS) or STATE_IN_CONTAINER.parent.is_relative_to(path):
            yield key, f"'{path}' belongs to the system; use one such as /media/nvr/sample"
        if path == STATE_IN_CONTAINER or (
            state == STATE_IN_CONTAINER and path.is_relative_to(state)
        ):
            yield (
                key,
                f"'{path}' lies in the state directory, which is mounted as it is; remove it here",
            )
        if any(path.is_relative_to(other) or other.is_relative_to(path) for other in seen):
            yield key, f"'{path}' is given twice, or lies inside another one; name each disk once"
        seen.append(path)


@rule("sites", "network.backend_subnet")
def upstreams_are_elsewhere(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Moonfire believes its proxy about who is there, so nothing else may lead to it."""
    for index, site in enumerate(settings.sites):
        host = urlsplit(site.upstream).hostname or ""
        inside = host == "moonfire-nvr"
        if _is_address(host):
            inside = IPv4Address(host) in settings.network.backend_subnet
        if inside:
            yield (
                f"sites[{index}].upstream",
                "leads to Moonfire's own network; use site.domain for it",
            )


@rule("sites")
def verified_upstreams_have_names(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Nginx compares a name with an upstream's certificate, and never an IP address.

    It asks X509_check_host(3) alone, which does not look at addresses (nginx issue 1237).
    """
    for index, site in enumerate(settings.sites):
        parts = urlsplit(site.upstream)
        verified = site.verify_tls and site.is_told_own_name and parts.scheme == "https"
        if verified and _is_address(parts.hostname or ""):
            yield (
                f"sites[{index}].upstream",
                (
                    f"{site.upstream!r} cannot be verified, for nginx looks for names alone in a "
                    "certificate; give the upstream by the name in its certificate, or set "
                    f'verify_tls = false, or host = "visitor" if it is for {site.domain}'
                ),
            )


@rule("images.nginx")
def nginx_is_new_enough(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """The rendered configuration uses variables of a certain release, so older ones refuse it.

    A tag of two numbers is the newest release of its branch.
    """
    tag = settings.images.nginx.rpartition("/")[2].partition("@")[0].rpartition(":")[2]
    branch = re.fullmatch(r"v?(\d+\.\d+)(?:-.*)?", tag)
    release = f"{branch[1]}.999" if branch else settings.images.nginx
    if is_newer(OLDEST_NGINX, release):
        yield "images.nginx", f"is older than {OLDEST_NGINX}; use {images.NGINX} or a newer one"


@rule("network.backend_subnet", "network.lan_address", "site.bind")
def subnet_is_free(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """The private network must not hide this machine's own."""
    inside = settings.network.backend_subnet
    for address in (settings.network.lan_address, *settings.site.bind):
        if address is not None and address in inside:
            yield (
                "network.backend_subnet",
                f"'{inside}' has this machine's own address {address} in it; choose another",
            )


def _is_address(host: str) -> bool:
    try:
        return bool(IPv4Address(host))
    except ValueError:
        return False


def _covered(path: PurePosixPath, parents: tuple[str, ...]) -> bool:
    return any(path.is_relative_to(parent) for parent in parents)
