"""How the events of a review add up."""

from collections.abc import Iterator
from typing import assert_never
from uuid import UUID

from tocsin.domain.kernel import Aggregate, Claim, Event, Recorded, replace
from tocsin.domain.review.chapters import acting, learning, opening
from tocsin.domain.review.events import ReviewEvent
from tocsin.domain.review.record import ActionItem, Review, ReviewEntry
from tocsin.domain.review.values import review_stream

__all__ = ["REVIEW", "ActionItem", "Review", "ReviewEntry", "evolve", "review_stream"]


def evolve(review: Review, recorded: Recorded[ReviewEvent]) -> Review:
    """Return the review as it stands after one more event."""
    event, at, actor = recorded.event, recorded.occurred_at, recorded.actor
    if isinstance(event, opening.Chapter):
        after = opening.fold(review, event, at, actor)
    elif isinstance(event, learning.Chapter):
        after = learning.fold(review, event, at, actor)
    elif isinstance(event, acting.Chapter):
        actions = acting.fold(review.actions, event, at, recorded.version)
        after = replace(review, actions=actions)
    else:
        assert_never(event)
    return replace(after, version=recorded.version)


def _unopened(stream: UUID) -> Review:
    return Review(review_id=stream)


def _claims(_: Review, __: Event) -> Iterator[Claim]:
    """A review holds no names: its incident's are enough."""
    return iter(())


REVIEW = Aggregate(
    name="review",
    initial=_unopened,
    evolve=evolve,
    claims=_claims,
    known_by=("incident_id", "reference"),
)
