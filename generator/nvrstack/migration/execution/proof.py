"""The proof that the new system works: asked of it from outside, as a browser would."""

import http.client
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from nvrstack.migration.execution.certificates import LETSENCRYPT
from nvrstack.migration.execution.work import Work

SECONDS = 5


@dataclass(frozen=True)
class Answer:
    """What https gave: a status, the beginning of a body, and the certificate in DER form."""

    status: int
    body: bytes
    certificate: bytes


def proved(work: Work) -> list[str]:
    """What of the new system is not as it should be; nothing when it is proved."""
    return [
        problem
        for problem in (certificate_problem(work), moonfire_problem(work), login_problem(work))
        if problem
    ]


def moonfire_problem(work: Work) -> str | None:
    """Why Moonfire is not there behind nginx; it listens once it records and its disks are open."""
    answer = _ask(work, "/")
    if isinstance(answer, str):
        return answer
    if answer.status != 200 or b"<html" not in answer.body.lower():
        return f"instead of Moonfire's page, https answers {answer.status}"
    return None


def login_problem(work: Work) -> str | None:
    """Whether somebody may look who has not signed in; see upstream's ref/api.md."""
    answer = _ask(work, "/api/")
    if isinstance(answer, str):
        return answer
    if answer.status != 401:
        return f"/api/ answers {answer.status} to somebody who has not signed in, instead of 401"
    return None


def certificate_problem(work: Work) -> str | None:
    """Why https does not answer with the certificate that came along."""
    answer = _ask(work, "/")
    if isinstance(answer, str):
        return answer
    for one in work.move.certificates:
        if one.name == work.settings.site.domain:
            file = work.project / LETSENCRYPT / "live" / one.name / "cert.pem"
            try:
                expected = _serial(Path(file).read_bytes())
            except ValueError:
                return f"{file}: is damaged"
            served = x509.load_der_x509_certificate(answer.certificate).serial_number
            if served != expected:
                return f"https answers with another certificate than that of {one.source}"
    return None


def _serial(pem: bytes) -> int:
    return x509.load_pem_x509_certificate(pem).serial_number


def _ask(work: Work, path: str) -> Answer | str:
    """Ask nginx on this host for a page of the site; the reason if there is no answer."""
    site = work.settings.site
    host = str(site.bind[0]) if site.bind else "127.0.0.1"
    try:
        with (
            socket.create_connection((host, site.https_port), SECONDS) as plain,
            _untrusting().wrap_socket(plain, server_hostname=site.domain) as secure,
        ):
            connection = http.client.HTTPConnection(site.domain, timeout=SECONDS)
            connection.sock = secure
            connection.request("GET", path)
            answer = connection.getresponse()
            certificate = secure.getpeercert(binary_form=True) or b""
            return Answer(answer.status, answer.read(65536), certificate)
    except (OSError, http.client.HTTPException) as error:
        return f"https://{site.domain} does not answer on this host: {error}"


def _untrusting() -> ssl.SSLContext:
    # Who signed is not the question: a placeholder is right where no certificate came along.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
