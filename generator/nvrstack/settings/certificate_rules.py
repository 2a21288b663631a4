"""What the settings about certificates must satisfy together."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from nvrstack.services import images
from nvrstack.services.acme import BOUND_TO_ACCOUNTS, DIRECTORIES, LETSENCRYPT
from nvrstack.services.dns_providers import dns_providers
from nvrstack.services.releases import is_newer
from nvrstack.settings.model import Settings
from nvrstack.settings.names import public_suffix_problem
from nvrstack.settings.rules import Finding, Rule
from nvrstack.settings.rules import rule as _rule
from nvrstack.stacks import Stack

CERTIFICATE_RULES: dict[Rule, tuple[str, ...]] = {}
"""Each rule with the keys it reads."""

LONGEST_PROPAGATION = timedelta(minutes=10)
"""certbot's keeper ends a certbot that takes longer than a quarter of an hour."""
OLDEST_WITH_PROFILES = "4.0.0"
"""The first certbot with profiles, from its change log."""
MOST_NAMES = 100
"""https://letsencrypt.org/docs/rate-limits/; ZeroSSL and Google allow as many."""
MOST_NAMES_OF_SHORT_ONES = 25
"""https://letsencrypt.org/docs/profiles/"""
LONGEST_FILE_NAME = 255
"""Bytes, on every disk that Linux knows (NAME_MAX)."""

rule = partial(_rule, into=CERTIFICATE_RULES)


@rule("site", "sites", "certificate.authority")
def public_names(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Public authorities certify only names that the public name servers know."""
    if settings.certificate.authority not in DIRECTORIES:
        return
    for key, name in _named(settings).items():
        reason = public_suffix_problem(name)
        if reason:
            yield key, f"{reason}; use a name that you registered, or the stack lan"


@rule("site.aliases", "certificate.authority", "certificate.challenge")
def wildcards(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Authorities certify wildcards by DNS-01 alone (RFC 8555 section 8.3 has no way to)."""
    certificate = settings.certificate
    if certificate.is_own or (certificate.is_acme and certificate.challenge == "dns-01"):
        return
    for index, name in enumerate(settings.site.aliases):
        if name.startswith("*."):
            yield (
                f"site.aliases[{index}]",
                (
                    f"{name!r} is a wildcard; name each host, or set certificate.challenge "
                    'to "dns-01"'
                ),
            )


@rule("site", "certificate.authority", "certificate.profile")
def few_enough_names(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Public authorities put so many names into a certificate, and no more."""
    count, profile = len(settings.site.names), settings.certificate.profile
    most = MOST_NAMES if profile in {None, "classic"} else MOST_NAMES_OF_SHORT_ONES
    if settings.certificate.is_acme and count > most:
        yield (
            f"site.aliases[{most - 1}]",
            (
                f"is name {most + 1} of {count} in one certificate, and authorities allow {most}; "
                "give up some, or let a wildcard stand for them"
            ),
        )


@rule("site", "sites", "certificate.authority")
def names_fit_into_file_names(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Certbot and nginx keep files that are named after the first name of each certificate."""
    site, acme = settings.site, settings.certificate.is_acme
    files = {
        **({"site.domain": (site.domain, "{}.conf.new")} if acme else {}),
        **{
            f"site.redirects[{i}]": (name, "redirect-{}.conf")
            for i, name in enumerate(site.redirects)
        },
        **{
            f"sites[{i}].domain": (further.domain, "site-{}.conf")
            for i, further in enumerate(settings.sites)
        },
    }
    for key, (name, file) in files.items():
        most = LONGEST_FILE_NAME - len(file.format(""))
        if len(name) > most:
            yield key, f"is {len(name)} characters long; as names of files, {most} are possible"


@rule("certificate.authority")
def authority_fits(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Certbot runs exactly when it is to get the certificate."""
    authority = settings.certificate.authority
    if stack.runs("certbot") and not settings.certificate.is_acme:
        fitting = "lan" if settings.certificate.is_local else "own-certificate"
        yield (
            "certificate.authority",
            f'is "{authority}", but the stack {stack.name} runs certbot; use the stack {fitting}',
        )
    if not stack.runs("certbot") and settings.certificate.is_acme:
        yield (
            "certificate.authority",
            (
                f'the stack {stack.name} runs no certbot; set it to "local" or "files", '
                "or use the stack router-ddns"
            ),
        )


@rule("certificate.authority", "certificate.staging")
def staging_fits(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Only Let's Encrypt is known to have a staging environment."""
    if settings.certificate.staging and settings.certificate.authority != LETSENCRYPT:
        yield "certificate.staging", f'is only for the authority "{LETSENCRYPT}"; remove it'


@rule("certificate.authority", "certificate.profile", "images.certbot")
def profile_fits(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Certbot has to know what to ask for."""
    if settings.certificate.profile is None:
        return
    if not settings.certificate.is_acme:
        yield "certificate.profile", "is only for an authority that certbot asks; remove it"
    elif is_newer(OLDEST_WITH_PROFILES, settings.images.certbot):
        yield "images.certbot", f"knows no certificate.profile; use {images.CERTBOT} or a newer one"


@rule("certificate.authority", "certificate.authority_root")
def root_fits(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """A root to trust belongs to a private ACME server."""
    if settings.certificate.authority_root and not settings.certificate.authority.startswith(
        "https:"
    ):
        yield (
            "certificate.authority_root",
            "is only for an authority given by its https:// address; remove it",
        )


@rule("certificate.authority", "certificate.eab_key_id")
def binding_fits(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Some authorities give certificates only to accounts of their own."""
    certificate = settings.certificate
    if certificate.authority in BOUND_TO_ACCOUNTS and not certificate.eab_key_id:
        yield (
            "certificate.eab_key_id",
            (
                f"is missing; {certificate.authority} shows one in your account there, under "
                '"EAB" (external account binding)'
            ),
        )
    if certificate.eab_key_id and not certificate.is_acme:
        yield "certificate.eab_key_id", "is only for an authority that certbot asks; remove it"


@rule("certificate.authority", "certificate.chain_file", "certificate.key_file")
def own_files_fit(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """A certificate of one's own is two files."""
    for key in ("chain_file", "key_file"):
        given = getattr(settings.certificate, key)
        if settings.certificate.is_own and given is None:
            yield f"certificate.{key}", 'is missing; the authority "files" needs the path of it'
        if given is not None and not settings.certificate.is_own:
            yield f"certificate.{key}", 'is only for the authority "files"; remove it'


@rule(
    "certificate.authority",
    "certificate.challenge",
    "certificate.dns_provider",
    "certificate.dns_propagation",
    "images.certbot",
)
def dns_challenge_fits(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """DNS-01 needs to know whose name servers to talk to, and a certbot that can.

    The provider may be named before the challenge is chosen: `nvrstack set` changes one at a time.
    """
    certificate = settings.certificate
    name, image = certificate.dns_provider, settings.images.certbot
    by_dns = certificate.is_acme and certificate.challenge == "dns-01"
    if name is not None and not certificate.is_acme:
        yield "certificate.dns_provider", 'is only for the challenge "dns-01"; remove it'
    elif (name is None and by_dns) or (name is not None and name not in dns_providers()):
        given = "is missing" if name is None else f"{name!r} is not known"
        yield "certificate.dns_provider", f"{given}; expected one of {', '.join(dns_providers())}"
    elif by_dns and "@" in image and images.is_plain_certbot(image):
        yield (
            "images.certbot",
            (
                "names one image by its digest, which has no plugin for "
                f"{dns_providers()[name or ''].title}; leave the digest away, or give the plugin's "
                "image"
            ),
        )
    if certificate.dns_propagation is not None and not by_dns:
        yield "certificate.dns_propagation", 'is only for the challenge "dns-01"; remove it'


@rule("certificate.dns_propagation", "certificate.dns_provider")
def propagation_fits(settings: Settings, stack: Stack) -> Iterator[Finding]:
    """Who waits for too long never gets a certificate, and some plugins wait as they see fit."""
    wait = settings.certificate.dns_propagation
    provider = dns_providers().get(settings.certificate.dns_provider or "")
    if wait is not None and wait > LONGEST_PROPAGATION:
        yield "certificate.dns_propagation", 'is too long; expected at most "10m"'
    if wait is not None and provider is not None and not provider.propagation:
        yield (
            "certificate.dns_propagation",
            f"has no effect with {provider.title}, whose plugin waits by itself; remove it",
        )


def _named(settings: Settings) -> dict[str, str]:
    site = settings.site
    return {
        "site.domain": site.domain,
        **{f"site.aliases[{i}]": name for i, name in enumerate(site.aliases)},
        **{f"site.redirects[{i}]": name for i, name in enumerate(site.redirects)},
        **{f"sites[{i}].domain": further.domain for i, further in enumerate(settings.sites)},
    }
