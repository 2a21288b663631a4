"""What somebody sees who signs in."""

from collections.abc import Iterator

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.checks.verify.believed import belief
from nvrstack.visit import Answer, Kind, Seen, Session, Visit

PROXY_RANGES = "take `proxy_set_header Range …;`, `proxy_cache` and `slice` out of nginx's files"


def session_verdicts(visit: Visit) -> Iterator[Verdict]:
    """The verdicts on the login, its cookie and a recording."""
    session = visit.session
    if belief(visit.request) is None:
        yield Verdict("login", Level.UNKNOWN, "could not be told: Moonfire does not answer")
        return
    if session is None or _distrusted(session.login):
        text = "was not tried: a password goes only to a server whose certificate is right"
        yield Verdict("login", Level.UNKNOWN, text)
        return
    yield _login(session)
    yield _cookie(session, visit)
    yield _download(session)


def _distrusted(answer: Seen) -> bool:
    return not isinstance(answer, Answer) and answer.kind is Kind.TLS


def _login(session: Session) -> Verdict:
    about, answer = "login", session.login
    if not isinstance(answer, Answer):
        return Verdict(about, Level.PROBLEM, answer.reason, "docker compose logs nginx")
    if answer.status == 401:
        text = "is refused: wrong name or password"
        return Verdict(about, Level.PROBLEM, text, "nvrstack user list; nvrstack user passwd NAME")
    if answer.status == 429:
        text = "could not be told: too many attempts"
        return Verdict(about, Level.UNKNOWN, text, "wait a minute, or raise access.login_rate")
    if answer.status != 204:
        text = f"is answered with HTTP {answer.status}"
        return Verdict(about, Level.PROBLEM, text, "docker compose logs moonfire-nvr")
    if not isinstance(session.api, Answer) or session.api.status != 200:
        text = "succeeds, but the cookie opens nothing"
        remedy = "let nginx pass Cookie and Set-Cookie as they are"
        return Verdict(about, Level.PROBLEM, text, remedy)
    return Verdict(about, Level.FINE, "succeeds")


def _cookie(session: Session, visit: Visit) -> Verdict:
    about, answer = "cookie", session.login
    given = answer.header("set-cookie") if isinstance(answer, Answer) else None
    if given is None:
        return Verdict(about, Level.UNKNOWN, "could not be told: there was no login")
    attributes = {part.strip().lower() for part in given.split(";")[1:]}
    if "secure" in attributes:
        return Verdict(about, Level.FINE, "goes over https only")
    told = belief(visit.request)
    if told is not None and not told.secure:
        text = "goes over http too, as Moonfire does not know of https: see `secure`"
        return Verdict(about, Level.UNKNOWN, text)
    remedy = "let nginx pass Set-Cookie as it is: no proxy_cookie_flags"
    return Verdict(about, Level.PROBLEM, "goes over http too: it is not Secure", remedy)


def _download(session: Session) -> Verdict:
    about, answer = "downloads", session.download
    if answer is None:
        return Verdict(about, Level.UNKNOWN, "could not be told: there is no recording to be seen")
    if not isinstance(answer, Answer):
        return Verdict(about, Level.PROBLEM, answer.reason, "docker compose logs nginx")
    if answer.status == 206 and answer.header("content-range"):
        return Verdict(about, Level.FINE, "a part of a recording can be had by itself")
    if answer.status == 200:
        text = "asked for a part, the whole recording comes: nobody can wind forward"
        return Verdict(about, Level.PROBLEM, text, PROXY_RANGES)
    text = f"a recording is answered with HTTP {answer.status}"
    return Verdict(about, Level.PROBLEM, text, "docker compose logs moonfire-nvr")
