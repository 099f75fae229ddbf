"""One incident on both sides: its clocks reckoned twice, and where the two differ."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from tocsin.domain.clock.plan import Rulebook, Rulebooks, Rules
from tocsin.domain.clock.reckoning import Reckoning, reckon
from tocsin.domain.clock.timer import Timer
from tocsin.domain.clock.values import TimerState
from tocsin.domain.openings import instant, microseconds
from tocsin.domain.policy.history import PolicyHistory
from tocsin.whatif.past import Past
from tocsin.whatif.question import Question
from tocsin.whatif.tally import Tally

SECOND, DAY = 1_000_000, 86_400_000_000
CLOCKS = 10
"""Of one promise that are shown on each side, the first ones: updates are due again and again."""
_DAYS = 4_096
_Promise = tuple[str, str | None]
_Step = tuple[str, int]


class Side(NamedTuple):
    """What one policy makes of an incident."""

    timers: list[Timer]
    priority: int | None
    steps: Counter[_Step]
    """How often each step of an escalation fell due."""


class Comparison:
    """Both sides of a question, ready to be asked about one incident after the other."""

    def __init__(self, question: Question, policies: PolicyHistory, tally: Tally) -> None:
        assert question.as_of is not None
        self._question, self._tally = question, tally
        self._as_of = microseconds(question.as_of)
        self._before: Rules = Rulebooks(policies)
        if question.against is not None:
            self._before = everywhere(question.against)
        self._after = everywhere(question.policy)

    def take(self, stream: bytes, past: Past) -> None:
        """Add an incident to the tally, if it is asked about."""
        if not past.happenings or not self._question.includes(past):
            return
        before, after = self._side(past, self._before), self._side(past, self._after)
        counts = self._tally.counts
        counts["incidents",] += 1
        for name, side in (("before", before), ("after", after)):
            _count(counts, name, side)
        counts["decisions",] += self._decisions(past)
        known = {"incident_id": str(UUID(bytes=stream)), "reference": past.reference}
        if changes := list(_changes(before.timers, after.timers)):
            self._tally.add("verdicts", {**known, "changes": changes})
        if before.priority != after.priority:
            counts["moves", before.priority, after.priority] += 1
            told = {"before": before.priority, "after": after.priority}
            self._tally.add("priorities", {**known, **told})
        if before.steps != after.steps:
            steps = list(_steps(before.steps, after.steps))
            self._tally.add("escalations", {**known, "steps": steps})

    def _side(self, past: Past, rules: Rules) -> Side:
        reckoned = reckon(past.happenings, rules, self._as_of)
        return Side(reckoned.timers, reckoned.course.kind.priority, self._fallen_due(reckoned))

    def _fallen_due(self, reckoned: Reckoning) -> Counter[_Step]:
        return Counter(
            (mark.escalation.name, mark.step)
            for at, mark, _, _ in reckoned.crossings
            if mark.escalation is not None and at <= self._as_of
        )

    def _decisions(self, past: Past) -> int:
        """How many times a matrix would have said another priority, also on the way."""
        return sum(
            self._before(each.policy).priority(*each.value)
            != self._after(each.policy).priority(*each.value)
            for each in past.happenings
            if each.kind == "prioritised"
        )


def everywhere(policy: Any) -> Rules:
    """One policy, in force from the beginning to the end."""
    book = Rulebook(policy, by_matrix=True)
    return lambda _: book


def _count(counts: Counter[tuple[Any, ...]], name: str, side: Side) -> None:
    for timer in side.timers:
        month = _month(timer.began // DAY)
        key = (timer.measure, timer.priority, timer.holder, month, timer.state)
        counts["timers", name, *key] += 1
    for step, times in side.steps.items():
        counts["fell-due", name, *step] += times
        counts["escalated", name, *step] += 1


@lru_cache(_DAYS)
def _month(day: int) -> str:
    return f"{instant(day * DAY):%Y-%m}"


def _changes(before: list[Timer], after: list[Timer]) -> Iterator[dict[str, Any]]:
    """The promises that were breached on one side and not on the other, with their clocks."""
    if not any(timer.breached is not None for side in (before, after) for timer in side):
        return
    sides = _by_promise(before), _by_promise(after)
    for promise in sorted({*sides[0], *sides[1]}, key=lambda each: (each[0], each[1] or "")):
        here, there = (side.get(promise, []) for side in sides)
        if verdict(here) != verdict(there) and "breached" in (verdict(here), verdict(there)):
            telling = {timer.cycle for timer in (*here, *there) if timer.breached is not None}
            yield {
                "measure": promise[0],
                "group": promise[1],
                "before": _told(here, telling),
                "after": _told(there, telling),
            }


def _by_promise(timers: Iterable[Timer]) -> dict[_Promise, list[Timer]]:
    found: defaultdict[_Promise, list[Timer]] = defaultdict(list)
    for timer in timers:
        found[timer.measure.value, timer.group].append(timer)
    return found


def verdict(timers: Iterable[Timer]) -> str:
    """Whether a promise was kept, of all the clocks of it: one breach is a breach."""
    states = {timer.state for timer in timers}
    if TimerState.BREACHED in states:
        return "breached"
    if states & {TimerState.RUNNING, TimerState.PAUSED}:
        return "open"
    return "met" if TimerState.MET in states else "none"


def _told(timers: list[Timer], telling: set[int]) -> dict[str, Any]:
    shown = [timer for timer in timers if timer.cycle in telling]
    return {
        "verdict": verdict(timers),
        "clocks": [_clock(timer) for timer in shown[:CLOCKS]],
        "clocks_left_out": max(0, len(shown) - CLOCKS),
    }


def _clock(timer: Timer) -> dict[str, Any]:
    return {
        "target": timer.target,
        "cycle": timer.cycle,
        "state": timer.state.value,
        "priority": timer.priority,
        "began_at": _time(timer.began),
        "ended_at": _time(timer.ended),
        "due_at": _time(timer.due),
        "breached_at": _time(timer.breached),
        "goal_seconds": timer.goal_us // SECOND,
        "spent_seconds": timer.spent_us // SECOND,
        "paused_seconds": timer.paused_us // SECOND,
    }


def _time(at: int | None) -> str | None:
    return instant(at).isoformat().replace("+00:00", "Z") if at is not None else None


def _steps(before: Counter[_Step], after: Counter[_Step]) -> Iterator[dict[str, Any]]:
    for name, step in sorted({*before, *after}):
        here, there = before[name, step], after[name, step]
        if here != there:
            yield {"escalation": name, "step": step, "before": here, "after": there}
