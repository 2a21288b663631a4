"""Whether browsers accept the certificates, and what the server is ready to encrypt with."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from nvrstack.checks.certificates import OVERDUE, Life
from nvrstack.checks.verdict import Level, Verdict, in_words
from nvrstack.pki.certificates import PLACEHOLDER_NAME
from nvrstack.pki.own import covers
from nvrstack.visit import Answer, Failure, Handshake, Kind, Shaken, Visit

UNKNOWN_ISSUER = {2, 20, 21}
"""X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, its _LOCALLY, and _VERIFY_LEAF_SIGNATURE."""
SELF_SIGNED = {18, 19}
DATES = {9, 10}
LOGS = "docker compose logs certbot"
REAL = (
    "nvrstack set certificate.staging false && nvrstack render && docker compose up -d; if "
    "certificate.authority is letsencrypt-staging, make that letsencrypt too"
)
"""How a certificate for trials becomes a real one."""
SHUT = {Kind.TLS, Kind.CLOSED, Kind.REFUSED}


def certificate_verdict(name: str, shaken: Shaken, now: datetime, *, answers: bool) -> Verdict:
    """Whether a browser accepts what is shown for a name; `answers` is whether https does."""
    about = f"certificate {name}"
    if isinstance(shaken, Failure):
        if answers and shaken.kind is Kind.TLS:
            remedy = "put the name into nvrstack.toml, then `nvrstack render`"
            return Verdict(about, Level.PROBLEM, f"nginx shows none: {shaken.reason}", remedy)
        return Verdict(about, Level.UNKNOWN, f"could not be told: {shaken.reason}")
    chain = [x509.load_der_x509_certificate(der) for der in shaken.chain]
    if not chain:
        return Verdict(about, Level.PROBLEM, "no certificate is shown", "docker compose logs nginx")
    life = Life(chain[0].not_valid_before_utc, chain[0].not_valid_after_utc)
    text, remedy = (
        _dates(life, now) or _names(chain[0], name) or _trust(chain, shaken.errors) or ("", "")
    )
    if text:
        return Verdict(about, Level.PROBLEM, text, remedy)
    left = f"trusted, valid for {in_words(life.left(now))} more"
    if life.part_left(now) < OVERDUE:
        return Verdict(
            about,
            Level.WARNING,
            f"{left}: it should have been renewed",
            f"`nvrstack status` tells why; {LOGS}",
        )
    return Verdict(about, Level.FINE, f"{left}; its chain has {len(chain)}")


def _dates(life: Life, now: datetime) -> tuple[str, str] | None:
    if life.left(now) <= timedelta(0):
        return f"ended {life.ends:%Y-%m-%d}", f"renew it: `nvrstack status` tells why; {LOGS}"
    if now < life.begins:
        return f"begins {life.begins:%Y-%m-%d %H:%M} UTC", "set the clock of this machine"
    return None


def _names(leaf: x509.Certificate, name: str) -> tuple[str, str] | None:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = found.value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, ValueError):
        names = []
    if any(covers(pattern, name) for pattern in names):
        return None
    return (
        f"is for {', '.join(names) or 'no name'}",
        f"get one for {name}: it has to be in nvrstack.toml, then `nvrstack render`; {LOGS}",
    )


def _trust(chain: list[x509.Certificate], errors: tuple[int, ...]) -> tuple[str, str] | None:
    if not errors:
        return None
    leaf, found = chain[0], set(errors)
    issuer = _common_name(leaf.issuer)
    if _common_name(leaf.subject) == PLACEHOLDER_NAME:
        return (
            "is the placeholder that stands in until there is one",
            f"`nvrstack status` tells what certbot waits for; {LOGS}",
        )
    if "STAGING" in issuer:
        return f"is for trials, from {issuer}", REAL
    if found & DATES:
        return "a certificate of its chain has ended", "get the present chain from its authority"
    if not found & (UNKNOWN_ISSUER | SELF_SIGNED):
        return f"is refused (OpenSSL's error {errors[0]})", "docker compose logs nginx"
    return _unknown_issuer(chain, issuer)


def _unknown_issuer(chain: list[x509.Certificate], issuer: str) -> tuple[str, str]:
    if len(chain) == 1 and _fetchable_issuer(chain[0]):
        return (
            f"comes without its chain: {issuer}, which signed it, is missing",
            "give nginx the full chain (fullchain.pem), not the certificate alone",
        )
    return (
        f"this machine does not trust {issuer}, which signed it",
        "install its root certificate here; for an authority of your own, the page /install helps",
    )


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else name.rfc4514_string()


def _fetchable_issuer(leaf: x509.Certificate) -> bool:
    """Whether it says where its issuer's is to be had, as public authorities' do (RFC 5280)."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return any(e.access_method == AuthorityInformationAccessOID.CA_ISSUERS for e in found)


def versions_verdict(visit: Visit) -> Verdict:
    """Whether TLS 1.0 and 1.1, which no browser speaks any more (RFC 8996), are refused."""
    about = "TLS versions"
    usual = visit.handshakes.get(visit.place.host)
    if not isinstance(usual, Handshake) or visit.old_tls is None:
        return Verdict(about, Level.UNKNOWN, "could not be told: there was no handshake")
    if isinstance(visit.old_tls, Handshake):
        return Verdict(
            about,
            Level.PROBLEM,
            f"{visit.old_tls.protocol} is accepted",
            "`ssl_protocols TLSv1.2 TLSv1.3;` in nginx",
        )
    if visit.old_tls.kind not in SHUT:
        return Verdict(about, Level.UNKNOWN, f"could not be told: {visit.old_tls.reason}")
    return Verdict(about, Level.FINE, f"{usual.protocol} is spoken, 1.0 and 1.1 are refused")


def ciphers_verdict(visit: Visit) -> Verdict:
    """Whether only ciphers with forward secrecy and authenticated encryption are accepted."""
    about = "TLS ciphers"
    usual, weak = visit.handshakes.get(visit.place.host), visit.weak_ciphers
    if not isinstance(usual, Handshake) or weak is None:
        return Verdict(about, Level.UNKNOWN, "could not be told: there was no handshake")
    if isinstance(visit.old_tls, Handshake):
        text = "could not be told: old versions need weak ones, see `TLS versions`"
        return Verdict(about, Level.UNKNOWN, text)
    if isinstance(weak, Handshake):
        return Verdict(
            about,
            Level.PROBLEM,
            f"{weak.cipher} is accepted, which is weak",
            "let ssl_ciphers have no other ones than Mozilla's intermediate configuration "
            "(https://ssl-config.mozilla.org)",
        )
    if weak.kind not in SHUT:
        return Verdict(about, Level.UNKNOWN, f"could not be told: {weak.reason}")
    return Verdict(about, Level.FINE, f"{usual.cipher}; weak ones are refused")


def http2_verdict(visit: Visit) -> Verdict:
    """Whether many recordings can share one connection (RFC 9113)."""
    if not isinstance(visit.request, Answer):
        return Verdict("HTTP/2", Level.UNKNOWN, "could not be told: https does not answer")
    if visit.request.version != "HTTP/2":
        text = f"{visit.request.version} is all that is spoken"
        return Verdict("HTTP/2", Level.WARNING, text, "`http2 on;` in nginx")
    return Verdict("HTTP/2", Level.FINE, "spoken")
