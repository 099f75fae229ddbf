"""What all commands on an incident have in common."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar

from annotated_types import Interval, Len

from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.refusals import AlreadyPast, StillToCome
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.incident.values import Status
from tocsin.domain.kernel import Command, Name

Names = Annotated[tuple[Name, ...], Len(0, 50)]
"""People or things, by name."""
Level = Annotated[int, Interval(ge=1, le=4)]
"""Of support: 1 is the service desk, 4 the vendor."""


class IncidentCommand(Command[Incident]):
    """Something that is asked of an incident.

    `during` names the statuses in which the lifecycle has such a step: `allow` and `possible`
    both go by it. Asking for what is already so yields nothing, whatever the status. For a step
    of the lifecycle that is so when the step was taken, in whatever words; for a value, when it
    has that value; for something that may be said again and again, when the last thing of its
    kind was the same words from the same person.

    One without a path nobody can ask for over HTTP; it keeps the statuses of what it is one of.
    """

    aggregate = INCIDENT
    statuses: ClassVar[frozenset[Status]] = frozenset()

    def __init_subclass__(
        cls,
        *,
        path: str | None = None,
        during: frozenset[Status] | None = None,
        creates: bool = False,
    ) -> None:
        assert (path is None) is (during is None), "a step of the lifecycle has its statuses"
        if during is not None:
            cls.statuses = during
        super().__init_subclass__(path=path, creates=creates)

    @classmethod
    def possible(cls, state: Incident) -> bool:
        """Whether asking for it could record something while things stand so."""
        return state.status in cls.statuses and cls.useful(state)

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        """Whether there is something left to do or to say, in a status that allows it."""
        return True

    def has_come(self, what: str, moment: datetime | None) -> None:
        """Refuse a fact from the future.

        Raises:
            StillToCome: it is later than what the command tells of.
        """
        if moment is not None and self.occurred_at is not None and moment > self.occurred_at:
            raise StillToCome(what, moment)

    def is_ahead(self, what: str, moment: datetime | None) -> None:
        """Refuse an appointment in the past.

        Raises:
            AlreadyPast: it is earlier than what the command tells of.
        """
        if moment is not None and self.occurred_at is not None and moment < self.occurred_at:
            raise AlreadyPast(what, moment)

    def say(self, incident: Incident, event: IncidentEvent) -> Iterator[IncidentEvent]:
        """Yield what may be said again and again, unless it is only heard twice."""
        if incident.heard(event, self.actor):
            return
        incident.allow(self)
        yield event
