"""Whether the clock is right, and something keeps it so."""

from datetime import timedelta

from nvrstack.checks.verdict import Level, Verdict, in_words
from nvrstack.surroundings import Clock

ABOUT = "clock"
CLOSE = 10.0
"""Seconds; the Date of an HTTP answer tells whole ones (RFC 9110 section 6.6.1)."""
FAR = 300.0
"""Seconds from which on certificates seem to end, or to begin, at the wrong moment."""
REMEDY = "sudo timedatectl set-ntp true"


def clock_verdict(clock: Clock) -> Verdict:
    """The verdict on how far the clock is off."""
    kept = f"; {clock.keeper} keeps it" if clock.keeper else "; nothing seems to keep it right"
    settled = Verdict(
        ABOUT,
        Level.FINE if clock.keeper else Level.WARNING,
        f"agrees with {clock.source}{kept}" if clock.source else f"no server was asked{kept}",
        "" if clock.keeper else REMEDY,
    )
    if not clock.source:
        return settled
    if clock.ahead is None:
        why = f"could not tell: {clock.source}: {clock.trouble or 'tells no time'}"
        return Verdict(ABOUT, Level.UNKNOWN, why + kept)
    if abs(clock.ahead) <= CLOSE:
        return settled
    length = in_words(timedelta(seconds=abs(clock.ahead)))
    where = "ahead of" if clock.ahead > 0 else "behind"
    level = Level.PROBLEM if abs(clock.ahead) > FAR else Level.WARNING
    return Verdict(ABOUT, level, f"{length} {where} that of {clock.source}{kept}", REMEDY)
