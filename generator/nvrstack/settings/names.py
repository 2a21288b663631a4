"""Domain names, e-mail addresses and time zones, as the settings accept them."""

import ipaddress
import zoneinfo

import idna
from pydantic_core import PydanticCustomError

SPECIAL_USE_SUFFIXES = (
    "local", "localhost", "test", "example", "invalid", "onion", "internal",
    "home.arpa", "lan", "home", "corp", "intranet", "private",
)  # fmt: skip
"""Ends of names that no public authority certifies.

RFC 2606, 6761, 6762, 7686, 8375, ICANN's reservation of `internal`, and the names that home
routers hand out although nobody delegated them.
"""

EXAMPLE_DOMAINS = ("example.com", "example.net", "example.org")
"""What Let's Encrypt refuses in an e-mail address (RFC 2606 section 3)."""


def problem(sentence: str, **context: object) -> PydanticCustomError:
    """A validation error that carries a finished sentence.

    Braces of the user's own text are kept as they are: only `context` is filled in.
    """
    return PydanticCustomError("nvrstack", "{sentence}", {"sentence": sentence.format(**context)})


def text(value: object) -> str:
    """`value` if it is a string without control characters."""
    if not isinstance(value, str):
        raise problem("is {value!r}; expected text in quotes", value=value)
    if any(ord(char) < 32 or 127 <= ord(char) < 160 for char in value):
        raise problem("has a control character or a line break in it; remove it")
    if any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise problem("has half of a surrogate pair in it, which is no character; remove it")
    return value


def domain_name(value: object) -> str:
    """A host name in its ASCII form (RFC 5890 A-labels), lower case, without a final dot.

    An IP address is refused: certificates are for names, and Moonfire's live view compares the
    browser's Origin with the Host header in a way that never matches an IPv6 literal.
    """
    given = text(value).strip()
    example = "write a name such as nvr.example.com"
    if "://" in given or "/" in given:
        raise problem("{v!r} is a URL; {e}, without https:// or a path", v=given, e=example)
    if _is_address(given.removesuffix(".")):
        raise problem("{v!r} is an IP address; {e}", v=given, e=example)
    if ":" in given:
        raise problem("{v!r} has a port; {e}, and set site.https_port", v=given, e=example)
    if "*" in given:
        raise problem("{v!r} is a wildcard; name each host by itself", v=given)
    try:
        name = (
            idna.encode(given, uts46=True, std3_rules=True)
            .decode("ascii")
            .lower()
            .removesuffix(".")
        )
    except (idna.IDNAError, UnicodeError) as error:
        raise problem(
            "{v!r} is no host name, which is made of letters, digits and hyphens, with dots "
            "between; {e}",
            v=given,
            e=example,
        ) from error
    if len(name) > 253:
        raise problem("is {n} characters long; a host name has at most 253", n=len(name))
    if name.rpartition(".")[2].isdigit():
        raise problem("{v!r} ends in a number, as only an IP address does; {e}", v=given, e=example)
    return name


def domain_or_wildcard(value: object) -> str:
    """A host name, or one whose first label is `*` (RFC 9525 section 6.3)."""
    given = text(value).strip()
    if not given.startswith("*."):
        return domain_name(given)
    below = domain_name(given.removeprefix("*."))
    if "." not in below:
        raise problem(
            "{v!r} would stand for whole domains; write one such as *.example.com", v=given
        )
    return f"*.{below}"


def public_suffix_problem(name: str) -> str | None:
    """Why no public authority can certify `name`, or None when one may."""
    if "." not in name:
        return f"{name!r} has no dot, so it is not a name on the Internet"
    for suffix in SPECIAL_USE_SUFFIXES:
        if name == suffix or name.endswith("." + suffix):
            return f"{name!r} ends in .{suffix}, which exists on no public name server"
    return None


def email(value: object) -> str:
    """An e-mail address that authorities take: of RFC 5321's form, in ASCII, and somebody's.

    Whether it can be delivered to is not asked.
    """
    from email_validator import EmailNotValidError, validate_email

    given = text(value)
    try:
        found = validate_email(given, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise problem("{v!r} is no e-mail address ({w})", v=given, w=error) from error
    if found.ascii_domain in EXAMPLE_DOMAINS:
        raise problem("{v!r} is nobody's address; write your own, or leave it out", v=given)
    return found.ascii_email or found.normalized


def time_zone(value: object) -> str:
    """An IANA zone name that the zone database has, such as Europe/Berlin.

    A leading colon, as old installs have it, is dropped. `localtime` and the like are refused:
    Moonfire must find the name's own file (moonfire-nvr issue 347).
    """
    given = text(value).removeprefix(":")
    known = zoneinfo.available_timezones() - {"localtime", "Factory", "posixrules"}
    if given in known:
        return given
    same = [zone for zone in known if zone.lower() == given.lower()]
    if same:
        raise problem(
            "{v!r} is not spelled as the zone database does; write {s!r}", v=given, s=same[0]
        )
    import difflib

    near = difflib.get_close_matches(given, sorted(known), n=1, cutoff=0.6)
    mend = f"did you mean {near[0]!r}?" if near else "write Area/City, such as 'Europe/Berlin'"
    raise problem("{v!r} is not in the time zone database; {m}", v=given, m=mend)


def _is_address(value: str) -> bool:
    bare = value.strip("[]")
    try:
        ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        host, _, port = bare.rpartition(":")
        return bool(host) and port.isdigit() and _is_address(host)
    return True
