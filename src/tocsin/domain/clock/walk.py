"""One clock of an incident: its cycles, and the plans under which each of them ran."""

from enum import Enum
from typing import Final, NamedTuple

from tocsin.domain.clock.plan import Plan
from tocsin.domain.policy.values import Measure, Moment


class Again(Enum):
    """The incident is open once more, or a group has got it: the clock begins anew."""

    AGAIN = "again"


AGAIN: Final = Again.AGAIN
Seen = tuple[Moment | Again, int, int]
ONCE = frozenset({Moment.ACKNOWLEDGED, Moment.RESOLVED})
"""What need not be done again, even if it was not promised when it was done."""
NOTHING: frozenset[Moment | Again] = frozenset()


class Applied(NamedTuple):
    """From here on another plan holds; none when nothing is promised any more."""

    at: int
    by: int
    plan: Plan | None
    priority: int | None


class Cycle:
    """One run of a clock, from its start until what was promised is there."""

    __slots__ = ("applied", "began", "began_by", "cancelled", "ended", "ended_by")

    def __init__(self, began: int, by: int) -> None:
        self.began, self.began_by = began, by
        self.applied: list[Applied] = []
        self.ended: int | None = None
        self.ended_by: int | None = None
        self.cancelled = False


class Walk:
    """How one clock went through the life of an incident.

    A plan that comes late finds what has happened so far in `seen`, and begins where it would have
    begun had it been there.
    """

    __slots__ = (
        "begun",
        "cycles",
        "heeds",
        "live",
        "measure",
        "over",
        "plan",
        "priority",
        "seen",
        "waits",
        "waived",
    )

    def __init__(self, measure: Measure | None) -> None:
        self.measure = measure
        self.plan: Plan | None = None
        self.priority: int | None = None
        self.cycles: list[Cycle] = []
        self.live: Cycle | None = None
        self.over = False
        """Whether nothing can begin any more."""
        self.waits = False
        """Whether it waits for an acknowledgement, of which one is enough for ever."""
        self.seen: list[Seen] = []
        """What happened before it began."""
        self.begun = False
        self.waived = False
        """Whether it ended before what it waited for was there."""
        self.heeds: frozenset[Moment | Again] = NOTHING
        """What would start or stop it now."""

    def apply(self, plan: Plan | None, at: int, by: int, priority: int | None) -> None:
        """Another plan holds from now on."""
        if plan is self.plan and priority == self.priority:
            return
        known, self.priority = self.plan, priority
        self.plan = plan
        if self.live is not None:
            self._change(self.live, plan, known, Applied(at, by, plan, priority))
        elif plan is not None and not self.begun and self.seen and not self.over:
            self._begin_late(plan, Applied(at, by, plan, priority))
        self._heed()

    def _change(self, live: Cycle, plan: Plan | None, known: Plan | None, new: Applied) -> None:
        last = live.applied[-1]
        alone = len(live.applied) == 1
        if new.by == live.began_by or (alone and plan is None and last.at == new.at):
            self._begin_otherwise(live, plan, new)
        elif plan is not None and known is not None and plan.same(known):
            live.applied[-1] = last._replace(priority=new.priority)
            self.plan = known
        elif last.at == new.at:
            # For no time at all, nothing was promised.
            live.applied[-1] = new
        else:
            live.applied.append(new)

    def _begin_otherwise(self, live: Cycle, plan: Plan | None, new: Applied) -> None:
        """The plan under which it began held for no time at all: nothing ran that could go on."""
        if plan is None:
            self.cycles.pop()
            self.live, self.begun = None, False
        else:
            live.applied[-1] = new

    def _begin_late(self, plan: Plan, applied: Applied) -> None:
        """A plan has come after what it starts with: it finds its place in what has happened.

        The time until something is there counts from its beginning, whoever noticed late. How
        often people are told can be promised only from now on.
        """
        if self.measure is Measure.UPDATE_CADENCE:
            seen = {moment for moment, _, _ in self.seen}
            if (plan.start in seen or AGAIN in seen) and seen.isdisjoint(plan.stop):
                self._begin(applied.at, applied.by, plan, applied)
            return
        past, self.seen = self.seen, []
        for one in past:
            self.seen.append(one)
            self.come(*one, applied)

    def come(
        self, moment: Moment | Again, at: int, by: int, applied: Applied | None = None
    ) -> None:
        """Something happened that may start or stop the clock: what it `heeds`, and has `seen`."""
        plan = self.plan
        if self.live is not None:
            known = plan or self._last_plan()
            if moment in known.stop:
                self._end(at, by)
            elif moment is Moment.UPDATED and self.measure is Measure.UPDATE_CADENCE:
                self._end(at, by)
                if plan is not None:
                    self._begin(at, by, plan, applied)
                else:
                    # What is promised next begins when it is promised.
                    self.begun = False
        elif plan is not None and not self.over and self._starts(moment, plan):
            self._begin(at, by, plan, applied)
            if any(each in plan.stop for each, _, _ in self.seen[:-1]):
                self._end(at, by)

    def _starts(self, moment: Moment | Again, plan: Plan) -> bool:
        return not self.begun and (moment is plan.start or moment is AGAIN)

    def _last_plan(self) -> Plan:
        assert self.live is not None
        return next(each.plan for each in reversed(self.live.applied) if each.plan is not None)

    def _begin(self, at: int, by: int, plan: Plan, applied: Applied | None) -> None:
        cycle = Cycle(at, by)
        cycle.applied.append(applied or Applied(at, by, plan, self.priority))
        self.cycles.append(cycle)
        self.live, self.begun = cycle, True
        self._heed()

    def _end(self, at: int, by: int) -> None:
        assert self.live is not None
        live, self.live = self.live, None
        live.ended, live.ended_by = max(at, live.began), by
        if self.measure is Measure.UPDATE_CADENCE and live.ended == live.began:
            # Nobody can be told in time twice in one instant, or as it is over.
            self.cycles.pop()
        self._heed()

    def _heed(self) -> None:
        plan = self.plan
        if self.live is not None:
            self.heeds = (plan or self._last_plan()).ends
        elif plan is None or self.begun or self.over:
            self.heeds = NOTHING
        else:
            self.heeds = plan.begins

    def cancel(self, at: int, by: int) -> None:
        """Nothing is to be done any more."""
        self.over = True
        there = self.begun or any(moment in ONCE for moment, _, _ in self.seen)
        self.waived = self.live is not None or not there
        if self.live is not None:
            self.live.cancelled = True
            self._end(at, by)
        self._heed()

    def again(self, at: int, by: int) -> None:
        """The incident is open again: another cycle, unless this one never ended."""
        self.over = False
        if self.live is None:
            self.seen, self.begun = [(AGAIN, at, by)], False
            self.come(AGAIN, at, by)
            self._heed()

    def again_if_cancelled(self, at: int, by: int) -> None:
        """Open again, but what was done once need not be done again."""
        if self.waived:
            self.waived = False
            self.again(at, by)
        else:
            self.over = False
            self._heed()
