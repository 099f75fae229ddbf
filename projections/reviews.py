"""Which reviews are there, which of them are mandatory, and what has become of them?"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.kernel import Name, Recorded, replace
from tocsin.domain.review import events
from tocsin.domain.review.events import ReviewEvent
from tocsin.domain.review.values import ReviewStatus
from tocsin.readmodels import Cursor, Indexed, Key, Limit, Page, View, query, row

VERSION = 1


@row
class Row:
    """One review."""

    review_id: Key[UUID]
    version: int = 0
    status: ReviewStatus = ReviewStatus.UNOPENED
    incident_id: Indexed[UUID | None] = None
    reference: Indexed[str | None] = None
    """Of the incident, as of when the review was opened; so is the title."""
    title: str = ""
    reason: str = ""
    mandatory: bool = False
    policy_version: int | None = None
    facilitator: str | None = None
    participants: tuple[str, ...] = ()
    opened_at: datetime
    opened_by: str
    due_at: datetime | None = None
    findings: int = 0
    """Those that stand; so it is with factors and lessons."""
    factors: int = 0
    lessons: int = 0
    root_cause: str | None = None
    actions: int = 0
    """All that were ever agreed on."""
    open_actions: tuple[str, ...] = ()
    edition: int = 0
    published_at: datetime | None = None
    """The last time."""

    INDEXES: ClassVar = (("status", "opened_at"), ("opened_at",))


def fold(row: Row | None, recorded: Recorded[ReviewEvent]) -> Row:
    """A row counts what stands, and names what is still to be done."""
    if row is None:
        at, by = recorded.occurred_at, recorded.actor
        row = Row(review_id=recorded.stream, opened_at=at, opened_by=by)
    return replace(_folded(row, recorded), version=recorded.version)


def _folded(row: Row, recorded: Recorded[ReviewEvent]) -> Row:
    match recorded.event:
        case events.ReviewOpened() as opened:
            return _opened(row, opened)
        case events.ReviewMadeMandatory(policy_version=version):
            return replace(row, mandatory=True, policy_version=version)
        case events.FacilitatorNamed(facilitator=facilitator):
            return replace(row, facilitator=facilitator)
        case events.ParticipantsNamed(participants=participants):
            return replace(row, participants=(*row.participants, *participants))
        case events.RootCauseIdentified(cause=cause):
            return replace(row, root_cause=cause)
        case events.ReviewPublished(edition=edition):
            at = recorded.occurred_at
            status = ReviewStatus.PUBLISHED
            return replace(row, status=status, edition=edition, published_at=at)
        case events.ReviewReopened():
            return replace(row, status=ReviewStatus.OPEN)
    return _counted(row, recorded.event)


def _opened(row: Row, event: events.ReviewOpened) -> Row:
    return replace(
        row,
        status=ReviewStatus.OPEN,
        incident_id=UUID(event.incident_id),
        reference=event.reference,
        title=event.title,
        reason=event.reason,
        facilitator=event.facilitator,
        due_at=event.due_at,
    )


def _counted(row: Row, event: ReviewEvent) -> Row:
    match event:
        case events.FindingRecorded():
            return replace(row, findings=row.findings + 1)
        case events.FindingWithdrawn():
            return replace(row, findings=row.findings - 1)
        case events.FactorRecorded():
            return replace(row, factors=row.factors + 1)
        case events.FactorWithdrawn():
            return replace(row, factors=row.factors - 1)
        case events.LessonRecorded():
            return replace(row, lessons=row.lessons + 1)
        case events.LessonWithdrawn():
            return replace(row, lessons=row.lessons - 1)
        case events.ActionAgreed(action=name):
            return replace(row, actions=row.actions + 1, open_actions=(*row.open_actions, name))
        case events.ActionDone(action=name) | events.ActionDropped(action=name):
            left = tuple(each for each in row.open_actions if each != name)
            return replace(row, open_actions=left)
    return row


@query("/reviews")
def reviews(
    view: View[Row],
    status: ReviewStatus | None = None,
    mandatory: bool | None = None,
    facilitator: Name | None = None,
    reference: Name | None = None,
    overdue: bool | None = None,
    as_of: datetime | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Row]:
    """Reviews, the latest first. Overdue is what was to be published before now, or before `as_of`,
    and is still open."""
    column = view.table.c
    asked = view.matching(
        status=status, mandatory=mandatory, facilitator=facilitator, reference=reference
    )
    if overdue is not None:
        moment = as_of or view.now
        late = sa.and_(column.status == ReviewStatus.OPEN, column.due_at < moment)
        on_time = sa.or_(column.status != ReviewStatus.OPEN, column.due_at.is_(None))
        asked.append(late if overdue else sa.or_(on_time, column.due_at >= moment))
    latest = sa.select(view.table).where(*asked).order_by(column.opened_at.desc())
    return view.page(latest, limit, after)
