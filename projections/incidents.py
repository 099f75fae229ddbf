"""Which incidents are there, how does each of them stand, and when did what happen to it?

One row per incident, with all that a list shows, filters or sorts by, and what a report counts.
"""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.incident import events
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.status import status_after
from tocsin.domain.incident.values import (
    OPEN,
    EscalationKind,
    Fact,
    HoldReason,
    Impact,
    LinkKind,
    Source,
    Status,
    Urgency,
)  # fmt: skip
from tocsin.domain.kernel import Name, Recorded, replace
from tocsin.readmodels import Cursor, Indexed, Key, Limit, Page, View, holds, query, row

VERSION = 1

Changes: TypeAlias = dict[str, Any]


@row
class Row:
    """One incident."""

    incident_id: Key[UUID]
    version: int = 0
    position: int = 0
    updated_at: Indexed[datetime]
    """The latest time at which anything happened to it."""
    reference: Indexed[str | None] = None
    title: str = ""
    status: Status = Status.UNREPORTED
    open: bool = False
    source: Source | None = None
    reporter: str | None = None
    services: tuple[str, ...] = ()
    verified: bool = False
    imported_from: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    """What an imported record carried besides, by the other system's field names."""

    category: str | None = None
    subcategory: str | None = None
    first_category: str | None = None
    impact: Impact | None = None
    urgency: Urgency | None = None
    priority: int | None = None
    first_priority: int | None = None
    raised_count: int = 0
    """How often the priority was made more urgent."""
    lowered_count: int = 0

    group: str | None = None
    assignee: str | None = None
    level: int | None = None
    reassignment_count: int = 0
    functional_escalations: int = 0
    hierarchical_escalations: int = 0
    major: bool = False

    hold_reason: HoldReason | None = None
    held_since: datetime | None = None
    hold_until: datetime | None = None
    workarounds_in_effect: tuple[str, ...] = ()
    next_update_due: datetime | None = None

    resolution_code: str | None = None
    closure_code: str | None = None
    confirmed: bool = False
    satisfaction: int | None = None
    reopen_count: int = 0
    sla_marked_breached: bool = False
    links: tuple[str, ...] = ()
    """Kind and target of each record it is linked to."""
    linked_to_problem: bool = False
    linked_to_change: bool = False

    impact_began_at: datetime | None = None
    detected_at: datetime | None = None
    reported_at: Indexed[datetime | None] = None
    logged_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    first_resolved_at: datetime | None = None
    resolved_at: datetime | None = None
    """When it was resolved for good so far: forgotten when it reopens."""
    closed_at: datetime | None = None

    INDEXES: ClassVar = (("open", "priority"), ("group", "open"), ("assignee", "open"))


def fold(row: Row | None, recorded: Recorded[IncidentEvent]) -> Row:
    """A row counts every event, also those that change nothing that a list shows."""
    event, at = recorded.event, recorded.occurred_at
    if row is None:
        row = Row(incident_id=recorded.stream, updated_at=at)
    changes = _changes(row, event, at)
    status = status_after(row.status, logged=row.reference is not None, event=event)
    if status is not row.status:
        changes["status"], changes["open"] = status, status in OPEN
        if row.status is Status.ON_HOLD:
            changes |= {"hold_reason": None, "hold_until": None, "held_since": None}
    changes["version"], changes["position"] = recorded.version, recorded.position
    if at > row.updated_at:
        changes["updated_at"] = at
    return replace(row, **changes)


def _changes(row: Row, event: IncidentEvent, at: datetime) -> Changes:
    """What an event changes besides the status. The ordinary course of things comes first."""
    match event:
        case events.IncidentReported():
            return _reported(event, at)
        case events.IncidentLogged():
            return {"reference": event.reference, "logged_at": at}
        case events.IncidentAssigned():
            return {**_moved(row, event.group), "assignee": event.assignee, "level": event.level}
        case events.IncidentCategorised():
            names = {"category": event.category, "subcategory": event.subcategory}
            return {**names, "first_category": row.first_category or event.category}
        case events.IncidentPrioritised():
            return _prioritised(row, event)
        case events.IncidentAcknowledged():
            return {"acknowledged_at": row.acknowledged_at or at}
        case events.IncidentHeld():
            return {"hold_reason": event.reason, "hold_until": event.until, "held_since": at}
        case events.IncidentResolved():
            first_time, relief = row.first_resolved_at or at, row.mitigated_at or at
            times = {"resolved_at": at, "first_resolved_at": first_time, "mitigated_at": relief}
            return {"resolution_code": event.resolution_code, **times}
        case events.IncidentClosed():
            return {"closure_code": event.closure_code, "closed_at": at}
        case events.IncidentEscalated(kind=EscalationKind.HIERARCHICAL):
            return {"hierarchical_escalations": row.hierarchical_escalations + 1}
        case events.IncidentEscalated(group=group, level=level):
            moved = {} if group is None else {**_moved(row, group), "assignee": None}
            times_so_far = row.functional_escalations + 1
            level = level or row.level
            return {**moved, "level": level, "functional_escalations": times_so_far}
    return _rarer(row, event, at)


def _rarer(row: Row, event: IncidentEvent, at: datetime) -> Changes:
    match event:
        case events.IncidentImported(system=system, foreign_id=known_as, attributes=attributes):
            return {"imported_from": f"{system}:{known_as}", "attributes": attributes}
        case events.SlaMarkedBreached():
            return {"sla_marked_breached": True}
        case events.IncidentReopened():
            return _reopened(row)
        case events.ResolutionConfirmed(satisfaction=satisfaction):
            return {"confirmed": True, "satisfaction": satisfaction}
        case events.ResolutionRejected():
            return {"confirmed": False, "satisfaction": None}
        case events.IncidentVerified() | events.IncidentDismissed():
            return {"verified": isinstance(event, events.IncidentVerified)}
        case events.IncidentLinked() | events.IncidentUnlinked():
            return _linked(row, event)
        case events.UpdatePosted(next_update_due=due):
            return {"next_update_due": due}
        case events.IncidentCorrected(fact=fact, now=now):
            return _corrected(fact, now)
        case events.MajorIncidentDeclared() | events.MajorIncidentStoodDown():
            return {"major": isinstance(event, events.MajorIncidentDeclared)}
        case events.WorkaroundApplied(workaround=name):
            in_effect = (*(each for each in row.workarounds_in_effect if each != name), name)
            return {"workarounds_in_effect": in_effect, "mitigated_at": row.mitigated_at or at}
        case events.WorkaroundWithdrawn(workaround=name):
            in_effect = tuple(each for each in row.workarounds_in_effect if each != name)
            since = row.mitigated_at if in_effect or row.resolved_at else None
            return {"workarounds_in_effect": in_effect, "mitigated_at": since}
    return {}


def _reported(event: events.IncidentReported, at: datetime) -> Changes:
    return {
        "title": event.title,
        "source": event.source,
        "reporter": event.reporter,
        "services": event.services,
        "impact_began_at": event.impact_began_at,
        "detected_at": event.detected_at,
        "reported_at": at,
    }


def _prioritised(row: Row, event: events.IncidentPrioritised) -> Changes:
    now = event.priority
    before = row.priority if row.priority is not None else now
    return {
        "priority": now,
        "first_priority": row.first_priority or now,
        "impact": event.impact or row.impact,
        "urgency": event.urgency or row.urgency,
        "raised_count": row.raised_count + (now < before),
        "lowered_count": row.lowered_count + (now > before),
    }


def _moved(row: Row, group: str | None) -> Changes:
    """The first group that it goes to is no reassignment."""
    again = row.group is not None and group != row.group
    return {"group": group, "reassignment_count": row.reassignment_count + again}


def _linked(row: Row, event: events.IncidentLinked | events.IncidentUnlinked) -> Changes:
    link = f"{event.kind} {event.target}"
    links = tuple(each for each in row.links if each != link)
    links = (*links, link) if isinstance(event, events.IncidentLinked) else links
    kinds = {each.partition(" ")[0] for each in links}
    problem, change = LinkKind.PROBLEM in kinds, LinkKind.CHANGE in kinds
    return {"links": links, "linked_to_problem": problem, "linked_to_change": change}


def _corrected(fact: Fact, now: str) -> Changes:
    """Every fact that a row shows has its column; the description is not among them."""
    if fact is Fact.DESCRIPTION:
        return {}
    if fact is Fact.SOURCE:
        return {fact.value: Source(now)}
    return {fact.value: datetime.fromisoformat(now) if fact.is_time else now}


def _reopened(row: Row) -> Changes:
    return {
        "confirmed": False,
        "satisfaction": None,
        "resolved_at": None,
        "closed_at": None,
        "resolution_code": None,
        "closure_code": None,
        "mitigated_at": row.mitigated_at if row.workarounds_in_effect else None,
        "reopen_count": row.reopen_count + 1,
    }


class Sort(StrEnum):
    """By what to order; a minus means that the largest comes first."""

    OLDEST = "reported_at"
    NEWEST = "-reported_at"
    MOST_URGENT = "priority"
    LEAST_URGENT = "-priority"
    LONGEST_QUIET = "updated_at"
    LATEST_CHANGED = "-updated_at"


@query("/incidents", past=True, personal=("assignee", "text"))
def incidents(
    view: View[Row],
    status: list[Status] | None = None,
    open: bool | None = None,  # noqa: A002 - it is what callers say
    group: Name | None = None,
    assignee: Name | None = None,
    priority: list[int] | None = None,
    category: Name | None = None,
    service: Name | None = None,
    source: Source | None = None,
    major: bool | None = None,
    reported_after: datetime | None = None,
    reported_before: datetime | None = None,
    text: Name | None = None,
    sort: Sort = Sort.NEWEST,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Row]:
    """Incidents that match all that is asked; `text` is looked for in title and reference."""
    row = view.table.c
    asked = view.matching(
        status=status, open=open, group=group, assignee=assignee, priority=priority,
        category=category, source=source, major=major,
    )  # fmt: skip
    if service is not None:
        asked.append(holds(row.services, service))
    if reported_after is not None:
        asked.append(row.reported_at > reported_after)
    if reported_before is not None:
        asked.append(row.reported_at < reported_before)
    if text is not None:
        searched = (row.title, row.reference)
        asked.append(sa.or_(*(each.icontains(text, autoescape=True) for each in searched)))
    column = row[sort.value.removeprefix("-")]
    order = column.desc() if sort.value.startswith("-") else column.asc()
    return view.page(sa.select(view.table).where(*asked).order_by(order), limit, after)
