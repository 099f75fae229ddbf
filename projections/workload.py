"""How much does each person and each group hold, and how much did they get done?

*Open*: logged, not ended, held now. *Handled*: service was restored while they held it, whoever
wrote that down. What ends without a resolution counts when it is closed; what is cancelled or
dismissed was no work done. Reopened, an incident is open work again and no longer handled; it is
handled again by whoever holds it when it is resolved the next time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.incident import events
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.status import status_after
from tocsin.domain.incident.values import OPEN, EscalationKind, Fact, Priority, Status
from tocsin.domain.kernel import Name, Recorded, replace
from tocsin.readmodels import Cursor, Key, Limit, Page, View, query, row

VERSION = 1

NOBODY = "(nobody)"
"""Who holds what is assigned to no person, or to no group."""

Changes: TypeAlias = dict[str, Any]


@row
class Row:
    """One incident, and whose work it is or was."""

    incident_id: Key[UUID]
    status: Status = Status.UNREPORTED
    logged: bool = False
    open: bool = False
    group: str = NOBODY
    person: str = NOBODY
    priority: int | None = None
    reported_at: datetime
    handled_by_group: str | None = None
    handled_by: str | None = None
    handled_at: datetime | None = None

    INDEXES: ClassVar = (("open", "person"), ("open", "group"), ("handled_at",))


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one person or group holds and got done."""

    name: str
    open: int
    on_hold: int
    urgent: int
    """Open and of priority 1 or 2."""
    handled: int
    oldest_reported_at: datetime | None
    """Of what is open."""


def fold(row: Row | None, recorded: Recorded[IncidentEvent]) -> Row:
    """Work is whoever's it is at the moment when it ends."""
    if row is None:
        row = Row(incident_id=recorded.stream, reported_at=recorded.occurred_at)
    event = recorded.event
    changes = _changes(row, event, recorded.occurred_at)
    status = status_after(row.status, logged=row.logged, event=event)
    if status is not row.status:
        changes["status"] = status
    held = status in OPEN and (row.logged or "logged" in changes)
    if held is not row.open:
        changes["open"] = held
    return replace(row, **changes) if changes else row


def _changes(row: Row, event: IncidentEvent, at: datetime) -> Changes:
    match event:
        case events.IncidentReported():
            return {"reported_at": at}
        case events.IncidentLogged():
            return {"logged": True}
        case events.IncidentAssigned():
            return {"group": event.group or NOBODY, "person": event.assignee or NOBODY}
        case events.IncidentPrioritised():
            return {"priority": event.priority}
        case events.IncidentResolved():
            return _handled(row, at)
        case events.IncidentClosed() if row.handled_at is None:
            return _handled(row, at)
        case events.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, group=str(group)):
            return {"group": group, "person": NOBODY}
        case events.IncidentReopened():
            return {"handled_by": None, "handled_by_group": None, "handled_at": None}
        case events.IncidentCorrected(fact=fact, now=now):
            return _corrected(row, fact, now)
    return {}


def _handled(row: Row, at: datetime) -> Changes:
    return {"handled_by": row.person, "handled_by_group": row.group, "handled_at": at}


def _corrected(row: Row, fact: Fact, now: str) -> Changes:
    if fact is Fact.REPORTED_AT:
        return {"reported_at": datetime.fromisoformat(now)}
    if fact is Fact.RESOLVED_AT and row.handled_at is not None:
        return {"handled_at": datetime.fromisoformat(now)}
    return {}


@query("/workload/people", past=True, personal=None)
def people(
    view: View[Row],
    group: Name | None = None,
    handled_after: datetime | None = None,
    handled_before: datetime | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Load]:
    """Each person's open and handled incidents; the times bound only what was handled."""
    row = view.table.c
    held: list[Any] = [row.open]
    done = _done(row, handled_after, handled_before)
    if group is not None:
        held.append(row.group == group)
        done.append(row.handled_by_group == group)
    return view.page(_loads(row.person, row.handled_by, held, done), limit, after, Load)


@query("/workload/groups", past=True)
def groups(
    view: View[Row],
    handled_after: datetime | None = None,
    handled_before: datetime | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Load]:
    """Each group's open and handled incidents; the times bound only what was handled."""
    row = view.table.c
    done = _done(row, handled_after, handled_before)
    return view.page(_loads(row.group, row.handled_by_group, [row.open], done), limit, after, Load)


def _done(row: Any, after: datetime | None, before: datetime | None) -> list[Any]:
    done = [row.handled_at.is_not(None)]
    if after is not None:
        done.append(row.handled_at > after)
    if before is not None:
        done.append(row.handled_at < before)
    return done


def _loads(holder: Any, handler: Any, held: list[Any], done: list[Any]) -> sa.Select[Any]:
    """Count by name what is held and what was done, and put the two together."""
    row = holder.table.c
    none: Any = sa.literal(0)
    holding = sa.select(
        holder.label("name"),
        sa.func.count().label("open"),
        sa.func.count(sa.case((row.status == Status.ON_HOLD, 1))).label("on_hold"),
        sa.func.count(sa.case((row.priority <= Priority.HIGH.value, 1))).label("urgent"),
        sa.literal(0).label("handled"),
        sa.func.min(row.reported_at).label("oldest_reported_at"),
    )
    never = sa.cast(sa.null(), row.reported_at.type)
    doing = sa.select(handler.label("name"), none, none, none, sa.func.count(), never)
    both = sa.union_all(
        holding.where(*held).group_by(holder), doing.where(*done).group_by(handler)
    ).subquery()
    whole = sa.Integer()
    counts = [
        sa.cast(sa.func.sum(both.c[name]), whole).label(name)
        for name in ("open", "on_hold", "urgent", "handled")
    ]
    oldest = sa.func.min(both.c.oldest_reported_at).label("oldest_reported_at")
    return sa.select(both.c.name, *counts, oldest).group_by(both.c.name).order_by(both.c.name)
