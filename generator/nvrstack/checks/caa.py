"""Whether a name's CAA records let the authority sign (RFC 8659, RFC 8657)."""

from nvrstack.checks.verdict import Level, Verdict
from nvrstack.surroundings import CaaRecord, PublicName

CRITICAL = 128
KNOWN = {"issue", "issuewild", "iodef", "issuemail", "contactemail", "contactphone"}
"""Properties of the registry at https://www.iana.org/assignments/pkix-parameters."""


def caa_verdict(
    name: PublicName, identities: frozenset[str], challenge: str, *, wildcard: bool = False
) -> Verdict:
    """The verdict on the CAA records that count for a name.

    `identities` are the names by which the authority finds itself in them, empty when they are not
    known; `challenge` is how it proves the name; `wildcard` asks for `*.name` beside the name.
    """
    about = f"CAA of {name.name}"
    if name.caa is None:
        return Verdict(about, Level.UNKNOWN, "could not tell: no name server answers")
    unknown = [r.tag for r in name.caa if r.flags & CRITICAL and r.tag.lower() not in KNOWN]
    issue = [record for record in name.caa if record.tag.lower() == "issue"]
    wild = [record for record in name.caa if record.tag.lower() == "issuewild"] or issue
    sets = [records for records in (issue, wild if wildcard else []) if records]
    if unknown:
        text = f"{name.caa_at} has the critical property {unknown[0]}, so nobody may sign"
        return Verdict(about, Level.PROBLEM, text, f"remove that CAA record from {name.caa_at}")
    if not sets:
        return Verdict(about, Level.FINE, "every authority may sign")
    if not identities:
        text = f"{name.caa_at} names who may sign; could not tell whether your authority is meant"
        return Verdict(about, Level.UNKNOWN, text)
    if all(any(_allows(r, identities, challenge) for r in records) for records in sets):
        return Verdict(about, Level.FINE, f"{name.caa_at} lets your authority sign")
    identity = min(identities)
    missing = next(s for s in sets if not any(_allows(r, identities, challenge) for r in s))
    tag = missing[0].tag.lower()
    told = " and ".join(repr(record.value) for record in missing)
    return Verdict(
        about,
        Level.PROBLEM,
        f"{name.caa_at} lets only {told} sign, by its {tag} records",
        f'add to {name.caa_at}: CAA 0 {tag} "{identity}"',
    )


def _allows(record: CaaRecord, identities: frozenset[str], challenge: str) -> bool:
    domain, *parameters = (part.strip() for part in record.value.split(";"))
    if domain.lower() not in identities:
        return False
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "validationmethods":
            return challenge in {method.strip() for method in value.split(",")}
    return True
