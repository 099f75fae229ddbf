"""What an import says while it runs, and when it is done.

Every row that was read ends in exactly one of the report's counts, so that nothing is lost
without a word.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

MAX_REPORTED = 1_000
"""Rows that are reported one by one. More are counted only."""
MAX_VALUE = 200
"""Characters of a value that are quoted in a report."""


class UnreadableFile(Exception):
    """Nothing of this file can be imported. The sentence says why and what to do."""


class UnreadableCell(Exception):
    """One value of a row cannot be read: which column, what it says, and what to do about it."""

    def __init__(self, column: str, value: str, advice: str) -> None:
        super().__init__(f"{column} is {value!r}. {advice}")
        self.column, self.value, self.advice = column, value, advice


@dataclass(frozen=True, kw_only=True)
class RowReport:
    """A row that was not imported: where, why, and what to do."""

    file: str | None = None
    """Which one, where there are several."""
    line: int
    """In the file, from 1, which is the header of a table."""
    problem: str
    """One of a few words to count by: `unreadable`, `waiting`, `differs`, `not-stored`; or
    `remark`, of a row that is none."""
    number: str | None = None
    """The foreign number of its incident, where that could be read."""
    column: str | None = None
    value: str | None = None
    advice: str
    rows: int = 1
    """How many it stands for."""

    def to_dict(self) -> dict[str, Any]:
        """For machines. Which file, and how many rows, where there is more than one."""
        said = dict(vars(self))
        if self.file is None:
            del said["file"], said["rows"]
        return said

    def __str__(self) -> str:
        incident = f" ({self.number})" if self.number else ""
        cell = f" {self.column} is {self.value!r}." if self.column else ""
        file = f"{self.file}, " if self.file else ""
        return f"{file}line {self.line}{incident}:{cell} {self.advice}"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far an import is, told after every batch."""

    rows: int
    events: int
    bytes_read: int
    """Of the file as it lies there, compressed or not."""
    bytes_total: int


@dataclass(kw_only=True)
class Report:
    """What became of a file."""

    path: str
    rows: int = 0
    """Rows that were read, the header apart. The six counts below add up to it."""
    imported: int = 0
    """Rows whose events were stored now."""
    known: int = 0
    """Rows whose events were stored by an earlier run."""
    without_event: int = 0
    """Rows that changed nothing that has an event."""
    unreadable: int = 0
    """Damaged rows."""
    waiting: int = 0
    """Sound rows behind a damaged row of the same incident."""
    refused: int = 0
    """Rows that contradict what is in the log: `differs` or `not-stored`."""

    incidents: int = 0
    """Incidents that were not in the log before."""
    events: int = 0
    """Events that were stored now."""
    silent_changes: Counter[str] = field(default_factory=Counter)
    """Changes of columns for which there is no event, by column."""
    reported: list[RowReport] = field(default_factory=list)
    """The first rows that were not imported, at most `MAX_REPORTED`."""
    remarks: list[RowReport] = field(default_factory=list)
    """Rows that were understood by a rule that is worth knowing, at most `MAX_REPORTED`."""
    fault: str | None = None
    """Why the file could not be read to its end, if it could not."""
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def unreported(self) -> int:
        """Rows that were not imported, and are counted only."""
        left = self.unreadable + self.waiting + self.refused
        return left - sum(row.rows for row in self.reported)

    @property
    def complete(self) -> bool:
        """Whether every row of the file is in the log now."""
        left = self.unreadable + self.waiting + self.refused
        return not (left or self.fault or self.interrupted)

    def add(self, row: RowReport) -> None:
        """Count a row that was not imported, and keep it if there is room."""
        match row.problem:
            case "unreadable":
                self.unreadable += row.rows
            case "waiting":
                self.waiting += row.rows
            case _:
                self.refused += row.rows
        if len(self.reported) < MAX_REPORTED:
            self.reported.append(row)

    def remark(self, row: RowReport) -> None:
        """Keep a remark if there is room."""
        if len(self.remarks) < MAX_REPORTED:
            self.remarks.append(row)

    def to_dict(self) -> dict[str, Any]:
        """For machines."""
        return {
            **vars(self),
            "silent_changes": dict(sorted(self.silent_changes.items())),
            "reported": [row.to_dict() for row in self.reported],
            "remarks": [row.to_dict() for row in self.remarks],
            "unreported": self.unreported,
            "complete": self.complete,
            "seconds": round(self.seconds, 3),
        }


def clipped(value: str) -> str:
    """As much of a value as a report quotes."""
    return value if len(value) <= MAX_VALUE else value[: MAX_VALUE - 1] + "…"
