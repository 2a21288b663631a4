"""The proof that the new system works: asked of it from outside, as a browser would."""

from pathlib import Path

from cryptography import x509

from nvrstack.host.network.site import Answer, ask
from nvrstack.migration.execution.certificates import LETSENCRYPT
from nvrstack.migration.execution.work import Work


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
    site = work.settings.site
    address = str(site.bind[0]) if site.bind else "127.0.0.1"
    return ask(site.domain, address, site.https_port, path)
