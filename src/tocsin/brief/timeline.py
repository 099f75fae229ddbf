"""What happened, when and through whom; where nothing was heard for long; what was told late."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tocsin.domain.clock.words import words as words_of_time
from tocsin.domain.incident.events import IncidentCorrected
from tocsin.domain.incident.status import status_after
from tocsin.domain.incident.values import OPEN, Status
from tocsin.domain.incident.words import words
from tocsin.domain.kernel import Recorded, aggregate_of, taken_over

SILENCE = {1: timedelta(minutes=30), 2: timedelta(hours=1), 3: timedelta(hours=8)}
LONG_SILENCE = timedelta(hours=24)
"""How long nothing may be heard of an open incident before it is a gap, by priority; of the others,
and of those without one, a day. While it is on hold, nobody expects to hear anything."""
LATE = timedelta(minutes=15)
"""What was recorded so much later than it happened was told late."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event of the timeline."""

    at: datetime
    recorded_at: datetime
    late_seconds: int
    """How much later than it happened it was recorded, where that was late; else 0."""
    actor: str
    version: int | None
    """In the incident's history; none of what time did."""
    event: str
    words: str


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A time in which nothing was heard of an open incident that was not on hold."""

    since: datetime
    until: datetime
    seconds: int
    expected_seconds: int
    """What longer silence counts as a gap at its priority."""
    after: str
    """The words of the event before it."""


@dataclass(frozen=True, kw_only=True)
class Correction:
    """A fact that was recorded wrongly at first."""

    at: datetime
    actor: str
    fact: str
    was: str | None
    now: str
    reason: str


def entries(history: Sequence[Recorded[Any]], struck: Sequence[Recorded[Any]]) -> list[Entry]:
    """What happened to an incident and what time did, in the order of the world.

    Events of one instant stand in the order in which they were recorded.
    """
    told = sorted((*history, *struck), key=lambda each: (each.occurred_at, each.position))
    return [_entry(each) for each in told]


def _entry(recorded: Recorded[Any]) -> Entry:
    of_time = aggregate_of(recorded.event).name == "clock"
    late = recorded.recorded_at - recorded.occurred_at
    told_late = late >= LATE and not of_time and not taken_over(recorded.via)
    return Entry(
        at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
        late_seconds=int(late.total_seconds()) if told_late else 0,
        actor=recorded.actor,
        version=None if of_time else recorded.version,
        event=recorded.event.event_name,
        words=words_of_time(recorded.event) if of_time else words(recorded.event),
    )


def gaps(history: Sequence[Recorded[Any]], until: datetime) -> list[Gap]:
    """Every gap of an incident's history, the last one up to `until` if it is still open."""
    told = sorted(history, key=lambda each: (each.occurred_at, each.version))
    found: list[Gap] = []
    for (since, said, silent), (at, _, _) in pairwise([*_course(told), (until, "", None)]):
        if silent is not None and at - since > silent:
            found.append(
                Gap(
                    since=since,
                    until=at,
                    seconds=int((at - since).total_seconds()),
                    expected_seconds=int(silent.total_seconds()),
                    after=said,
                )
            )
    return found


def _course(
    told: Sequence[Recorded[Any]],
) -> Iterator[tuple[datetime, str, timedelta | None]]:
    """When something was heard, what it was, and how long silence after it is no gap; none where
    nobody expects to hear anything."""
    status, logged, priority = Status.UNREPORTED, False, 0
    for each in told:
        event = each.event
        status = status_after(status, logged=logged, event=event)
        logged = logged or event.event_name == "incident.logged"
        if event.event_name == "incident.prioritised":
            priority = event.priority
        expected = status in OPEN and status is not Status.ON_HOLD
        silent = SILENCE.get(priority, LONG_SILENCE) if expected else None
        yield each.occurred_at, words(event), silent


def corrections(history: Sequence[Recorded[Any]]) -> list[Correction]:
    """What was set right later, in the order in which it was."""
    return [
        Correction(
            at=each.recorded_at,
            actor=each.actor,
            fact=each.event.fact.value,
            was=each.event.was,
            now=each.event.now,
            reason=each.event.reason,
        )
        for each in history
        if isinstance(each.event, IncidentCorrected)
    ]
