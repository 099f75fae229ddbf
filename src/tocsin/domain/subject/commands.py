"""What can be asked about a subject. What is asked here takes effect where it stands in the log, so
nobody states when it happened."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from annotated_types import Len

from tocsin.domain.kernel import Command, Line, Name
from tocsin.domain.policy import Policy
from tocsin.domain.subject.events import (
    HoldLifted,
    HoldPlaced,
    SubjectEvent,
    SubjectForgotten,
    SubjectPurged,
)
from tocsin.domain.subject.record import Subject
from tocsin.domain.subject.refusals import (
    HoldsFull,
    NoSuchHold,
    NothingSealed,
    SubjectGone,
    SubjectHeld,
)
from tocsin.domain.subject.state import SUBJECT
from tocsin.domain.subject.values import HOLDS, NAMES, Basis, SubjectKind, Texts


class SubjectCommand(Command[Subject]):
    """Something that is asked about a subject."""

    aggregate = SUBJECT


class ForgetSubject(SubjectCommand, path="forget"):
    """Make what is sealed for a person, or in an incident's texts, unreadable for good."""

    filled_by_desk = ("occurred_at", "kind", "incident_id", "values", "until")

    basis: Basis
    request: Name
    """The number under which the request is filed. It is kept for ever: no name belongs in it."""
    texts: Texts = Texts.MENTIONING
    """Which free texts go with a person: each incident's are a subject of their own."""
    names: Annotated[tuple[Name, ...], Len(0, NAMES)] = ()
    """By which else texts may speak of the person."""
    kind: SubjectKind | None = None
    """What the stream stands for, filled in by whoever has looked it up,"""
    incident_id: str | None = None
    """with the incident whose texts are meant,"""
    values: int = 0
    """how many stored values that closes,"""
    until: int = 0
    """and the position of the last event that holds one."""

    @classmethod
    def possible(cls, state: Subject) -> bool:
        """Whether there is anything to forget, and no hold forbids it."""
        return not state.gone and not state.standing

    def decide(self, subject: Subject, policy: Policy) -> Iterator[SubjectEvent]:
        assert self.kind is not None, "nobody forgets what nobody has looked for"
        if subject.gone or (subject.forgotten and self.until <= subject.until):
            return
        if subject.standing:
            raise SubjectHeld(subject.standing)
        if self.kind is SubjectKind.TEXTS and not self.values:
            raise NothingSealed
        yield SubjectForgotten(
            kind=self.kind,
            incident_id=self.incident_id,
            basis=self.basis,
            request=self.request,
            values=self.values,
            until=self.until,
        )


class PlaceHold(SubjectCommand, path="place-hold"):
    """Keep it for now, whoever asks for it to be forgotten. Each matter that needs it has a hold of
    its own."""

    filled_by_desk = ("occurred_at", "kind", "incident_id")

    hold: Name
    """Its name: the number of the matter."""
    reason: Line
    kind: SubjectKind | None = None
    """What the stream stands for, filled in by whoever has looked it up,"""
    incident_id: str | None = None
    """with the incident whose texts are meant."""

    @classmethod
    def possible(cls, state: Subject) -> bool:
        """Whether there is anything to keep, and room for one more hold."""
        return not state.gone and len(state.standing) < HOLDS

    def decide(self, subject: Subject, policy: Policy) -> Iterator[SubjectEvent]:
        assert self.kind is not None, "nobody holds what nobody has looked for"
        standing = subject.standing
        if self.hold in standing:
            return
        if subject.gone:
            raise SubjectGone(self.kind)
        if len(standing) >= HOLDS:
            raise HoldsFull(HOLDS)
        yield HoldPlaced(
            kind=self.kind, incident_id=self.incident_id, hold=self.hold, reason=self.reason
        )


class LiftHold(SubjectCommand, path="lift-hold"):
    """Say that a matter does not need it any more."""

    filled_by_desk = ("occurred_at",)

    hold: Name
    reason: Line

    @classmethod
    def possible(cls, state: Subject) -> bool:
        """Whether a hold stands."""
        return bool(state.standing)

    def decide(self, subject: Subject, policy: Policy) -> Iterator[SubjectEvent]:
        if self.hold not in subject.holds:
            raise NoSuchHold(self.hold)
        if self.hold in subject.standing:
            yield HoldLifted(hold=self.hold, reason=self.reason)


class CompletePurge(SubjectCommand):
    """Say that nothing which is made of the log holds it any more. Nobody can ask for it: it has no
    path."""

    path: ClassVar[str] = "complete-purge"

    forgotten: int
    """The version of the subject at which it was forgotten."""
    places: tuple[str, ...]

    def decide(self, subject: Subject, policy: Policy) -> Iterator[SubjectEvent]:
        if subject.forgotten == self.forgotten and subject.purged_at is None:
            yield SubjectPurged(forgotten=self.forgotten, places=self.places)
