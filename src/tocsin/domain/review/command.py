"""What all commands on a review have in common."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import ClassVar

from tocsin.domain.incident.refusals import AlreadyPast
from tocsin.domain.kernel import Command
from tocsin.domain.review.record import Review, ReviewEntry
from tocsin.domain.review.refusals import NoSuchEntry, ReviewFull
from tocsin.domain.review.state import REVIEW
from tocsin.domain.review.values import ENTRIES, ReviewStatus

OPEN = frozenset({ReviewStatus.OPEN})
PUBLISHED = frozenset({ReviewStatus.PUBLISHED})
OPENED = OPEN | PUBLISHED


class ReviewCommand(Command[Review]):
    """Something that is asked of a review.

    `during` names the statuses in which it can be asked for: `allow` and `possible` both go by it.
    Asking for what is already so yields nothing, whatever the status.
    """

    aggregate = REVIEW
    statuses: ClassVar[frozenset[ReviewStatus]] = frozenset()

    def __init_subclass__(
        cls,
        *,
        path: str | None = None,
        during: frozenset[ReviewStatus] | None = None,
        creates: bool = False,
    ) -> None:
        assert (path is None) is (during is None), "what can be asked for has its statuses"
        if during is not None:
            cls.statuses = during
        super().__init_subclass__(path=path, creates=creates)

    @classmethod
    def possible(cls, state: Review) -> bool:
        """Whether asking for it could record something while things stand so."""
        return state.status in cls.statuses and cls.useful(state)

    @classmethod
    def useful(cls, review: Review) -> bool:
        """Whether there is something to do it to, in a status that allows it."""
        return True

    def is_ahead(self, what: str, moment: datetime | None) -> None:
        """Refuse an appointment in the past.

        Raises:
            AlreadyPast: it is earlier than what the command tells of.
        """
        if moment is not None and self.occurred_at is not None and moment < self.occurred_at:
            raise AlreadyPast(what, moment)


Entries = Mapping[str, ReviewEntry]


def standing(entries: Entries) -> Iterator[ReviewEntry]:
    """What nobody has withdrawn."""
    return (entry for entry in entries.values() if entry.stands)


def next_name(letter: str, what: str, known: Mapping[str, object]) -> str:
    """The name of one more.

    Raises:
        ReviewFull: there are as many as one review holds.
    """
    if len(known) >= ENTRIES:
        raise ReviewFull(what, ENTRIES)
    return f"{letter}{len(known) + 1}"


def named(what: str, entries: Entries, name: str) -> ReviewEntry:
    """The entry of that name.

    Raises:
        NoSuchEntry: there is none.
    """
    known = entries.get(name)
    if known is None:
        raise NoSuchEntry(what, name)
    return known
