"""For what was each incident held, how often, and under which policy? A read model that keeps a
state and reads a context, just big enough to test the runtime with."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from uuid import UUID

import orjson
import sqlalchemy as sa

from tocsin.domain.incident.events import (
    IncidentCancelled,
    IncidentHeld,
    IncidentReopened,
    IncidentReported,
)
from tocsin.domain.incident.values import HoldReason
from tocsin.domain.kernel import Event, Recorded, replace
from tocsin.domain.policy.events import PolicyPublished
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.readmodels import Cursor, Indexed, Key, Limit, Page, View, query, row

VERSION = 1


class Policies:
    """Where in the log each policy was published, and why."""

    stream: UUID = POLICY_STREAM

    def __init__(self) -> None:
        self.notes: dict[int, str] = {}

    def add(self, recorded: Recorded[Event]) -> None:
        if isinstance(recorded.event, PolicyPublished):
            if recorded.event.note == "poison":
                raise ValueError("this policy cannot be understood")
            self.notes[recorded.position] = recorded.event.note

    def in_force(self, position: int) -> int:
        """The position of the policy that holds at one; 0 before there is any."""
        return max((place for place in self.notes if place < position), default=0)


CONTEXT = Policies


@row
class State:
    """One incident."""

    incident_id: Key[UUID]
    holds: bytes = b"[]"
    """JSON: for each hold its reason, and where the policy of that time stands in the log."""
    held_at: Indexed[datetime | None] = None


@row
class Row:
    """All holds of one incident for one reason."""

    incident_id: Key[UUID]
    reason: Key[HoldReason]
    times: int
    policy: str | None


def fold(
    state: State | None,
    recorded: Recorded[IncidentReported | IncidentHeld | IncidentReopened | IncidentCancelled],
    context: Policies,
) -> State | None:
    """Whatever an incident was held for is forgotten when it reopens."""
    match recorded.event:
        case IncidentReported(title="poison"):
            raise ValueError("this one cannot be folded")
        case IncidentReported():
            return State(incident_id=recorded.stream)
        case IncidentHeld(reason=reason) if state:
            holds = orjson.loads(state.holds)
            holds.append((reason, context.in_force(recorded.position)))
            return replace(state, holds=orjson.dumps(holds), held_at=recorded.occurred_at)
        case IncidentReopened() if state:
            return replace(state, holds=b"[]", held_at=None)
        case IncidentCancelled():
            return None
    return state


def rows(state: State, context: Policies) -> Iterator[Row]:
    """A row for each reason, with what was said of the policy at the last of its holds."""
    for reason, holds in groupby(sorted(orjson.loads(state.holds)), key=lambda hold: hold[0]):
        _, places = zip(*holds, strict=True)
        yield Row(
            incident_id=state.incident_id,
            reason=HoldReason(reason),
            times=len(places),
            policy=context.notes[places[-1]] if places[-1] else None,
        )


@query("/spells")
def spells(view: View[Row], limit: Limit = 50, after: Cursor = None) -> Page[Row]:
    """The most frequent first."""
    return view.page(sa.select(view.table).order_by(view.table.c.times.desc()), limit, after)


@query("/spells/latest")
def latest(view: View[Row]) -> list[State]:
    """The incidents that were held last, though no row says when that was."""
    held = view.states.c.held_at
    return view.all(sa.select(view.states).where(held.is_not(None)).order_by(held.desc()), State)
