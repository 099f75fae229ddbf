"""How much time each target has taken, where it stands, and what falls due on the way.

Measured in whole microseconds of the plan's working time. Nothing here knows what time it is: what
lasts is measured up to an instant that is given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tocsin.domain.clock.course import Hold
from tocsin.domain.clock.plan import BREACH, Mark, Plan
from tocsin.domain.clock.values import TimerState
from tocsin.domain.clock.walk import Applied, Cycle, Walk
from tocsin.domain.policy.values import Measure
from tocsin.domain.worktime import BeyondCalendar


@dataclass(slots=True)
class Timer:
    """What became of one target in one cycle of a clock. Instants in microseconds since 1970.

    Names that end in `by` are versions of the incident's event that says so.
    """

    measure: Measure
    target: str
    group: str | None
    """Whose promise it is, of a group's target."""
    cycle: int
    """From 1: each reopening begins another, and each update one of its cadence."""
    began: int
    began_by: int
    applied: int
    """Since when this target holds."""
    applied_by: int
    priority: int | None
    policy_version: int
    goal_us: int
    state: TimerState = TimerState.RUNNING
    ended: int | None = None
    ended_by: int | None = None
    spent_us: int = 0
    """Of this cycle, under whatever target: until it ended or was replaced, or until the instant
    up to which it was measured."""
    paused_us: int = 0
    """By the clock on the wall."""
    overall_us: int = 0
    """Spent in this and in all earlier cycles."""
    due: int | None = None
    """When the goal is reached if nothing more happens, or would have been; none while paused."""
    breached: int | None = None
    holder: str | None = None
    """The group that had the incident when the verdict fell, or has it."""

    @property
    def percent(self) -> int:
        """How much of the goal is spent; a part of one per cent does not count."""
        return self.spent_us * 100 // self.goal_us if self.goal_us else 100


class Stretch(NamedTuple):
    """A part of a cycle under one plan."""

    begin: int
    end: int | None
    plan: Plan
    applied: Applied
    ended_by: int | None


class Crossing(NamedTuple):
    """A mark that is reached, or will be if nothing more happens."""

    at: int
    mark: Mark
    plan: Plan
    cycle: Cycle


def stretches(cycle: Cycle) -> list[Stretch]:
    """The parts of a cycle. Time without any plan counts by the next one, if one comes.

    The first plan holds from the beginning of the cycle, however late it came.
    """
    found: list[Stretch] = []
    begin: int | None = cycle.began
    for one in cycle.applied:
        if found and found[-1].end is None:
            found[-1] = found[-1]._replace(end=one.at, ended_by=one.by)
            begin = one.at
        if one.plan is not None:
            assert begin is not None
            found.append(Stretch(begin, None, one.plan, one, None))
    if found[-1].end is None:
        found[-1] = found[-1]._replace(end=cycle.ended, ended_by=cycle.ended_by)
    return found


class Measured:
    """One cycle, measured up to an instant: its timers, and the marks that it passes."""

    __slots__ = (
        "_ahead",
        "_anchor",
        "_as_of",
        "_holds",
        "_paused",
        "crossings",
        "cycle",
        "paused_us",
        "spent_us",
        "timers",
    )

    def __init__(self, cycle: Cycle, holds: Sequence[Hold], as_of: int, *, ahead: bool) -> None:
        """With `ahead`, marks are followed into the future; otherwise up to `as_of`."""
        self.cycle, self._holds, self._as_of, self._ahead = cycle, holds, as_of, ahead
        self.timers: dict[str, Timer] = {}
        self.crossings: dict[tuple[str, str], Crossing] = {}
        self.spent_us = self.paused_us = 0
        self._anchor = (cycle.began, 0)
        self._paused = False

    def run(self, measure: Measure | None, number: int) -> "Measured":
        """Measure the cycle, which is the so manieth of its clock."""
        parts = stretches(self.cycle)
        for place, part in enumerate(parts):
            if place:
                self._pass_at_once(part)
            self._measure(part)
            if measure is not None:
                timer = self._timer(measure, number, part)
                self._settle(timer, part, last=place + 1 == len(parts))
        return self

    def _timer(self, measure: Measure, number: int, part: Stretch) -> Timer:
        plan, applied = part.plan, part.applied
        timer = self.timers.get(plan.name)
        if timer is None:
            timer = self.timers[plan.name] = Timer(
                measure=measure,
                target=plan.name,
                group=plan.group,
                cycle=number,
                began=self.cycle.began,
                began_by=self.cycle.began_by,
                applied=applied.at,
                applied_by=applied.by,
                priority=applied.priority,
                policy_version=plan.policy_version,
                goal_us=plan.goal_us or 0,
            )
        return timer

    def _pass_at_once(self, part: Stretch) -> None:
        """Marks that are passed already when another plan comes: of warnings only the last one,
        and none beside a breach. A step that would be taken again and again is taken once."""
        at = part.applied.at
        passed = [mark for mark in part.plan.marks if mark.amount_us <= self.spent_us]
        warning = None
        for mark in passed:
            if mark.percent is not None:
                warning = mark
            elif not mark.repetition:
                self._cross(at, mark, part)
                warning = None if mark.name == BREACH else warning
        if warning is not None:
            self._cross(at, warning, part)

    def _measure(self, part: Stretch) -> None:
        plan, begin, end = part.plan, part.begin, part.end
        first = 0 if part.begin == self.cycle.began else self._passed(plan)
        self._paused = False
        for hold in self._holds:
            if hold.reason not in plan.pause or (hold.until is not None and hold.until <= begin):
                continue
            if end is not None and hold.since >= end:
                break
            if hold.since > begin:
                first = self._go(part, begin, hold.since, first)
            begin = self._stand(max(begin, hold.since), hold.until, end)
            if self._paused:
                return
        if end is None or begin < end:
            self._go(part, begin, end, first)

    def _passed(self, plan: Plan) -> int:
        return sum(mark.amount_us <= self.spent_us for mark in plan.marks)

    def _stand(self, begin: int, until: int | None, end: int | None) -> int:
        """The clock stands until the hold or the stretch ends; return when it goes on."""
        stops = min((each for each in (until, end) if each is not None), default=None)
        self.paused_us += max(0, (stops if stops is not None else self._as_of) - begin)
        self._paused = stops is None or stops == end
        return stops if stops is not None else begin

    def _go(self, part: Stretch, begin: int, end: int | None, first: int) -> int:
        """The clock runs; return the place of the next mark."""
        plan, spent = part.plan, self.spent_us
        until = end if end is not None else max(begin, self._as_of)
        total = spent + plan.work.elapsed_us(begin, until)
        latest = self.cycle.ended
        for mark in plan.marks[first:]:
            if mark.amount_us > total and (end is not None or not self._ahead):
                break
            try:
                at = plan.work.due_us(begin, max(0, mark.amount_us - spent))
            except BeyondCalendar:
                break
            if latest is not None and at >= latest:
                break
            self._cross(at, mark, part)
            first += 1
        self._anchor, self.spent_us = (begin, spent), total
        return first

    def _cross(self, at: int, mark: Mark, part: Stretch) -> None:
        """Note when a mark was reached first. Nobody is called in before the rule held."""
        late = mark.escalation is not None and at < part.applied.at
        if late and mark.repetition:
            return
        when = part.applied.at if late else at
        key = (part.plan.name, mark.name)
        if key not in self.crossings:
            self.crossings[key] = Crossing(when, mark, part.plan, self.cycle)

    def _settle(self, timer: Timer, part: Stretch, *, last: bool) -> None:
        """Say how the target stands after this stretch."""
        plan, cycle = part.plan, self.cycle
        timer.spent_us, timer.paused_us = self.spent_us, self.paused_us
        timer.priority, timer.policy_version = part.applied.priority, plan.policy_version
        timer.goal_us = plan.goal_us or 0
        timer.ended, timer.ended_by = part.end, part.ended_by
        breach = self.crossings.get((plan.name, BREACH))
        if breach is not None and breach.at <= self._as_of:
            timer.state, timer.breached, timer.due = TimerState.BREACHED, breach.at, breach.at
            return
        timer.due = None if self._paused else self._due(plan)
        if part.end is None:
            timer.state = TimerState.PAUSED if self._paused else TimerState.RUNNING
        elif last and part.end == cycle.ended and cycle.applied[-1].plan and not cycle.cancelled:
            timer.state = TimerState.MET
        else:
            timer.state = TimerState.CANCELLED

    def _due(self, plan: Plan) -> int | None:
        begin, spent = self._anchor
        try:
            return plan.work.due_us(begin, max(0, (plan.goal_us or 0) - spent))
        except BeyondCalendar:
            return None


def measured(walk: Walk, holds: Sequence[Hold], as_of: int, *, ahead: bool) -> Iterator[Measured]:
    """Every cycle of a clock, in order, with what they took together."""
    overall = 0
    for number, cycle in enumerate(walk.cycles, 1):
        one = Measured(cycle, holds, as_of, ahead=ahead).run(walk.measure, number)
        for timer in one.timers.values():
            timer.overall_us = overall + timer.spent_us
        overall += one.spent_us
        yield one
