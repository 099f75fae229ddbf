"""Small audit logs written by hand, and what the log says after they were imported."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.state import INCIDENT
from tocsin.domain.kernel import Recorded
from tocsin.importers.report import Report
from tocsin.importers.servicenow_audit import import_file
from tocsin.importers.servicenow_rows import COLUMNS
from tocsin.store.log import Log

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NUMBER = "INC0000001"
HEADER = ",".join(COLUMNS)
AS_IT_BEGINS = {
    "number": NUMBER,
    "incident_state": "New",
    "active": "true",
    "reassignment_count": "0",
    "reopen_count": "0",
    "sys_mod_count": "0",
    "made_sla": "true",
    "caller_id": "Ann",
    "opened_by": "Oda",
    "opened_at": "29/2/2016 23:59",
    "sys_updated_by": "Uma",
    "sys_updated_at": "1/3/2016 00:05",
    "contact_type": "Phone",
    "impact": "2 - Medium",
    "urgency": "2 - Medium",
    "priority": "3 - Moderate",
    "knowledge": "false",
    "u_priority_confirmation": "false",
    "notify": "Do Not Notify",
    "closed_code": "code 6",
    "resolved_by": "Rae",
    "resolved_at": "3/3/2016 10:00",
    "closed_at": "8/3/2016 10:00",
}
"""A new incident. Its last columns know the future, as in every real export."""

Seen = tuple[int, UUID, int, str, str | None, datetime, UUID, Any]


def row(**cells: str) -> str:
    """One line of an audit log: what is not said is as it begins, or missing."""
    values = {**AS_IT_BEGINS, **cells}
    assert set(values) <= set(COLUMNS)
    return ",".join(values.get(column, "?") for column in COLUMNS)


def rows(*changes: dict[str, str], number: str = NUMBER) -> list[str]:
    """The lines of one incident, each keeping what the one before said, an hour apart."""
    lines, cells = [], {"number": number}
    for hour, change in enumerate(changes):
        cells = {**cells, "sys_updated_at": f"1/3/2016 {hour:02d}:05", **change}
        lines.append(row(**cells))
    return lines


def written(path: Path, lines: Sequence[str], header: str = HEADER) -> Path:
    """The file of these lines."""
    path.write_text("".join(f"{line}\n" for line in [header, *lines]), encoding="utf-8")
    return path


def imported(log: Log, path: Path, *lines: str, **options: Any) -> Report:
    """Import these lines."""
    return import_file(written(path, lines), log, **{"clock": lambda: NOW, **options})


def history(log: Log, number: str = NUMBER) -> list[Recorded[IncidentEvent]]:
    """What the log says of the incident with this foreign number."""
    stream = log.holder("foreign", f"servicenow:{number}")
    return [] if stream is None else log.history(stream)


def events(log: Log, number: str = NUMBER) -> list[IncidentEvent]:
    """The events alone."""
    return [recorded.event for recorded in history(log, number)]


def later(log: Log, number: str = NUMBER) -> list[IncidentEvent]:
    """The events of all rows but the first."""
    past = history(log, number)
    return [each.event for each in past if each.command_id != past[0].command_id]


def state(log: Log, number: str = NUMBER) -> Any:
    """How the incident stands."""
    past = history(log, number)
    return INCIDENT.fold(past[0].stream, past)


def everything(log: Log) -> list[Seen]:
    """The whole log, but for the times at which it learnt it."""
    return [
        (
            each.position,
            each.stream,
            each.version,
            each.actor,
            each.via,
            each.occurred_at,
            each.command_id,
            each.event,
        )
        for each in log.page(0, 1_000_000)
    ]
