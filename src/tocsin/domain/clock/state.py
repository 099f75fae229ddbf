"""Which acts of time are on record for an incident. Beside it, not in it: time has its own stream.

Everything else that clocks say follows from the incident's events, and is kept nowhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tocsin.domain.clock.agenda import key_of
from tocsin.domain.clock.events import BreachWithdrawn, ClockEvent
from tocsin.domain.kernel import Aggregate, Claim, Event, Recorded, replace
from tocsin.domain.openings import microseconds


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What time has done to an incident so far."""

    clock_id: UUID
    version: int = 0
    struck: Mapping[str, int] = field(default_factory=dict)
    """When each act that is on record was due, in microseconds since 1970."""

    def earliest(self) -> datetime | None:
        """Time was always there."""
        return None

    def possible(self) -> tuple[str, ...]:
        """Nobody can ask time for anything."""
        return ()


def struck_after(
    struck: Mapping[str, int], event: ClockEvent, occurred: datetime
) -> Mapping[str, int]:
    """Which acts are on record after one more event."""
    key = key_of(event)
    if key is None:
        return struck
    if isinstance(event, BreachWithdrawn):
        return {each: due for each, due in struck.items() if each != key}
    return {**struck, key: microseconds(occurred)}


def evolve(clock: Clock, recorded: Recorded[ClockEvent]) -> Clock:
    """Return the clock after one more event."""
    struck = struck_after(clock.struck, recorded.event, recorded.occurred_at)
    return replace(clock, struck=struck, version=recorded.version)


def _fresh(stream: UUID) -> Clock:
    return Clock(clock_id=stream)


def _claims(_: Clock, __: Event) -> Iterator[Claim]:
    """A clock holds no names."""
    return iter(())


CLOCK = Aggregate(name="clock", initial=_fresh, evolve=evolve, claims=_claims, always=True)
