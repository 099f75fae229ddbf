"""What time was to do by the rules, against what is in the log: all of it, once, and no more."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any
from uuid import UUID

from tests.faults.audit import every_event
from tocsin.domain.clock.agenda import Act, acts, key_of
from tocsin.domain.clock.events import (
    AcknowledgementMissed,
    BreachWithdrawn,
    ClosingFellDue,
    EscalationFellDue,
)
from tocsin.domain.clock.happening import happening
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.clock.reckoning import reckon
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.kernel import Recorded, aggregate_of
from tocsin.domain.openings import instant, microseconds
from tocsin.domain.policy.values import Trigger
from tocsin.settings import Settings
from tocsin.store.log import Log


@dataclass
class Kept:
    """The figures of one examination."""

    due: int = 0
    """Acts that the rules say were due by the time until which it was looked at."""
    struck: int = 0
    missing: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    untimely: list[str] = field(default_factory=list)
    """Recorded for another time than that at which they were due."""
    undue: list[str] = field(default_factory=list)
    """Recorded, though the rules know of no such thing."""
    answers: int = 0
    """What followed from acts: escalations and closings of the incidents."""
    unanswered: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    """Answered twice, or without an act, or as of another time."""
    late: list[float] = field(default_factory=list)
    """Seconds from when each act was due, or became known to be, until it was recorded."""

    @property
    def complete(self) -> bool:
        """Whether nothing is still to come."""
        return not (self.missing or self.unanswered)

    @property
    def clean(self) -> bool:
        """Whether all of it is there, once, and nothing else."""
        return self.complete and not (self.twice or self.untimely or self.undue or self.unasked)

    @property
    def lateness(self) -> tuple[float, float]:
        """Median and maximum, in seconds."""
        return (median(self.late), max(self.late)) if self.late else (0.0, 0.0)


def kept(settings: Settings, until: datetime) -> Kept:
    """Read the log itself, and compare what was due by some time with what is there."""
    with closing(Log.open(settings)) as log:
        events = list(every_event(log))
    rules = Rulebooks()
    histories: dict[UUID, list[Recorded[Any]]] = defaultdict(list)
    marks: dict[UUID, list[Recorded[Any]]] = defaultdict(list)
    for recorded in events:
        match aggregate_of(recorded.event).name:
            case "clock":
                marks[UUID(recorded.event.incident_id)].append(recorded)
            case "incident":
                histories[recorded.stream].append(recorded)
            case _:
                rules.add(recorded)
    found = Kept()
    now = max(until, events[-1].recorded_at)
    for incident, history in histories.items():
        scheduled = due_of(history, rules, now)
        compare(found, scheduled, marks[incident], microseconds(until))
        since = max(each.recorded_at for each in history if each.actor != TIMEKEEPER)
        found.late += (
            (mark.recorded_at - max(mark.occurred_at, since)).total_seconds()
            for mark in marks[incident]
            if mark.recorded_at > since
        )
        answered(found, history, marks[incident], until)
    assert not marks.keys() - histories.keys(), (
        "time did something to an incident that is not there"
    )
    return found


def due_of(history: Iterable[Recorded[Any]], rules: Rulebooks, now: datetime) -> dict[str, Act]:
    """Every act that was due by now, as follows from what people did."""
    told = (
        happening(each, rules.in_force(each.position))
        for each in history
        if each.actor != TIMEKEEPER
    )
    happenings = [each for each in told if each is not None]
    reckoned = reckon(happenings, rules, microseconds(now))
    found = [act for act in acts(reckoned, rules) if act.due <= microseconds(now)]
    assert len({act.key for act in found}) == len(found)
    return {act.key: act for act in found}


def compare(found: Kept, scheduled: dict[str, Act], marks: list[Recorded[Any]], until: int) -> None:
    """Hold what is on record against what was due."""
    times: Counter[str] = Counter()
    missed: Counter[tuple[str, int, datetime]] = Counter()
    for mark in marks:
        event = mark.event
        if isinstance(event, AcknowledgementMissed):
            missed[event.escalation, event.step, mark.occurred_at] += 1
            continue
        if isinstance(event, EscalationFellDue) and event.trigger is Trigger.UNACKNOWLEDGED:
            missed[event.escalation, event.step, mark.occurred_at] -= 1
        key = str(key_of(event))
        times[key] += 1
        name = f"{event.incident_id} {key!r}"
        if key not in scheduled or isinstance(event, BreachWithdrawn):
            found.undue.append(name)
        elif mark.occurred_at != instant(scheduled[key].due):
            found.untimely.append(f"{name}: {mark.occurred_at}")
    found.due += sum(act.due <= until for act in scheduled.values())
    found.struck += len(times)
    found.twice += (key for key, count in times.items() if count > 1)
    found.undue += (f"{what} is said without the other" for what, n in missed.items() if n)
    found.missing += (
        f"{act.key!r}" for act in scheduled.values() if act.due <= until and not times[act.key]
    )


def answered(
    found: Kept, history: list[Recorded[Any]], marks: list[Recorded[Any]], until: datetime
) -> None:
    """Hold what the incident says that time did against the acts that were to lead to it."""
    asking = {mark.position: mark for mark in marks if _asks(mark.event)}
    causes: Counter[int | None] = Counter()
    for each in history:
        if each.actor == TIMEKEEPER:
            causes[each.causation] += 1
            fact = asking.get(each.causation or 0)
            if fact is None or fact.occurred_at != each.occurred_at:
                found.unasked.append(f"{each.position} {each.event.event_name}")
    found.answers += causes.total()
    found.unasked += (f"{cause} twice" for cause, count in causes.items() if count > 1)
    found.unanswered += (
        f"{position} {fact.event.event_name}"
        for position, fact in asking.items()
        if fact.occurred_at <= until and not causes[position]
    )


def _asks(event: Any) -> bool:
    """Whether something follows from it, under the policy of these tests."""
    if isinstance(event, EscalationFellDue):
        return event.repetition == 0
    return isinstance(event, ClosingFellDue)
