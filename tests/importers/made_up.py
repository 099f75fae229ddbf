"""Small post-mortems written by hand, and what the log says after they were imported."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.importers.audit import NOW
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import Recorded
from tocsin.importers.post_mortem import import_folder
from tocsin.importers.post_mortem.documents import Document, read
from tocsin.importers.report import Report
from tocsin.store.log import Log

NUMBER = "PM7"
FILE = f"{NUMBER} - The lights went out.md"
HEAD = "| Time | Event |\n| :--- | --- |"
FIRST_ROW = 13
"""The line of the first row of a document."""
LIFE = (
    ("2021-03-01 08:00", "Maintenance of the lamps started"),
    ("2021-03-01 09:00", "Lamps crash one after the other"),
    ("2021-03-01 09:07", "A user reports darkness"),
    ("2021-03-01 09:10", "Started investigation"),
    ("2021-03-01 09:30", "Identified that the cause was a fuse"),
    ("2021-03-01 09:42", "New fuse, service restored"),
    ("2021-03-02 10:00", "Bought fuses"),
)
"""Begins at 09:00, is known after 7 minutes, over after 42."""


def document(
    *rows: tuple[str, str],
    zone: str = "All times in UTC.",
    head: str = HEAD,
    detection: str = "7 minutes",
    recovery: str = "42 minutes",
    more: str = "",
) -> str:
    """A post-mortem with this timeline."""
    table = "\n".join(f"| {when} | {what} |" for when, what in rows)
    return (
        f"# The lights went out\n\n## Summary\n\nIt was dark.\n\n## Timeline\n\n{zone}\n\n"
        f"{head}\n{table}\n\n## Lessons Learned\n\nBuy fuses.\n{more}\n"
        f"## Stats\n\n- Category: Light\n- Time to detection: {detection}\n"
        f"- Time to recovery: {recovery}\n"
    )


def of(*rows: tuple[str, str], told: Any = UTC, **parts: str) -> Document:
    """That document, read."""
    return read(FILE, document(*rows, **parts).encode(), told=told, now=NOW)


def times(found: Document) -> list[str]:
    """Where its rows were put, in UTC, in the order of the document."""
    return [f"{row.at:%m-%d %H:%M}" for row in found.rows]


def faults(found: Document) -> list[tuple[int, str]]:
    """Lines and reasons."""
    return [(fault.line, fault.advice) for fault in found.faults]


def folder(path: Path, *texts: str) -> Path:
    """A folder with these documents, numbered from PM1."""
    path.mkdir(exist_ok=True)
    for number, text in enumerate(texts, 1):
        (path / f"PM{number} - Dark.md").write_text(text, encoding="utf-8")
    return path


def imported(log: Log, path: Path, **options: Any) -> Report:
    """Import a folder."""
    return import_folder(path, log, **{"clock": lambda: NOW, **options})


def history(log: Log, number: str = "PM1") -> list[Recorded[IncidentEvent]]:
    """What the log says of a post-mortem's incident."""
    stream = log.holder("foreign", f"post-mortem:{number}")
    return [] if stream is None else log.history(stream)


def names(past: Sequence[Recorded[IncidentEvent]]) -> list[str]:
    """The names of the events."""
    return [each.event.event_name.removeprefix("incident.") for each in past]


def state(log: Log, number: str = "PM1") -> Any:
    """How the incident stands."""
    past = history(log, number)
    return INCIDENT.fold(past[0].stream, past)


def at(clock: str, day: int = 1) -> datetime:
    """A time in March 2021."""
    hour, minute = map(int, clock.split(":"))
    return datetime(2021, 3, day, hour, minute, tzinfo=UTC)
