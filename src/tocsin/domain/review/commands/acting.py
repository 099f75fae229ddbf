"""What was agreed to be done, by whom and until when, and what became of it."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar

from tocsin.domain.kernel import Line, Name
from tocsin.domain.policy import Policy
from tocsin.domain.review.command import OPEN, OPENED, ReviewCommand, next_name
from tocsin.domain.review.events import (
    ActionAgreed,
    ActionDone,
    ActionDropped,
    ActionReassigned,
    ActionReminded,
    ActionRescheduled,
    ReviewEvent,
)
from tocsin.domain.review.record import ActionItem, Review
from tocsin.domain.review.refusals import ActionEnded, NoSuchEntry
from tocsin.domain.review.values import ActionKind, ActionState, ReminderKind, Statement


class AgreeAction(ReviewCommand, path="agree-action", during=OPEN):
    """Agree that somebody does something, until some time. It is a part of the review; what was
    agreed on goes on after the review is published."""

    what: Statement
    kind: ActionKind
    owner: Name
    due_at: datetime

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        if any(self._is(known) for known in review.actions.values()):
            return
        review.allow(self)
        self.is_ahead("due_at", self.due_at)
        yield ActionAgreed(
            action=next_name("A", "actions", review.actions),
            what=self.what,
            kind=self.kind,
            owner=self.owner,
            due_at=self.due_at,
        )

    def _is(self, known: ActionItem) -> bool:
        same = (known.what, known.kind, known.owner, known.due_at)
        return known.open and same == (self.what, self.kind, self.owner, self.due_at)


class ActionCommand(ReviewCommand):
    """Something that is decided about an action that is still to be done."""

    action: Name

    @classmethod
    def useful(cls, review: Review) -> bool:
        return review.has_open_actions()

    def of(self, review: Review) -> ActionItem:
        """The action.

        Raises:
            NoSuchEntry: nobody has agreed on it.
        """
        known = review.actions.get(self.action)
        if known is None:
            raise NoSuchEntry("action", self.action)
        return known

    def still_open(self, review: Review, known: ActionItem) -> None:
        """Let pass what is still to be done.

        Raises:
            ActionEnded: it is done or dropped.
        """
        review.allow(self)
        if not known.open:
            raise ActionEnded(self.path, known.name, known.state)


class ReassignAction(ActionCommand, path="reassign-action", during=OPENED):
    """Have somebody else do it."""

    owner: Name
    reason: Line

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        known = self.of(review)
        if known.owner == self.owner:
            return
        self.still_open(review, known)
        yield ActionReassigned(action=known.name, owner=self.owner, reason=self.reason)


class RescheduleAction(ActionCommand, path="reschedule-action", during=OPENED):
    """Have it done until another time, of which its owner is reminded anew."""

    due_at: datetime
    reason: Line

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        known = self.of(review)
        if known.due_at == self.due_at:
            return
        self.still_open(review, known)
        self.is_ahead("due_at", self.due_at)
        yield ActionRescheduled(action=known.name, due_at=self.due_at, reason=self.reason)


class CompleteAction(ActionCommand, path="complete-action", during=OPENED):
    """Say that it is done, and what shows it."""

    evidence: Statement

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        known = self.of(review)
        if known.state is ActionState.DONE:
            return
        self.still_open(review, known)
        yield ActionDone(action=known.name, evidence=self.evidence)


class DropAction(ActionCommand, path="drop-action", during=OPENED):
    """Say that it will not be done, and why."""

    reason: Line

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        known = self.of(review)
        if known.state is ActionState.DROPPED:
            return
        self.still_open(review, known)
        yield ActionDropped(action=known.name, reason=self.reason)


class Remind(ReviewCommand):
    """Put on record that an action is due soon, or is due and not done. Nobody can ask for it: it
    has no path. What is done meanwhile, or due at another time, is nothing to be reminded of."""

    path: ClassVar[str] = "remind"

    action: str
    kind: ReminderKind
    since: int
    """The version of the event that set the due time."""

    def decide(self, review: Review, policy: Policy) -> Iterator[ReviewEvent]:
        known = review.actions.get(self.action)
        if known is None or known.dated_by != self.since:
            return
        if any(kind is self.kind for kind, _ in known.reminders()):
            yield ActionReminded(
                action=known.name,
                kind=self.kind,
                owner=known.owner,
                due_at=known.due_at,
                since=known.dated_by,
            )
