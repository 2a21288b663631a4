"""All verdicts, in the order of the guide.

What follows from another fault is told as unknown, so that each fault has one name.
"""

from collections.abc import Iterator
from datetime import datetime

from nvrstack.checks.verdict import Verdict
from nvrstack.checks.verify.believed import (
    address_verdict,
    forged_verdict,
    host_verdict,
    moonfire_verdict,
    secure_verdict,
)
from nvrstack.checks.verify.certificate import (
    certificate_verdict,
    ciphers_verdict,
    http2_verdict,
    versions_verdict,
)
from nvrstack.checks.verify.doors import anonymous_verdict, back_door_verdict, strangers_verdict
from nvrstack.checks.verify.expected import Expected
from nvrstack.checks.verify.page import (
    buffering_verdict,
    headers_verdict,
    live_verdict,
    page_verdict,
)
from nvrstack.checks.verify.reaching import https_verdict, name_verdict, redirect_verdict
from nvrstack.checks.verify.signing_in import session_verdicts
from nvrstack.visit import Answer, Visit


def visit_verdicts(visit: Visit, expected: Expected, now: datetime) -> Iterator[Verdict]:
    """What a visit comes to."""
    yield name_verdict(visit)
    yield https_verdict(visit)
    yield redirect_verdict(visit, expected)
    for name, shaken in visit.handshakes.items():
        yield certificate_verdict(name, shaken, now, answers=isinstance(visit.request, Answer))
    yield versions_verdict(visit)
    yield ciphers_verdict(visit)
    yield http2_verdict(visit)
    yield moonfire_verdict(visit)
    yield secure_verdict(visit)
    yield address_verdict(visit, expected)
    yield forged_verdict(visit)
    yield host_verdict(visit)
    yield page_verdict(visit)
    yield headers_verdict(visit, expected)
    yield live_verdict(visit)
    if (buffering := buffering_verdict(expected)) is not None:
        yield buffering
    yield anonymous_verdict(visit)
    yield strangers_verdict(visit)
    yield back_door_verdict(visit)
    if expected.signs_in:
        yield from session_verdicts(visit)
