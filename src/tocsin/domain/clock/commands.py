"""What the timekeeper asks for. Nobody else can: it has no path."""

from collections.abc import Iterator
from typing import ClassVar
from uuid import UUID

from tocsin.domain.clock.agenda import Act
from tocsin.domain.clock.events import BreachWithdrawn, ClockEvent
from tocsin.domain.clock.state import CLOCK, Clock
from tocsin.domain.kernel import Command
from tocsin.domain.policy import Policy


class Strike(Command[Clock]):
    """Put on record that something fell due. What is on record already is not said twice."""

    path: ClassVar[str] = "strike"
    aggregate = CLOCK

    incident_id: UUID
    incident_version: int
    act: Act

    def decide(self, state: Clock, policy: Policy) -> Iterator[ClockEvent]:
        known = self.act.key in state.struck
        if known is (self.act.event is BreachWithdrawn):
            yield from self.act.told(self.incident_id, self.incident_version)
