"""A review is opened, led and attended; it is published, and perhaps opened again."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from tocsin.domain.kernel import moment, replace
from tocsin.domain.review.events import (
    FacilitatorNamed,
    ParticipantsNamed,
    ReviewMadeMandatory,
    ReviewOpened,
    ReviewPublished,
    ReviewReopened,
)
from tocsin.domain.review.record import Review
from tocsin.domain.review.values import ReviewStatus

Chapter = (
    ReviewOpened
    | ReviewMadeMandatory
    | FacilitatorNamed
    | ParticipantsNamed
    | ReviewPublished
    | ReviewReopened
)


def fold(review: Review, event: Chapter, at: datetime, actor: str) -> Review:
    """The review after an event of this chapter."""
    match event:
        case ReviewOpened():
            return _opened(review, event, at, actor)
        case ReviewMadeMandatory(reason=reason, policy_version=policy_version):
            return replace(
                review, mandatory=True, mandatory_because=reason, policy_version=policy_version
            )
        case FacilitatorNamed(facilitator=facilitator):
            return replace(review, facilitator=facilitator)
        case ParticipantsNamed(participants=participants):
            return replace(review, participants=(*review.participants, *participants))
        case ReviewPublished(edition=edition, summary=summary):
            return replace(
                review,
                status=ReviewStatus.PUBLISHED,
                edition=edition,
                summary=summary,
                published_at=at,
                published_by=actor,
                reopened_because=None,
            )
        case ReviewReopened(reason=reason):
            return replace(review, status=ReviewStatus.OPEN, reopened_because=reason)
        case unknown:
            assert_never(unknown)


def _opened(review: Review, event: ReviewOpened, at: datetime, actor: str) -> Review:
    return replace(
        review,
        status=ReviewStatus.OPEN,
        incident_id=UUID(event.incident_id),
        reference=event.reference,
        title=event.title,
        reason=event.reason,
        opened_at=at,
        opened_by=actor,
        facilitator=event.facilitator,
        due_at=event.due_at,
    )


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case ReviewOpened(facilitator=facilitator, due_at=due_at, reason=reason):
            led = f", led by {facilitator}" if facilitator else ""
            due = f", to be published until {moment(due_at)}" if due_at else ""
            return f"Review opened{led}{due}: {reason}"
        case ReviewMadeMandatory(reason=reason, policy_version=policy_version):
            return f"Mandatory by policy version {policy_version}: {reason}"
        case FacilitatorNamed(facilitator=facilitator):
            return f"Led by {facilitator} from now on."
        case ParticipantsNamed(participants=participants):
            return f"Taking part as well: {', '.join(participants)}."
        case ReviewPublished(edition=edition, summary=summary):
            return f"Published (edition {edition}): {summary}"
        case ReviewReopened(reason=reason):
            return f"Review reopened: {reason}"
        case unknown:
            assert_never(unknown)
