"""CSV (RFC 4180): one row for each event, for spreadsheets and databases.

Cells that a spreadsheet would take for a formula begin with an apostrophe: opening an export must
never run what somebody wrote into an incident. The rule can be undone: a text that begins with an
apostrophe gets one more, so whoever takes one off has what is stored.
"""

import csv
from collections.abc import Mapping
from io import StringIO
from typing import Any

import orjson

from tocsin.exports.file import Output
from tocsin.exports.format import Choice, Counts
from tocsin.exports.reading import Line, Source

NAME = "csv"
WHOLE, STREAMED = False, True
CHOICES = {"no-header": Choice("Begin with the first event, to go on in another file.")}

COLUMNS = (
    "position", "recorded_at", "occurred_at", "event", "schema", "incident_id", "reference",
    "stream", "version", "actor", "via", "command_id", "causation", "data",
)  # fmt: skip
GUARDED = ("=", "+", "-", "@", "\t", "\r", "'")
"""With these, spreadsheets begin a formula; and the guard itself."""
LINES = 1_000
"""Lines that are put together before they are written."""


def write(source: Source, out: Output, chosen: Mapping[str, str]) -> Counts:
    """Write a row for each event."""
    text = StringIO()
    rows = csv.writer(text)
    if "no-header" not in chosen:
        rows.writerow(COLUMNS)
    events = 0
    try:
        for line in source.lines():
            rows.writerow(_cells(line))
            events += 1
            if events % LINES == 0:
                out.write(text.getvalue())
                text.seek(0)
                text.truncate()
    finally:
        # Also when it is stopped: what was given is written, so that it can be gone on behind it.
        out.write(text.getvalue())
    return {"events": events}


def guarded(text: str | None) -> str | None:
    """A text as a cell that is no formula."""
    return f"'{text}" if text is not None and text.startswith(GUARDED) else text


def _cells(line: Line) -> tuple[Any, ...]:
    raw = line.raw
    return (
        raw["position"], raw["recorded_at"], raw["occurred_at"], raw["event"], raw["schema"],
        line.incident, guarded(line.reference), raw["stream"], raw["version"],
        guarded(raw["actor"]), guarded(raw["via"]), raw["command_id"], raw["causation"],
        orjson.dumps(raw["data"], option=orjson.OPT_SORT_KEYS).decode(),
    )  # fmt: skip
