"""All clocks of one incident: a pure function of what happened and of the rules of each version."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tocsin.domain.clock.course import Course
from tocsin.domain.clock.happening import Happening, in_order, reach
from tocsin.domain.clock.plan import Rules
from tocsin.domain.clock.timer import Crossing, Timer, measured
from tocsin.domain.clock.walk import Walk


class Reckoning(NamedTuple):
    """What clocks say of an incident."""

    course: Course
    timers: list[Timer]
    """By measure, in the order of their cycles, and within one as the targets came."""
    crossings: list[Crossing]
    """The marks that were reached, and with `ahead` also those that will be; in no order."""


def reckon(
    happenings: Iterable[Happening],
    rules: Rules,
    as_of: int,
    *,
    ahead: bool = False,
    escalations: bool = True,
) -> Reckoning:
    """Measure every clock of an incident up to an instant (microseconds since 1970).

    `ahead` also looks for all that falls due later, if nothing more happens.
    """
    course = Course(rules, escalations=escalations).follow(in_order(happenings))
    as_of = reach(as_of)
    timers: list[Timer] = []
    crossings: list[Crossing] = []
    for walk in walks(course):
        for one in measured(walk, course.holds, as_of, ahead=ahead):
            timers += one.timers.values()
            crossings += one.crossings.values()
    for timer in timers:
        timer.holder = holder(course, timer)
    return Reckoning(course, timers, crossings)


def holder(course: Course, timer: Timer) -> str | None:
    """The group that had the incident when the verdict fell, or has it. A group's promise is its
    own, whoever has the incident by then."""
    end = timer.breached if timer.breached is not None else timer.ended
    return timer.group or (course.group if end is None else course.group_at(end))


def walks(course: Course) -> Iterator[Walk]:
    """Every clock that an incident ever had."""
    yield from course.walks.values()
    yield from course.stints
    yield from course.escalations.values()
