"""Which evidence is kept, who answers for it, and in what condition was it found?"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.evidence import events
from tocsin.domain.evidence.events import EvidenceEvent
from tocsin.domain.evidence.values import Condition, Custody
from tocsin.domain.kernel import Name, Recorded, replace
from tocsin.readmodels import Cursor, Indexed, Key, Limit, Page, View, query, row

VERSION = 1


@row
class Row:
    """One piece of evidence."""

    evidence_id: Key[UUID]
    version: int = 0
    status: Custody = Custody.UNATTACHED
    incident_id: Indexed[UUID | None] = None
    reference: Indexed[str | None] = None
    """Of the incident, as of when it was attached."""
    number: int = 0
    name: str = ""
    media_type: str = ""
    size: int = 0
    sha256: Indexed[str] = ""
    """Of the bytes as they are stored."""
    custodian: Indexed[str | None] = None
    attached_at: datetime
    attached_by: str
    accesses: int = 0
    accessed_at: datetime | None = None
    condition: Condition | None = None
    checked_at: datetime | None = None

    INDEXES: ClassVar = (("status", "attached_at"), ("attached_at",))


def fold(row: Row | None, recorded: Recorded[EvidenceEvent]) -> Row:
    """A row tells what it is, and counts who saw it."""
    at, by = recorded.occurred_at, recorded.actor
    if row is None:
        row = Row(evidence_id=recorded.stream, attached_at=at, attached_by=by)
    return replace(_folded(row, recorded.event, at, by), version=recorded.version)


def _folded(row: Row, event: EvidenceEvent, at: datetime, by: str) -> Row:
    match event:
        case events.EvidenceAttached():
            return replace(
                row,
                status=Custody.KEPT,
                incident_id=UUID(event.incident_id),
                reference=event.reference,
                number=event.number,
                name=event.name,
                media_type=event.media_type,
                size=event.size,
                sha256=event.sha256,
                custodian=by,
            )
        case events.EvidenceAccessed():
            return replace(row, accesses=row.accesses + 1, accessed_at=at)
        case events.EvidenceTransferred(to=to):
            return replace(row, custodian=to)
        case events.EvidenceChecked(condition=condition):
            return replace(row, condition=condition, checked_at=at)
        case events.EvidenceDiscarded():
            return replace(row, status=Custody.DISCARDED)


@query("/evidence")
def evidence(
    view: View[Row],
    status: Custody | None = None,
    incident_id: UUID | None = None,
    reference: Name | None = None,
    custodian: Name | None = None,
    condition: Condition | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Row]:
    """Evidence, the latest first. `condition` is what the last check found."""
    asked = view.matching(
        status=status,
        incident_id=incident_id,
        reference=reference,
        custodian=custodian,
        condition=condition,
    )
    latest = sa.select(view.table).where(*asked).order_by(view.table.c.attached_at.desc())
    return view.page(latest, limit, after)
