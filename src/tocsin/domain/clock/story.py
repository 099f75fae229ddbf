"""Why does a timer say what it says? Each change of it, with the event that caused it.

The words are those of Zendesk's ticket metric events: activate, apply_sla, pause, resume, breach,
fulfill; and cancel, where there is nothing left to be promised.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tocsin.domain.clock.course import Course, Hold
from tocsin.domain.clock.happening import Happening, in_order, reach
from tocsin.domain.clock.plan import BREACH, Rules
from tocsin.domain.clock.reckoning import holder, walks
from tocsin.domain.clock.timer import Crossing, Measured, Stretch, Timer, measured, stretches
from tocsin.domain.clock.values import ChangeKind, TimerState


class Change(NamedTuple):
    """Something that happened to a timer, and why."""

    at: int
    """In microseconds since 1970."""
    kind: ChangeKind
    by: int | None
    """Version of the incident's event that caused it; none where time itself did."""
    spent_us: int
    """Of the cycle, by then."""
    reason: str = ""
    """Of a pause: what the incident waited for."""


class Told(NamedTuple):
    """A timer, and how it came to stand as it does."""

    timer: Timer
    changes: list[Change]


def explain(happenings: Iterable[Happening], rules: Rules, as_of: int) -> list[Told]:
    """Every timer of an incident with its changes up to an instant (microseconds since 1970)."""
    course = Course(rules, escalations=False).follow(in_order(happenings))
    as_of = reach(as_of)
    told: list[Told] = []
    for walk in walks(course):
        for one in measured(walk, course.holds, as_of, ahead=False):
            for timer in one.timers.values():
                timer.holder = holder(course, timer)
                told.append(Told(timer, changes(one, timer, course.holds, as_of)))
    return told


def changes(one: Measured, timer: Timer, holds: Sequence[Hold], as_of: int) -> list[Change]:
    """What happened to one timer of a cycle, in order."""
    found: list[Change] = []
    spent = 0
    for place, part in enumerate(stretches(one.cycle)):
        mine = part.plan.name == timer.target
        if mine:
            if not place:
                found.append(Change(part.begin, ChangeKind.ACTIVATE, one.cycle.began_by, 0))
            at, by = part.applied.at, part.applied.by
            found.append(Change(max(at, part.begin), ChangeKind.APPLY, by, spent))
        for change, total in _pauses(part, holds, spent, as_of):
            spent = total
            if mine and change is not None:
                found.append(change)
        if mine and part.end is not None and part.end <= as_of:
            found += _end(part, one, timer, spent)
    if timer.breached is not None:
        found.append(_breach(one.crossings[timer.target, BREACH], found))
    # What happens at one instant keeps its order, and a breach comes after what brought it.
    found.sort(key=lambda change: change.at)
    return found


def _end(part: Stretch, one: Measured, timer: Timer, spent: int) -> Iterator[Change]:
    assert part.end is not None
    whole = part.end == one.cycle.ended and part.ended_by == one.cycle.ended_by
    over = whole and not one.cycle.cancelled
    late = timer.state is TimerState.BREACHED
    if over or not late:
        kind = ChangeKind.FULFIL if over else ChangeKind.CANCEL
        yield Change(part.end, kind, part.ended_by, spent)


def _breach(crossing: Crossing, before: Sequence[Change]) -> Change:
    """Time broke the promise; or somebody did who made another one that was broken already."""
    goal = crossing.plan.goal_us or 0
    for change in before:
        at_once = change.kind is ChangeKind.APPLY and change.at == crossing.at
        if at_once and change.spent_us >= goal:
            return Change(crossing.at, ChangeKind.BREACH, change.by, change.spent_us)
    return Change(crossing.at, ChangeKind.BREACH, None, goal)


def _pauses(
    part: Stretch, holds: Sequence[Hold], spent: int, as_of: int
) -> Iterator[tuple[Change | None, int]]:
    """The pauses of a stretch, each with what is spent by then; at the end, what all of it took."""
    begin = part.begin
    last = part.end if part.end is not None else max(as_of, begin)
    work = part.plan.work
    for hold in holds:
        until = hold.until if hold.until is not None else last
        if hold.reason not in part.plan.pause or until <= begin or hold.since >= last:
            continue
        since = max(hold.since, begin)
        spent += work.elapsed_us(begin, since)
        yield Change(since, ChangeKind.PAUSE, hold.by, spent, hold.reason), spent
        begin = min(until, last)
        if hold.until is not None and hold.until < last:
            yield Change(hold.until, ChangeKind.RESUME, hold.ended_by, spent), spent
    if begin < last:
        spent += work.elapsed_us(begin, last)
    yield None, spent
