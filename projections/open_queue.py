"""What waits in each group: who holds what, since when, how urgent, on hold or not and why?

An incident enters the queue when it is logged and leaves it when it ends. Its row stays, so that
it is whole again when the incident reopens.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.incident import events
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.status import status_after
from tocsin.domain.incident.values import OPEN, EscalationKind, Fact, HoldReason, Priority, Status
from tocsin.domain.kernel import Recorded, replace
from tocsin.readmodels import Cursor, Key, Limit, Page, View, query, row

VERSION = 1

NO_GROUP = "(none)"
"""The queue of the incidents that no group holds."""

Changes: TypeAlias = dict[str, Any]


@row
class Row:
    """One incident, waiting or not."""

    incident_id: Key[UUID]
    waiting: bool = False
    status: Status = Status.UNREPORTED
    reference: str | None = None
    title: str = ""
    group: str = NO_GROUP
    group_since: datetime
    """Since when this group has it."""
    assignee: str | None = None
    assignee_since: datetime | None = None
    level: int | None = None
    priority: int | None = None
    major: bool = False
    queued_at: datetime
    """When it was reported: how long somebody has been waiting."""
    on_hold: bool = False
    hold_reason: HoldReason | None = None
    hold_detail: str = ""
    held_since: datetime | None = None
    hold_until: datetime | None = None
    reopen_count: int = 0

    INDEXES: ClassVar = (("waiting", "group", "priority", "queued_at"),)


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One group's open incidents, counted."""

    group: str
    open: int
    on_hold: int
    unassigned: int
    major: int
    critical: int
    high: int
    moderate: int
    low: int
    planning: int
    not_prioritised: int
    oldest_queued_at: datetime


def fold(row: Row | None, recorded: Recorded[IncidentEvent]) -> Row:
    """An incident waits while it is logged and open."""
    at = recorded.occurred_at
    if row is None:
        row = Row(incident_id=recorded.stream, queued_at=at, group_since=at)
    event, logged = recorded.event, row.reference is not None
    changes = _changes(row, event, at)
    status = status_after(row.status, logged=logged, event=event)
    if status is not row.status:
        changes["status"], changes["on_hold"] = status, status is Status.ON_HOLD
        if row.on_hold:
            changes |= NOT_HELD
    waiting = status in OPEN and (logged or "reference" in changes)
    if waiting is not row.waiting:
        changes["waiting"] = waiting
    return replace(row, **changes) if changes else row


def _changes(row: Row, event: IncidentEvent, at: datetime) -> Changes:
    match event:
        case events.IncidentReported():
            return {"title": event.title, "queued_at": at}
        case events.IncidentLogged():
            return {"reference": event.reference}
        case events.IncidentAssigned():
            return {**_moved(row, event.group, event.assignee, at), "level": event.level}
        case events.IncidentPrioritised():
            return {"priority": event.priority}
        case events.IncidentHeld(reason=reason, until=until, detail=detail):
            why = {"hold_reason": reason, "hold_detail": detail}
            return {**why, "held_since": at, "hold_until": until}
        case events.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, group=group, level=level):
            moved = {} if group is None else _moved(row, group, None, at)
            return {**moved, "level": level or row.level}
        case events.IncidentReopened():
            return {"reopen_count": row.reopen_count + 1}
        case events.MajorIncidentDeclared():
            return {"major": True}
        case events.MajorIncidentStoodDown():
            return {"major": False}
        case events.IncidentCorrected(fact=Fact.TITLE, now=now):
            return {"title": now}
        case events.IncidentCorrected(fact=Fact.REPORTED_AT, now=now):
            return {"queued_at": datetime.fromisoformat(now)}
    return {}


NOT_HELD: Changes = {
    "hold_reason": None,
    "hold_detail": "",
    "held_since": None,
    "hold_until": None,
}


def _moved(row: Row, group: str | None, assignee: str | None, at: datetime) -> Changes:
    """Who holds it; the times move only when the holder does."""
    name = group if group is not None else NO_GROUP
    since = row.assignee_since if assignee == row.assignee else at
    return {
        "group": name,
        "group_since": row.group_since if name == row.group else at,
        "assignee": assignee,
        "assignee_since": since if assignee is not None else None,
    }


def shows(status: Status, *, logged: bool) -> bool:
    """What both questions are about; of another moment, nothing else is folded."""
    return logged and status in OPEN


@query("/queues", past=True)
def queues(view: View[Row], limit: Limit = 50, after: Cursor = None) -> Page[Queue]:
    """Every group that has something open, and how much; `(none)` is what no group holds."""
    row = view.table.c

    def counted(condition: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
        return sa.func.count(sa.case((condition, 1))).label(name)

    counts = (
        sa.select(
            row.group,
            sa.func.count().label("open"),
            counted(row.on_hold, "on_hold"),
            counted(row.assignee.is_(None), "unassigned"),
            counted(row.major, "major"),
            *(counted(row.priority == step, step.name.lower()) for step in Priority),
            counted(row.priority.is_(None), "not_prioritised"),
            sa.func.min(row.queued_at).label("oldest_queued_at"),
        )
        .where(row.waiting)
        .group_by(row.group)
        .order_by(row.group)
    )
    return view.page(counts, limit, after, Queue)


@query("/queues/{group}", past=True, personal=("assignee",))
def queue(
    view: View[Row],
    group: str,
    assignee: str | None = None,
    on_hold: bool | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Row]:
    """Open incidents of one group, most urgent first, then longest waiting."""
    row = view.table.c
    asked = view.matching(waiting=True, group=group, assignee=assignee, on_hold=on_hold)
    waiting = sa.select(view.table).where(*asked).order_by(row.priority, row.queued_at)
    return view.page(waiting, limit, after)
