"""What the rows of a ServiceNow audit log say happened.

The first row of an incident says how it was found, every later one differs from the row before.
Within a row, what opens the way comes first and what ends the work last.
"""

from collections.abc import Iterator
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple

from tocsin.domain.incident.events import (  # fmt: skip
    IncidentAcknowledged,
    IncidentAssigned,
    IncidentCategorised,
    IncidentClosed,
    IncidentCorrected,
    IncidentEscalated,
    IncidentEvent,
    IncidentHeld,
    IncidentImported,
    IncidentLinked,
    IncidentLogged,
    IncidentNoted,
    IncidentPrioritised,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
    IncidentResumed,
    IncidentUnlinked,
    SlaMarkedBreached,
)
from tocsin.domain.incident.values import EscalationKind, Fact, LinkKind, Source, Visibility
from tocsin.importers.servicenow_rows import (
    COLUMNS,
    FINAL,
    HOLD_REASONS,
    STATES,
    UNKNOWN_STATE,
    AuditRow,
)

SYSTEM = "servicenow"

SOURCES = {
    "Phone": Source.USER_REPORT,
    "Email": Source.USER_REPORT,
    "IVR": Source.USER_REPORT,
    "Walk-in": Source.USER_REPORT,
    "Chat": Source.USER_REPORT,
    "Monitoring": Source.MONITORING,
    "Event": Source.AUTOMATED_ALERT,
    "Alert": Source.AUTOMATED_ALERT,
}
"""By contact type. Whatever else it was (self service, opened directly), it is a ticket."""

LINKS = (
    ("problem_id", LinkKind.PROBLEM),
    ("rfc", LinkKind.CHANGE),
    ("caused_by", LinkKind.CAUSED_BY),
)
ENDS = {"Resolved": Fact.RESOLVED_AT, "Closed": Fact.CLOSED_AT}
ATTRIBUTES = (
    "active", "reassignment_count", "reopen_count", "sys_mod_count", "made_sla", "sys_created_by",
    "sys_created_at", "contact_type", "location", "u_symptom", "knowledge",
    "u_priority_confirmation", "notify", "vendor",
)  # fmt: skip
"""Columns of the first row that no event has a place for."""
_COMPARED = itemgetter(*(COLUMNS.index(c) for c in (
    "incident_state", "made_sla", "caller_id", "category", "subcategory", "impact", "urgency",
    "priority", "assignment_group", "assigned_to", "problem_id", "rfc", "caused_by",
)))  # fmt: skip


class Change(NamedTuple):
    """Two rows of one incident, one after the other."""

    before: AuditRow
    row: AuditRow

    def of(self, column: str) -> bool:
        """Whether a column changed."""
        return self.before.get(column) != self.row.get(column)


def changed(before: AuditRow, row: AuditRow) -> tuple[AuditRow, list[IncidentEvent]]:
    """The row with the state that the events add up to, and the events since the row before."""
    if _COMPARED(before.cells) == _COMPARED(row.cells):
        same = _standing(row, before.stands)
        return same, list(_over_again(before, same))
    change = Change(before, _standing(row, _stands(before, row)))
    return change.row, [
        *_begun(change), *_facts(change), *_noted(change), *_verdict(change), *_ended(change)
    ]  # fmt: skip


def reported(row: AuditRow) -> IncidentReported:
    kind = ", ".join(filter(None, (row.get("category"), row.get("subcategory"))))
    symptom = row.get("u_symptom")
    item = row.get("cmdb_ci")
    return IncidentReported(
        title=(f"{symptom} ({kind})" if symptom and kind else symptom or kind) or row.number,
        source=SOURCES.get(row.get("contact_type") or "", Source.HELP_DESK_TICKET),
        reporter=row.get("caller_id"),
        configuration_items=(item,) if item else (),
    )


def first(row: AuditRow) -> Iterator[IncidentEvent]:
    """An incident as its first row finds it, which may be well into its life."""
    attributes = {c: value for c in ATTRIBUTES if (value := row.get(c)) is not None}
    yield IncidentLogged(reference=row.number)
    yield IncidentImported(
        system=SYSTEM,
        foreign_id=row.number,
        foreign_status=row.state,
        status=STATES[row.stands],
        attributes={**dict(row.extra), **attributes},
    )
    if row.get("category") or row.get("subcategory"):
        yield _categorised(row)
    if row.priority is not None:
        yield _prioritised(row, row.priority)
    if row.get("assignment_group") or row.get("assigned_to"):
        yield _assigned(row)
    for column, kind in LINKS:
        if target := row.get(column):
            yield IncidentLinked(kind=kind, target=target)
    if row.state == UNKNOWN_STATE:
        yield _note(row, f"ServiceNow state {row.state} has no meaning that is known.")
    yield from _reached(row)


def _stands(before: AuditRow, row: AuditRow) -> str:
    """The state that the events add up to: back to New has no event, and -100 says nothing."""
    if row.state == UNKNOWN_STATE:
        return before.stands
    if row.state == "New" and before.stands != "New":
        return "Active" if _over(before.stands) else before.stands
    return row.state


def _standing(row: AuditRow, stands: str) -> AuditRow:
    return row if row.stands == stands else row._replace(stands=stands)


def _over(state: str) -> bool:
    return state in ("Resolved", "Closed")


def _begun(change: Change) -> Iterator[IncidentEvent]:
    """Steps that open the way for what else the row says."""
    before, row = change.before.stands, change.row.stands
    if _over(before) and not _over(row):
        yield IncidentReopened(reason=f"ServiceNow: {change.before.state} to {change.row.state}")
    elif before == "New" and row == "Active":
        yield IncidentAcknowledged()
    elif before in HOLD_REASONS and row == "Active":
        yield IncidentResumed()


def _facts(change: Change) -> Iterator[IncidentEvent]:
    before, row = change
    caller = row.get("caller_id")
    if change.of("caller_id") and caller:
        yield IncidentCorrected(
            fact=Fact.REPORTER,
            was=before.get("caller_id"),
            now=caller,
            reason="The caller was changed in ServiceNow.",
        )
    if change.of("category") or change.of("subcategory"):
        yield _categorised(row)
    yield from _ranked(change)
    group, former = row.get("assignment_group"), before.get("assignment_group")
    if group and former and group != former:
        yield IncidentEscalated(kind=EscalationKind.FUNCTIONAL, group=group)
    if group != former or change.of("assigned_to"):
        yield _assigned(row)
    for column, kind in LINKS:
        if change.of(column):
            if gone := before.get(column):
                yield IncidentUnlinked(kind=kind, target=gone)
            if target := row.get(column):
                yield IncidentLinked(kind=kind, target=target)


def _ranked(change: Change) -> Iterator[IncidentEvent]:
    before, row = change
    ranks = (row.priority, row.impact, row.urgency)
    if row.priority is None or ranks == (before.priority, before.impact, before.urgency):
        return
    yield _prioritised(row, row.priority)
    if before.priority is not None and row.priority < before.priority:
        reason = f"Priority raised from {before.get('priority')} to {row.get('priority')}"
        yield IncidentEscalated(kind=EscalationKind.HIERARCHICAL, reason=reason)


def _noted(change: Change) -> Iterator[IncidentEvent]:
    """A state that is unknown, or that no event leads to, is kept as it came."""
    before, row = change
    if row.state != before.state and row.state == UNKNOWN_STATE:
        yield _note(row, f"ServiceNow state {row.state} has no meaning that is known.")
    elif row.state != before.state and row.state == "New" and row.stands == before.stands != "New":
        yield _note(row, f"ServiceNow state went back from {before.state} to New.")


def _verdict(change: Change) -> Iterator[IncidentEvent]:
    if change.before.made_sla and not change.row.made_sla:
        yield SlaMarkedBreached(system=SYSTEM)


def _ended(change: Change) -> Iterator[IncidentEvent]:
    before, row = change
    return _over_again(before, row) if before.stands == row.stands else _reached(row)


def _over_again(before: AuditRow, row: AuditRow) -> Iterator[IncidentEvent]:
    """Resolved or closed once more: ServiceNow counts the end from its last row, not its first."""
    fact = ENDS.get(row.state)
    if fact is not None and row.state == before.stands and row.at > before.at:
        yield IncidentCorrected(
            fact=fact,
            was=_written(before.at) if before.state == row.state else None,
            now=_written(row.at),
            reason=f"ServiceNow set the state to {row.state} again.",
        )


def _reached(row: AuditRow) -> Iterator[IncidentEvent]:
    """Steps that come after what else the row says."""
    if row.stands in HOLD_REASONS:
        yield IncidentHeld(reason=HOLD_REASONS[row.stands])
    elif row.stands == "Resolved":
        yield IncidentResolved(resolution_code=None, resolution="")
    elif row.stands == "Closed":
        yield IncidentClosed(closure_code=row.get("closed_code"))


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _categorised(row: AuditRow) -> IncidentCategorised:
    return IncidentCategorised(category=row.get("category"), subcategory=row.get("subcategory"))


def _prioritised(row: AuditRow, priority: int) -> IncidentPrioritised:
    return IncidentPrioritised(priority=int(priority), impact=row.impact, urgency=row.urgency)


def _assigned(row: AuditRow) -> IncidentAssigned:
    return IncidentAssigned(group=row.get("assignment_group"), assignee=row.get("assigned_to"))


def _note(row: AuditRow, why: str) -> IncidentNoted:
    """The row as it came, but for the final values: they know the future."""
    cells = [f"{c}={v}" for c, v in zip(COLUMNS, row.cells, strict=True) if c not in FINAL]
    text = f"{why} The row: {', '.join(cells)}"
    return IncidentNoted(text=text, visibility=Visibility.INTERNAL)
