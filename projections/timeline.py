"""What happened, in words and in order, across all incidents?

One row per event. `aspect` says the one word by which events of a kind are counted: of a hold its
reason, of an escalation its kind, of an assignment the group.
"""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.incident import events
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.words import words
from tocsin.domain.kernel import Name, Recorded
from tocsin.readmodels import Cursor, Key, Limit, Page, View, each_event, query, row

VERSION = 1

LATE = timedelta(minutes=5)
"""An event that is recorded longer after it happened than this was entered late."""

ASPECTS: dict[type[IncidentEvent], str] = {
    events.IncidentReported: "source",
    events.IncidentImported: "status",
    events.IncidentVerified: "source",
    events.IncidentCategorised: "category",
    events.IncidentPrioritised: "priority",
    events.IncidentAssigned: "group",
    events.IncidentNoted: "visibility",
    events.IncidentHeld: "reason",
    events.IncidentEscalated: "kind",
    events.WorkaroundProposed: "risk",
    events.IncidentResolved: "resolution_code",
    events.ResolutionTested: "outcome",
    events.IncidentClosed: "closure_code",
    events.IncidentLinked: "kind",
    events.IncidentUnlinked: "kind",
    events.UpdatePosted: "audience",
    events.IncidentCorrected: "fact",
    events.SlaMarkedBreached: "system",
}
"""Of each kind of event, the field that tells its occurrences apart."""

keys = each_event


@row
class Row:
    """One event."""

    position: Key[int]
    incident_id: UUID
    version: int
    name: str
    aspect: str | None
    words: str
    occurred_at: datetime
    recorded_at: datetime
    late: bool
    actor: str
    via: str | None

    INDEXES: ClassVar = (("incident_id", "version"), ("occurred_at",))


def fold(_: Row | None, recorded: Recorded[IncidentEvent]) -> Row:
    """An event happens once, so there is never an earlier row."""
    event = recorded.event
    return Row(
        position=recorded.position,
        incident_id=recorded.stream,
        version=recorded.version,
        name=event.event_name,
        aspect=aspect(event),
        words=words(event),
        occurred_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
        late=recorded.recorded_at - recorded.occurred_at > LATE,
        actor=recorded.actor,
        via=recorded.via,
    )


def aspect(event: IncidentEvent) -> str | None:
    """The word by which events of this kind are counted, if there is one."""
    name = ASPECTS.get(type(event))
    word = None if name is None else getattr(event, name)
    return None if word is None else str(word)


@query("/timeline")
def timeline(
    view: View[Row],
    incident_id: UUID | None = None,
    event: list[str] | None = None,
    aspect: Name | None = None,
    actor: Name | None = None,
    occurred_after: datetime | None = None,
    occurred_before: datetime | None = None,
    late: bool | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Row]:
    """What was recorded last comes first; `event` names kinds, such as `incident.resolved`."""
    row = view.table.c
    asked = view.matching(
        incident_id=incident_id, name=event, aspect=aspect, actor=actor, late=late
    )
    if occurred_after is not None:
        asked.append(row.occurred_at > occurred_after)
    if occurred_before is not None:
        asked.append(row.occurred_at < occurred_before)
    latest = sa.select(view.table).where(*asked).order_by(row.position.desc())
    return view.page(latest, limit, after)
