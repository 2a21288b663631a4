"""Whether the project is as its settings say, and whether its versions are current."""

from collections.abc import Iterator, Mapping, Sequence

from nvrstack.checks.verdict import Level, Verdict


def drift_verdict(pending: Sequence[str], edited: Sequence[str]) -> Verdict:
    """The verdict on files that a render would change, and on those edited by hand."""
    if pending:
        return Verdict(
            "files",
            Level.WARNING,
            f"nvrstack.toml and the files differ: {', '.join(pending)}",
            "nvrstack render && docker compose up -d",
        )
    kept = f"; edited by hand: {', '.join(edited)}" if edited else ""
    return Verdict("files", Level.FINE, f"as nvrstack.toml says{kept}")


def version_verdicts(newer: Mapping[str, tuple[str, str]]) -> Iterator[Verdict]:
    """A verdict for each setting whose version this nvrstack knows a higher one of."""
    for key, (present, known) in newer.items():
        text = f"{present}; this nvrstack knows {known}"
        yield Verdict(key, Level.WARNING, text, "nvrstack upgrade")
