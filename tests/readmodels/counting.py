"""How many events has each incident? A read model just big enough to test the runtime with."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.incident.events import IncidentCancelled, IncidentEvent, IncidentReported
from tocsin.domain.kernel import Recorded
from tocsin.readmodels import Cursor, Key, Limit, Page, View, query

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Row:
    """One incident's count."""

    incident_id: Key[UUID]
    events: int
    title: str | None
    last_at: datetime


def fold(row: Row | None, recorded: Recorded[IncidentEvent]) -> Row | None:
    """A cancelled incident is no longer counted, whatever is said of it afterwards."""
    match recorded.event:
        case IncidentCancelled():
            return None
        case IncidentReported(title="poison"):
            raise ValueError("this one cannot be counted")
        case IncidentReported(title=title):
            return Row(
                incident_id=recorded.stream, events=1, title=title, last_at=recorded.occurred_at
            )
    if row is None:
        return None
    return replace(row, events=row.events + 1, last_at=recorded.occurred_at)


@query("/counts")
def counts(view: View[Row], limit: Limit = 50, after: Cursor = None) -> Page[Row]:
    """The most eventful first."""
    return view.page(sa.select(view.table).order_by(view.table.c.events.desc()), limit, after)
