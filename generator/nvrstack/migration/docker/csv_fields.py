"""Values of docker's that are a line of CSV, as those of `--mount`."""

import csv


def fields_of(text: str) -> list[str] | None:
    """The fields of one line; None where it is none, or has none."""
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 and rows[0] else None
