"""Running an import: a batch of rows at a time, from the beginning of the file every time.

The log knows what an earlier run stored, so only what is missing is added: after an interruption,
and of a file that has grown.

Where a row of an incident cannot be read, nobody knows what changed from it to the next. So the
incident is set aside from that row on: its later rows wait, are reported, and follow when the
repaired file is imported. A damaged row that does not even say its incident sets aside the
incidents of the rows before and after it, which is where rows of one incident stand in these files.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from time import monotonic
from typing import Generic

from tocsin.importers.compressed import Bytes
from tocsin.importers.format import Format, R
from tocsin.importers.report import Progress, Report, RowReport, UnreadableCell
from tocsin.importers.rows import Damaged, Row, Table
from tocsin.importers.storing import Pending, Storing, Target, Track

BATCH_ROWS = 2_000
"""Rows that are committed in one transaction."""
MAX_INCIDENTS = 2_000_000
"""In one file: the last row of each is kept in memory."""


class Run(Generic[R]):
    """One file into one log. Run it once."""

    def __init__(
        self, log: Target, history: Format[R], clock: Callable[[], datetime], path: str
    ) -> None:
        self._format, self._clock = history, clock
        self._report = Report(path=path)
        self._storing = Storing(log, name=history.name, system=history.system, report=self._report)
        self._incidents: dict[str, tuple[Track, R | None]] = {}
        self._track: Track | None = None
        """Of the row before."""
        self._lost: int | None = None
        """The line of the row before, if it did not say its incident."""

    def run(
        self,
        table: Table,
        source: Bytes,
        progress: Callable[[Progress], None],
        stop: Callable[[], bool],
    ) -> Report:
        """Import every row that the log does not have."""
        started, report = monotonic(), self._report
        recorded_at = self._clock()
        rows = iter(table)
        while batch := list(islice(rows, BATCH_ROWS)):
            recorded_at = max(recorded_at, self._clock())
            self._storing.store(list(self._pending(batch)), recorded_at)
            progress(
                Progress(
                    rows=report.rows,
                    events=report.events,
                    bytes_read=source.consumed,
                    bytes_total=source.total,
                )
            )
            if stop():
                report.interrupted = True
                break
            if len(self._incidents) > MAX_INCIDENTS:
                report.fault = f"It has more than {MAX_INCIDENTS} incidents: split the file."
                break
        report.fault = report.fault or table.fault
        report.seconds = monotonic() - started
        return report

    def _pending(self, batch: Iterable[Row | Damaged]) -> Iterator[Pending]:
        """The rows of a batch that say that something happened. The others are counted."""
        for item in batch:
            self._report.rows += 1
            if isinstance(item, Damaged):
                self._damaged(item)
                continue
            try:
                pending = self._read(item)
            except UnreadableCell as bad:
                self._damaged(Damaged(item.line, bad.advice, item.cells, bad.column, bad.value))
                continue
            if pending is not None:
                yield pending

    def _read(self, item: Row) -> Pending | None:
        row = self._format.read(item.cells)
        track, before = self._follow(row.number, item.line)
        if track.aside is not None:
            self._storing.waits(track, item.line)
            return None
        row, found = self._format.happenings(before, row, self._report.silent_changes)
        track.rows += 1
        self._incidents[row.number] = track, row
        if not found:
            self._report.without_event += 1
            return None
        command_id = self._storing.command_id(row.number, track.rows)
        fingerprint = self._format.fingerprint(row, found)
        return Pending(item.line, track.rows, track, command_id, fingerprint, found)

    def _damaged(self, item: Damaged) -> None:
        number = self._format.number(item.cells)
        if number is None:
            self._lost = item.line
            if self._track is not None and self._track.aside is None:
                self._track.aside = item.line
        else:
            track, _ = self._follow(number, item.line)
            if track.aside is None:
                track.aside = item.line
        self._report.add(
            RowReport(
                line=item.line,
                problem="unreadable",
                number=number,
                column=item.column,
                value=item.value,
                advice=item.advice,
            )
        )

    def _follow(self, number: str, line: int) -> tuple[Track, R | None]:
        """Go on with an incident, or begin it."""
        if number not in self._incidents:
            self._incidents[number] = self._storing.track(number), None
        track, before = self._incidents[number]
        if self._lost is not None:
            if track.aside is None:
                track.aside = self._lost
            self._lost = None
        self._track = track
        return track, before
