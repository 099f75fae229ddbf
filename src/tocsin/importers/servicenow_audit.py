"""ServiceNow audit logs, one row per update of an incident.

What happened is the difference between two rows: `servicenow_events`. Changes of columns that have
no event (`SILENT`) are counted in the report. Who resolved is the actor of the row that resolves:
`resolved_by` names the last resolver on every row, which is wrong for all who came before.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from operator import itemgetter
from pathlib import Path

from tocsin.domain.incident.events import IncidentClosed
from tocsin.importers.compressed import Bytes
from tocsin.importers.format import Happening
from tocsin.importers.report import Progress, Report
from tocsin.importers.rows import Table
from tocsin.importers.run import Run
from tocsin.importers.servicenow_events import SYSTEM, changed, first, reported
from tocsin.importers.servicenow_rows import COLUMNS, NOBODY, AuditRow, Reader
from tocsin.importers.storing import Target

NAME = "servicenow-audit"

SILENT = (
    "opened_by", "opened_at", "sys_created_by", "sys_created_at", "contact_type", "location",
    "u_symptom", "cmdb_ci", "knowledge", "u_priority_confirmation", "notify", "vendor",
)  # fmt: skip
_SILENT = itemgetter(*map(COLUMNS.index, SILENT))
_OPENED_AT = COLUMNS.index("opened_at")


def import_file(
    path: Path,
    log: Target,
    *,
    time_zone: tzinfo = UTC,
    progress: Callable[[Progress], None] = lambda _: None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    stop: Callable[[], bool] = lambda: False,
) -> Report:
    """Import an audit log: plain, .gz or .zst. Running it again imports only what is missing.

    `time_zone` is that of the times in the file, which say none. `stop` is asked after every
    batch; what was imported until then stays, and the next run goes on behind it.

    A row that cannot be read is reported, and its incident waits from there on: see `run`.

    Raises:
        UnreadableFile: it cannot be opened, or its header is not that of an audit log.
        StoreUnavailable: the log cannot be written; whole batches only were stored.
    """
    with Bytes(path) as source:
        table = Table(source, COLUMNS)
        history = AuditLog(Reader(table.header, time_zone, clock()))
        return Run(log, history, clock, str(path)).run(table, source, progress, stop)


class AuditLog:
    """The format, as a run wants to know it."""

    name = NAME
    system = SYSTEM

    def __init__(self, reader: Reader) -> None:
        self.read, self.number = reader.read, reader.number
        self._time = reader.time

    def fingerprint(self, row: AuditRow, happenings: Sequence[Happening]) -> bytes:
        """What tells a row from one that was changed since it was imported."""
        return row.fingerprint(closes=any(isinstance(h.event, IncidentClosed) for h in happenings))

    def happenings(
        self, before: AuditRow | None, row: AuditRow, silent: Counter[str]
    ) -> tuple[AuditRow, list[Happening]]:
        """What the row says happened, and the row to compare the next one with.

        Raises:
            UnreadableCell: the first row does not say when the incident was opened.
        """
        if before is None:
            opened_at = self._time("opened_at", row.cells[_OPENED_AT])
            opened = Happening(opened_at, row.get("opened_by") or NOBODY, reported(row))
            return row, [opened, *(Happening(row.at, row.actor, event) for event in first(row))]
        if _SILENT(before.cells) != _SILENT(row.cells):
            silent.update(column for column in SILENT if before.get(column) != row.get(column))
        row, events = changed(before, row)
        return row, [Happening(row.at, row.actor, event) for event in events]
