"""How a review stands: what decisions about it need, and what somebody who opens it reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from tocsin.domain.kernel import COMMANDS
from tocsin.domain.review.refusals import ReviewNotOpen
from tocsin.domain.review.values import (
    SOON,
    ActionKind,
    ActionState,
    FactorKind,
    ReminderKind,
    ReviewStatus,
)


class Attempt(Protocol):
    """What a review needs to know of a command."""

    path: ClassVar[str]
    statuses: ClassVar[frozenset[ReviewStatus]]


@dataclass(frozen=True, kw_only=True)
class ReviewEntry:
    """A finding, a contributing factor or a lesson."""

    name: str
    text: str
    recorded_by: str
    told_at: datetime
    evidence: str = ""
    """Of a finding."""
    kind: FactorKind | None = None
    """Of a factor."""
    withdrawn_because: str | None = None

    @property
    def stands(self) -> bool:
        """Whether nobody has withdrawn it."""
        return self.withdrawn_because is None


@dataclass(frozen=True, kw_only=True)
class ActionItem:
    """Something that somebody will do, until some time."""

    name: str
    what: str
    kind: ActionKind
    owner: str
    due_at: datetime
    dated_at: datetime
    """When this due time was agreed on,"""
    dated_by: int
    """and the version of the event that says so."""
    agreed_at: datetime
    state: ActionState = ActionState.AGREED
    ended_at: datetime | None = None
    evidence: str = ""
    """Of what is done."""
    dropped_because: str = ""
    reminded: tuple[ReminderKind, ...] = ()
    """The reminders of this due time that are on record."""

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.state is ActionState.AGREED

    def reminders(self) -> Iterator[tuple[ReminderKind, datetime]]:
        """What its owner is still to be reminded of, and when, in order."""
        if not self.open or ReminderKind.OVERDUE in self.reminded:
            return
        # Whoever agrees to do it tomorrow needs nobody to say that it is due soon.
        if ReminderKind.DUE_SOON not in self.reminded and self.due_at - self.dated_at > SOON:
            yield ReminderKind.DUE_SOON, self.due_at - SOON
        yield ReminderKind.OVERDUE, self.due_at


@dataclass(frozen=True, kw_only=True)
class Review:
    """A review as it stands after some of its history."""

    review_id: UUID
    version: int = 0
    status: ReviewStatus = ReviewStatus.UNOPENED
    incident_id: UUID | None = None
    reference: str | None = None
    """Of the incident, as of when the review was opened; so is the title."""
    title: str = ""

    reason: str = ""
    opened_at: datetime | None = None
    opened_by: str | None = None
    mandatory: bool = False
    """Whether the policy wants it; otherwise it is held by choice."""
    mandatory_because: str | None = None
    policy_version: int | None = None
    facilitator: str | None = None
    participants: tuple[str, ...] = ()
    due_at: datetime | None = None

    findings: dict[str, ReviewEntry] = field(default_factory=dict)
    factors: dict[str, ReviewEntry] = field(default_factory=dict)
    root_cause: str | None = None
    lessons: dict[str, ReviewEntry] = field(default_factory=dict)
    actions: dict[str, ActionItem] = field(default_factory=dict)

    edition: int = 0
    """How often it was published."""
    summary: str | None = None
    """Of the last edition."""
    published_at: datetime | None = None
    published_by: str | None = None
    reopened_because: str | None = None

    def earliest(self) -> datetime | None:
        """Nothing happens to a review before it is opened."""
        return self.opened_at

    def possible(self) -> tuple[str, ...]:
        """The paths of the commands that could record something now."""
        paths = (
            path
            for (kind, path), ask in COMMANDS.items()
            if kind == "review" and ask.possible(self)
        )
        return tuple(sorted(paths))

    def allow(self, attempt: Attempt) -> None:
        """Let an attempt pass that is possible while the review stands so.

        Raises:
            ReviewNotOpen: it is not.
        """
        if self.status not in attempt.statuses:
            raise ReviewNotOpen(attempt.path, self.status)

    def has_open_actions(self) -> bool:
        """Whether something is still to be done."""
        return any(action.open for action in self.actions.values())
