"""What clocks should say, by somebody who sits beside the incident and looks once a minute.

Nothing of it knows how clocks are computed: no working-time function, no due instant, no marks. It
follows the definitions. All instants are whole minutes since 1970, and so must be all that happens.

- A cycle of a promise begins with its target's start moment, and ends with the first of its stop
  moments. Reopened, another one begins; a first response is owed again only if nobody was to give
  one any more. Cancelled or dismissed, every clock ends without a verdict.
- What was there before the clock could start ends it at once.
- A target that comes late holds from the beginning of the cycle. How often people are told can be
  promised only from then on; every update ends one cycle and begins the next.
- A group's clock runs from when the group got the incident until another one has it, or until it
  is resolved. Closing what was not resolved resolves it.
- What is said of an incident at one instant holds for all that happens to it then, and what was
  promised for no time at all was not promised.
- A minute is spent if the target's calendar is open and the incident is not on hold for a reason
  in the target's list. Another target takes over what was spent; time without any counts by the
  next one.
- A target is breached at the instant at which its goal is spent, unless the cycle ends by then; one
  whose goal was spent before it came, when it comes.
- Which targets hold is what the policy says that was in force where the event stands in the log
  that last touched what targets depend on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from tests.worktime.kit import watched
from tocsin.domain.calendar import Calendar
from tocsin.domain.incident import events as e
from tocsin.domain.incident.status import status_after
from tocsin.domain.incident.values import Audience, EscalationKind, Fact, Status, Visibility
from tocsin.domain.kernel import Recorded, replace
from tocsin.domain.openings import instant
from tocsin.domain.policy import DEFAULT_POLICY, Policy
from tocsin.domain.policy.rules import Facts
from tocsin.domain.policy.values import Measure, Moment

MINUTE_US = 60_000_000
PROMISES = (Measure.FIRST_RESPONSE, Measure.UPDATE_CADENCE, Measure.RESOLUTION)
Published = Sequence[tuple[int, Policy]]
"""Each policy with the position of its publication, in order."""


SAID = (
    e.IncidentReported
    | e.IncidentCategorised
    | e.IncidentPrioritised
    | e.MajorIncidentDeclared
    | e.MajorIncidentStoodDown
)
TOUCHING = SAID | e.IncidentReopened
"""After these it is asked anew what is promised."""


class Verdict(NamedTuple):
    """What became of one target in one cycle. Instants and durations in minutes."""

    measure: str
    group: str | None
    began: int
    cycle: int
    target: str
    goal: int
    state: str
    ended: int | None
    spent: int
    paused: int
    breached: int | None
    overall: int


class Deed(NamedTuple):
    """One event: when it happened in the world, and the policy in force where it stands."""

    at: int
    event: e.IncidentEvent
    policy: Policy


class Window(NamedTuple):
    """The minutes that somebody looks at."""

    begin: int
    length: int


class Terms(NamedTuple):
    """What was promised: the same in another version of the policy is the same promise."""

    name: str
    goal: int
    calendar: Calendar
    pause: frozenset[str]
    start: Moment
    stop: frozenset[Moment]


@dataclass
class Cycle:
    """One run of a clock, by the places of the deeds that begin and end it."""

    began: int
    ended: int | None = None
    cancelled: bool = False
    changes: Sequence[tuple[int, Terms | None]] = ()
    """From which deed on what was promised; the first from the beginning."""


def verdicts(
    history: Sequence[Recorded[e.IncidentEvent]], published: Published, as_of: int, window: Window
) -> list[Verdict]:
    """Every timer of an incident, watched until `as_of`, which is no earlier than any event."""
    diary = Diary(in_the_order_of_the_world(history, published), as_of, window)
    found: list[Verdict] = []
    for measure in PROMISES:
        cadence = measure is Measure.UPDATE_CADENCE
        promises = diary.tellings() if cadence else diary.promises(measure)
        found += diary.judged(measure, None, promises)
    for group, cycles in diary.stints():
        found += diary.judged(Measure.GROUP, group, cycles)
    return found


def minutes(moment: datetime) -> int:
    """An instant as whole minutes since 1970."""
    found, rest = divmod(moment.timestamp(), 60)
    assert rest == 0, "everything happens on the minute here"
    return int(found)


MOVED: dict[Fact, tuple[type[e.IncidentEvent], int]] = {
    Fact.REPORTED_AT: (e.IncidentReported, 0),
    Fact.ACKNOWLEDGED_AT: (e.IncidentAcknowledged, 0),
    Fact.RESOLVED_AT: (e.IncidentResolved, -1),
    Fact.CLOSED_AT: (e.IncidentClosed, -1),
}
"""Which event a correction is about: the first that was recorded before it, or the last."""


def in_the_order_of_the_world(
    history: Sequence[Recorded[e.IncidentEvent]], published: Published
) -> list[Deed]:
    """What happened, when it happened: as is known after all of it, corrections included."""
    moved = {each.version: each for each in history}
    for recorded in history:
        match recorded.event:
            case e.IncidentCorrected(fact=fact, now=now) if fact in MOVED:
                kind, which = MOVED[fact]
                told = [
                    each.version
                    for each in history
                    if isinstance(each.event, kind) and each.version < recorded.version
                ]
                about = moved[told[which]]
                moved[about.version] = replace(about, occurred_at=datetime.fromisoformat(now))
    return [
        Deed(minutes(each.occurred_at), each.event, _in_force(each.position, published))
        for each in sorted(moved.values(), key=_order)
        if not isinstance(each.event, e.IncidentCorrected)
    ]


def _order(recorded: Recorded[e.IncidentEvent]) -> tuple[datetime, bool, int]:
    """What is said of an incident at one instant holds for all that happens to it then."""
    return recorded.occurred_at, not isinstance(recorded.event, SAID), recorded.version


def _in_force(position: int, published: Published) -> Policy:
    return next((p for at, p in reversed(published) if at < position), DEFAULT_POLICY)


NAUGHT = e.IncidentCancelled | e.IncidentDismissed
OVER = NAUGHT | e.IncidentResolved | e.IncidentClosed


def _facts(facts: Facts, event: e.IncidentEvent) -> Facts:
    match event:
        case e.IncidentReported(services=services):
            return replace(facts, services=services)
        case e.IncidentCategorised(category=category, subcategory=subcategory):
            return replace(facts, category=category, subcategory=subcategory)
        case e.IncidentPrioritised(priority=priority):
            return replace(facts, priority=priority)
        case e.MajorIncidentDeclared() | e.MajorIncidentStoodDown():
            return replace(facts, major=isinstance(event, e.MajorIncidentDeclared))
    return facts


def _group(group: str | None, event: e.IncidentEvent) -> str | None:
    match event:
        case e.IncidentAssigned(group=named):
            return named
        case e.IncidentEscalated(kind=EscalationKind.FUNCTIONAL, group=str(named)):
            return named
    return group


def _moments(event: e.IncidentEvent, *, over: bool) -> set[Moment]:
    match event:
        case e.IncidentReported():
            return {Moment.REPORTED}
        case e.IncidentLogged():
            return {Moment.LOGGED}
        case e.IncidentAcknowledged():
            return {Moment.ACKNOWLEDGED}
        case e.IncidentCategorised():
            return {Moment.CATEGORISED}
        case e.IncidentPrioritised():
            return {Moment.PRIORITISED}
        case e.IncidentAssigned():
            return {Moment.ASSIGNED}
        case e.WorkaroundApplied():
            return {Moment.MITIGATED}
        case e.IncidentResolved():
            return {Moment.MITIGATED, Moment.RESOLVED}
        case e.IncidentClosed():
            return {Moment.CLOSED} if over else {Moment.MITIGATED, Moment.RESOLVED, Moment.CLOSED}
        case e.UpdatePosted(audience=audience) if audience is not Audience.RESPONDERS:
            return {Moment.UPDATED}
        case e.IncidentNoted(visibility=Visibility.PUBLIC):
            return {Moment.UPDATED}
    return set()


class Diary:
    """All that the watcher writes down: what each deed meant, and how each minute was spent."""

    def __init__(self, deeds: Sequence[Deed], as_of: int, window: Window) -> None:
        self.deeds, self.as_of, self.window = deeds, as_of, window
        self.facts: list[Facts] = []
        self.groups: list[str | None] = []
        self.moments: list[set[Moment]] = []
        self.over: list[bool] = []
        """Whether there was nothing left to do, after each deed."""
        self.waiting: list[str | None] = []
        """On hold for what, in each minute."""
        facts, over = Facts(), False
        before: str | None = None
        for _, event, _ in deeds:
            facts, group = _facts(facts, event), _group(before, event)
            self.facts.append(facts)
            self.groups.append(group)
            self.moments.append(_moments(event, over=over))
            if before is not None and before != group:
                self.moments[-1].add(Moment.PASSED_ON)
            before = group
            over = isinstance(event, OVER) or (over and not isinstance(event, e.IncidentReopened))
            self.over.append(over)
        self._wait()

    def _wait(self) -> None:
        status, logged, since, reason = Status.UNREPORTED, False, {}, None
        for at, event, _ in self.deeds:
            status = status_after(status, logged=logged, event=event)
            logged = logged or isinstance(event, e.IncidentLogged)
            reason = event.reason if isinstance(event, e.IncidentHeld) else reason
            since[at] = reason if status is Status.ON_HOLD else None
        now: str | None = None
        for minute in range(self.window.length):
            now = since.get(self.window.begin + minute, now)
            self.waiting.append(now)

    def promised(
        self, measure: Measure, group: str | None = None, since: int = 0
    ) -> list[Terms | None]:
        """What is promised after each deed, from that one on; before, nothing."""
        found: list[Terms | None] = [None] * len(self.deeds)
        for place in range(since, len(self.deeds)):
            _, event, policy = self.deeds[place]
            if place > since and not isinstance(event, TOUCHING):
                found[place] = found[place - 1]
                continue
            facts = self.facts[place]
            target = policy.target(measure, facts)
            if group is not None:
                target = policy.group_target(group, facts)
            if target is not None:
                goal, calendar = target.goal_seconds // 60, policy.calendars[target.calendar]
                pause, stop = frozenset(target.pause), frozenset(target.stop)
                found[place] = Terms(target.name, goal, calendar, pause, target.start, stop)
        return found

    def promises(self, measure: Measure) -> Iterator[Cycle]:
        """The cycles of a first response or of a resolution."""
        promised = self.promised(measure)
        some = next(filter(None, promised), None)
        if some is None:
            return
        runs: list[Cycle] = []
        for place, deed in enumerate(self.deeds):
            last = runs[-1] if runs else None
            if last is not None and last.ended is None:
                self._end(last, place, some.stop)
            elif isinstance(deed.event, e.IncidentReopened):
                if measure is Measure.RESOLUTION or (last is not None and last.cancelled):
                    runs.append(Cycle(place))
            elif last is None and some.start in self.moments[place]:
                there = any(moments & some.stop for moments in self.moments[:place])
                runs.append(Cycle(place, ended=place if there else None))
        yield from self._kept(runs, promised, len(self.deeds))

    def tellings(self) -> Iterator[Cycle]:
        """The cycles of the updates: each runs from one to the next."""
        promised = self.promised(Measure.UPDATE_CADENCE)
        cycle: Cycle | None = None
        owed = False
        for place, terms in enumerate(promised):
            some = next(filter(None, promised[place:]), None) or next(
                filter(None, reversed(promised[:place])), None
            )
            if some is None:
                return
            if cycle is not None:
                self._end(cycle, place, some.stop | {Moment.UPDATED})
                if cycle.ended is not None:
                    yield replace(cycle, changes=self._changes(cycle.began, promised, place))
                    cycle = None
            begins = some.start in self.moments[place]
            reopened = isinstance(self.deeds[place].event, e.IncidentReopened)
            stopped = self.over[place] or bool(self.moments[place] & some.stop)
            owed = (owed or begins or reopened) and not stopped
            if owed and cycle is None and terms is not None:
                cycle = Cycle(place)
        if cycle is not None:
            yield replace(cycle, changes=self._changes(cycle.began, promised, len(promised)))

    def stints(self) -> Iterator[tuple[str, list[Cycle]]]:
        """Each time that a group had the incident, and the cycles of its clock then."""
        groups = [None, *self.groups]
        begins = [place for place, (old, new) in enumerate(pairwise(groups)) if old != new]
        for begin, until in pairwise([*begins, len(self.deeds)]):
            group = self.groups[begin]
            if group is None:
                continue
            promised = self.promised(Measure.GROUP, group, begin)[:until]
            some = next(filter(None, promised), None)
            if some is None:
                continue
            runs = [] if self.over[begin] else [Cycle(begin)]
            for place in range(begin + 1, min(until + 1, len(self.deeds))):
                if runs and runs[-1].ended is None:
                    self._end(runs[-1], place, some.stop)
                elif place < until and isinstance(self.deeds[place].event, e.IncidentReopened):
                    runs.append(Cycle(place))
            yield group, list(self._kept(runs, promised, until))

    def _end(self, cycle: Cycle, place: int, stop: frozenset[Moment]) -> None:
        """End the cycle if the deed at that place does."""
        if self.moments[place] & stop:
            cycle.ended = place
        elif isinstance(self.deeds[place].event, NAUGHT):
            cycle.ended, cycle.cancelled = place, True

    def _kept(
        self, runs: Sequence[Cycle], promised: Sequence[Terms | None], until: int
    ) -> Iterator[Cycle]:
        """Those runs for which something was promised, if only afterwards."""
        for run, later in zip(runs, [*runs[1:], None], strict=True):
            limit = until if later is None else later.began
            end = limit if run.ended is None else run.ended
            changes = self._changes(run.began, promised, end)
            if changes[0][1] is None and not run.cancelled:
                late = next(filter(None, promised[end:limit]), None)
                changes = [(run.began, late)]
            if changes[0][1] is not None:
                yield replace(run, changes=changes)

    def _changes(
        self, begin: int, promised: Sequence[Terms | None], end: int
    ) -> list[tuple[int, Terms | None]]:
        """When another promise came, before the end; the first one counts from the beginning.

        What was promised for no time at all was not promised.
        """
        found = [(begin, promised[begin])]
        for place in range(begin + 1, end):
            if self.deeds[place].at == self.deeds[found[-1][0]].at:
                found[-1] = (found[-1][0], promised[place])
            else:
                found.append((place, promised[place]))
        kept = [one for n, one in enumerate(found) if not n or one[1] != found[n - 1][1]]
        if kept[0][1] is None and len(kept) > 1:
            kept[:2] = [(begin, kept[1][1])]
        return kept

    def judged(
        self, measure: Measure, group: str | None, cycles: Iterable[Cycle]
    ) -> Iterator[Verdict]:
        """Watch each cycle from its beginning to its end."""
        overall = 0
        for number, cycle in enumerate(cycles, 1):
            watch = Watch(self, cycle)
            for name, seen in watch.seen.items():
                yield Verdict(
                    measure=measure,
                    group=group,
                    began=self.deeds[cycle.began].at,
                    cycle=number,
                    target=name,
                    overall=overall + seen.spent,
                    breached=watch.breached.get(name),
                    **vars(seen),
                )
            overall += watch.spent


@dataclass
class Seen:
    """One target, as it stood when it was looked at last."""

    goal: int
    state: str
    ended: int | None
    spent: int
    paused: int


class Watch:
    """One cycle, watched minute by minute."""

    def __init__(self, diary: Diary, cycle: Cycle) -> None:
        self._diary, self._cycle = diary, cycle
        self._end = None if cycle.ended is None else diary.deeds[cycle.ended].at
        self.seen: dict[str, Seen] = {}
        self.breached: dict[str, int] = {}
        self.spent = self.paused = 0
        changes = cycle.changes
        for n, (place, terms) in enumerate(changes):
            begin = diary.deeds[place].at
            until = diary.deeds[changes[n + 1][0]].at if n + 1 < len(changes) else self._end
            if terms is not None:
                self._look(terms, begin, until, came=begin, last=n + 1 == len(changes))
            elif n + 1 < len(changes):
                # Until the next one came, time counts by that.
                following = changes[n + 1][1]
                assert following is not None
                assert until is not None
                self._look(following, begin, until, came=until, last=False)

    def _look(self, terms: Terms, begin: int, until: int | None, *, came: int, last: bool) -> None:
        diary, name = self._diary, terms.name
        if begin != diary.deeds[self._cycle.began].at and self.spent >= terms.goal:
            self.breached.setdefault(name, came)
        open_ = open_minutes(terms.calendar, diary.window)
        end = diary.as_of if until is None else until
        for minute in range(begin, end):
            if diary.waiting[minute - diary.window.begin] in terms.pause:
                self.paused += 1
            elif open_[minute - diary.window.begin]:
                self.spent += 1
                if self.spent == terms.goal and minute + 1 != self._end:
                    self.breached.setdefault(name, minute + 1)
        state = self._state(name, terms, last=last, open_end=until is None)
        self.seen[name] = Seen(terms.goal, state, until, self.spent, self.paused)

    def _state(self, name: str, terms: Terms, *, last: bool, open_end: bool) -> str:
        if name in self.breached:
            return "breached"
        if not last or self._cycle.cancelled:
            return "cancelled"
        if not open_end:
            return "met"
        now = self._diary.waiting[self._diary.as_of - self._diary.window.begin]
        return "paused" if now in terms.pause else "running"


@cache
def open_minutes(calendar: Calendar, window: Window) -> list[bool]:
    """Whether it was working time, minute by minute."""
    return watched(calendar, instant(window.begin * MINUTE_US), window.length)
