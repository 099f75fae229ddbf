"""Of which agreed actions is somebody to be reminded, and is not yet? The log decides."""

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID, uuid5

from tocsin.domain.kernel import Recorded
from tocsin.domain.openings import microseconds
from tocsin.domain.review.commands.acting import Remind
from tocsin.domain.review.state import REVIEW
from tocsin.domain.review.values import ReminderKind
from tocsin.reactions.docket import Asking, Overdue
from tocsin.store.log import Log

ACTION_ITEMS = "action_items"
"""The read model that says where to look: `remind_at` and `review_id` of what comes next."""


class Reminder:
    """One reminder of one due time of an action."""

    def __init__(self, command: Remind, at: datetime) -> None:
        self.command, self.occurred_at, self.due = command, at, microseconds(at)


class Reminders:
    """Reads reviews."""

    name, time, what = "reminders", "remind_at", "review_id"

    def __init__(self, log: Log) -> None:
        self._log = log

    def overdue(self, reviews: Collection[UUID], now: int) -> list[Overdue[Reminder]]:
        """The reminders that are due by now (microseconds since 1970), review by review.

        Raises:
            StoreUnavailable: the log cannot be read.
            Unreadable: it holds something that this version does not know.
        """
        histories = self._log.raw_histories(list(reviews))
        found: list[Overdue[Reminder]] = []
        for review in reviews:
            history = self._log.decoded(histories[review])
            position = history[-1].position if history else 0
            due = [each for each in _reminders(review, history) if each.due <= now]
            found.append(Overdue(review, len(history), position, due))
        return found

    def asking(self, act: Reminder, overdue: Overdue[Reminder]) -> Asking:
        """How the desk is asked: the id is that of this reminder of this due time, whoever asks.

        What is on record by then, done or due at another time, the review itself knows.
        """
        command = act.command
        name = f"{command.action}/{command.kind}/{command.since}"
        return Asking(command, overdue.subject, uuid5(overdue.subject, name))


def _reminders(review: UUID, history: list[Recorded[object]]) -> Iterator[Reminder]:
    state = REVIEW.fold(review, history)
    for action in state.actions.values():
        for kind, at in action.reminders():
            yield Reminder(_remind(action.name, kind, action.dated_by, at), at)


def _remind(action: str, kind: ReminderKind, since: int, at: datetime) -> Remind:
    return Remind(action=action, kind=kind, since=since, occurred_at=at)
