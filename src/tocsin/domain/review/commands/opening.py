"""A review is opened, led and attended; it is published, and perhaps opened again."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar

from annotated_types import Len

from tocsin.domain.kernel import Line, Name
from tocsin.domain.policy import Policy
from tocsin.domain.review.command import OPEN, PUBLISHED, ReviewCommand, standing
from tocsin.domain.review.events import (
    FacilitatorNamed,
    ParticipantsNamed,
    ReviewEvent,
    ReviewMadeMandatory,
    ReviewOpened,
    ReviewPublished,
    ReviewReopened,
)
from tocsin.domain.review.record import Review
from tocsin.domain.review.refusals import NothingFound, ReviewFull
from tocsin.domain.review.values import PEOPLE, ReviewStatus, Statement


class OpenReview(
    ReviewCommand, path="open-review", during=frozenset({ReviewStatus.UNOPENED}), creates=True
):
    """Begin to find out why an incident happened. There is one review of an incident."""

    filled_by_desk = ("incident_id", "known_as", "title")

    incident: Name
    """Its UUID or its reference."""
    reason: Line
    facilitator: Name | None = None
    due_at: datetime | None = None
    """When it is to be published."""
    incident_id: str = ""
    """What the name stands for, filled in by whoever has looked that there is such an incident,"""
    known_as: str | None = None
    """with its reference"""
    title: str = ""
    """and its title."""

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        assert self.incident_id, "nobody opens a review of what nobody has looked for"
        if review.status is not ReviewStatus.UNOPENED:
            return
        self.is_ahead("due_at", self.due_at)
        yield ReviewOpened(
            incident_id=self.incident_id,
            reference=self.known_as,
            title=self.title,
            reason=self.reason,
            facilitator=self.facilitator,
            due_at=self.due_at,
        )


class RequireReview(ReviewCommand):
    """Say that the policy wants the review, whoever opened it. Nobody can ask for it: it has no
    path. What it wants once, it wants for good."""

    path: ClassVar[str] = "require-review"

    reason: str
    policy_version: int

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if not review.mandatory:
            yield ReviewMadeMandatory(reason=self.reason, policy_version=self.policy_version)


class NameFacilitator(ReviewCommand, path="name-facilitator", during=OPEN):
    """Say who leads the review from now on."""

    facilitator: Name

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if review.facilitator == self.facilitator:
            return
        review.allow(self)
        yield FacilitatorNamed(facilitator=self.facilitator)


class NameParticipants(ReviewCommand, path="name-participants", during=OPEN):
    """Say who takes part as well."""

    participants: Annotated[tuple[Name, ...], Len(1, 50)]

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        known = set(review.participants)
        others = tuple(name for name in dict.fromkeys(self.participants) if name not in known)
        if not others:
            return
        review.allow(self)
        if len(known) + len(others) > PEOPLE:
            raise ReviewFull("participants", PEOPLE)
        yield ParticipantsNamed(participants=others)


class PublishReview(ReviewCommand, path="publish-review", during=OPEN):
    """Make it final, for others to read. What was agreed on remains to be done."""

    summary: Statement

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if review.status is ReviewStatus.PUBLISHED and review.summary == self.summary:
            return
        review.allow(self)
        if not any(standing(review.findings)):
            raise NothingFound
        yield ReviewPublished(edition=review.edition + 1, summary=self.summary)


class ReopenReview(ReviewCommand, path="reopen-review", during=PUBLISHED):
    """Go on with what was thought to be the last word. What was published stays on record, and
    publishing it again makes another edition."""

    reason: Line

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if review.status is ReviewStatus.OPEN:
            return
        review.allow(self)
        yield ReviewReopened(reason=self.reason)
