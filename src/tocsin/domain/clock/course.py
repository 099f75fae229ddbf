"""The life of one incident, as clocks see it: which clock ran when, under which plan, held why.

One pass over what happened, in the order in which it took place. Nothing is measured here.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from tocsin.domain.clock.happening import SAID, Happening
from tocsin.domain.clock.plan import PROMISES, Kind, Plan, Rulebook, Rules
from tocsin.domain.clock.walk import AGAIN, Seen, Walk
from tocsin.domain.incident.values import Status
from tocsin.domain.policy.values import Measure, Moment

MOMENTS: dict[str, tuple[Moment, ...]] = {
    "reported": (Moment.REPORTED,),
    "logged": (Moment.LOGGED,),
    "verified": (Moment.VERIFIED,),
    "acknowledged": (Moment.ACKNOWLEDGED,),
    "categorised": (Moment.CATEGORISED,),
    "prioritised": (Moment.PRIORITISED,),
    "noted": (Moment.UPDATED,),
    "workaround-applied": (Moment.MITIGATED,),
    "resolved": (Moment.MITIGATED, Moment.RESOLVED),
    "confirmed": (Moment.CONFIRMED,),
}
"""What each happening is to the clocks, where that is always the same."""
IMPORTED: dict[str, tuple[Moment, ...]] = {
    Status.IN_PROGRESS: (Moment.ACKNOWLEDGED,),
    Status.ON_HOLD: (Moment.ACKNOWLEDGED,),
    Status.RESOLVED: (Moment.ACKNOWLEDGED, Moment.MITIGATED, Moment.RESOLVED),
    Status.CLOSED: (Moment.ACKNOWLEDGED, Moment.MITIGATED, Moment.RESOLVED, Moment.CLOSED),
}
"""What must have happened elsewhere to a record that was taken over in some state."""


class Hold(NamedTuple):
    """The incident waited for somebody else. One that lasts has no end yet."""

    since: int
    until: int | None
    reason: str
    by: int
    """Version of the event that held it, and of the one that ended that."""
    ended_by: int | None


class Point(NamedTuple):
    """When something came to be, and the version of the event that says so."""

    at: int
    by: int


class Promise(NamedTuple):
    """Something that was to happen at a time of its own: an update, an end of waiting."""

    kind: str
    name: str
    due: int
    by: int


class Course:
    """What became of an incident's clocks."""

    def __init__(self, rules: Rules, *, escalations: bool = True) -> None:
        self._rules, self._with_escalations = rules, escalations
        self.kind = Kind()
        self.walks = {measure: Walk(measure) for measure in PROMISES}
        self._promised = list(self.walks.values())
        self._active = list(self._promised)
        """The clocks that can still begin or end."""
        self.stints: list[Walk] = []
        self.escalations: dict[str, Walk] = {}
        self.holds: list[Hold] = []
        self.groups: list[tuple[int, str | None]] = []
        self.group: str | None = None
        self.resolved: Point | None = None
        self.resolved_under = 0
        """The policy by which it is closed some day."""
        self.promises: dict[str, Promise] = {}
        self.floor: int | None = None
        """Before this it was somebody else's business to notice what fell due."""
        self.ended = False
        self._life: list[Seen] = []
        """What happened since it was reported, or reopened."""
        self._past: set[Moment] = set()

    def follow(self, happenings: Iterable[Happening]) -> "Course":
        """Take in all that happened, in the order in which it took place."""
        for each in happenings:
            self._take(each)
        return self

    def group_at(self, at: int) -> str | None:
        """Who held it at an instant."""
        place = bisect_right(self.groups, at, key=lambda each: each[0])
        return self.groups[place - 1][1] if place else None

    def _take(self, each: Happening) -> None:
        kind = each.kind
        moments = MOMENTS.get(kind)
        if moments is None:
            _RARE[kind](self, each)
            return
        if kind in SAID:
            self._change(each)
        elif kind == "resolved":
            self._unhold(each)
        self._come(moments, each)
        if kind == "resolved":
            self._end(each)
        elif kind == "workaround-applied" and each.value[1] is not None:
            self._promise("workaround", each.value[0], each.value[1], each.version)

    def _come(self, moments: tuple[Moment, ...], each: Happening) -> None:
        at, by = each.at, each.version
        for moment in moments:
            seen = (moment, at, by)
            self._life.append(seen)
            self._past.add(moment)
            for walk in self._active:
                if not walk.begun:
                    walk.seen.append(seen)
                if moment in walk.heeds:
                    walk.come(moment, at, by)
            if moment is Moment.UPDATED:
                self.promises.pop("update", None)

    def _change(self, each: Happening) -> None:
        """Take in what rules look at, and let the plans follow."""
        kind, value = each.kind, each.value
        priority, category, subcategory, services, major = self.kind
        if kind == "prioritised":
            priority = self._rules(each.policy).priority(*value)
        elif kind == "categorised":
            category, subcategory = value
        elif kind == "reported":
            services = tuple(value)
        else:
            major = kind == "major-declared"
        self.kind = Kind(priority, category, subcategory, services, major)
        self._plan(each)

    def _plan(self, each: Happening) -> None:
        """Put the plans in force that hold for what the incident is now."""
        book = self._rules(each.policy)
        plans = book.plans(self.kind)
        at, by, priority = each.at, each.version, self.kind.priority
        for walk, plan in zip(self._promised, plans.promises, strict=True):
            walk.apply(plan, at, by, priority)
        if self._with_escalations:
            for name in plans.escalations.keys() - self.escalations.keys():
                self.escalations[name] = self._escalation(plans.escalations[name])
                self._active.append(self.escalations[name])
            for name, walk in self.escalations.items():
                walk.apply(plans.escalations.get(name), at, by, priority)
        if self.stints and self.group is not None:
            self.stints[-1].apply(book.of_group(self.group, self.kind), at, by, priority)

    def _escalation(self, plan: Plan) -> Walk:
        """The clock of an escalation that holds from now on, and finds what has happened."""
        walk = Walk(None)
        walk.seen = list(self._life)
        walk.waits = Moment.ACKNOWLEDGED in plan.stop
        walk.over = self.ended or (walk.waits and Moment.ACKNOWLEDGED in self._past)
        return walk

    def _assigned(self, each: Happening) -> None:
        group = each.value
        if group != self.group:
            self._passed_on(each)
            self.group = group
            self.groups.append((each.at, group))
            if group is not None:
                self._begin_stint(group, self._rules(each.policy), each)
        if each.kind == "assigned":
            self._come((Moment.ASSIGNED,), each)

    def _passed_on(self, each: Happening) -> None:
        if self.group is not None:
            self._come((Moment.PASSED_ON,), each)
            self.stints[-1].cancel(each.at, each.version)

    def _begin_stint(self, group: str, book: Rulebook, each: Happening) -> None:
        """A group's own clock. What happened before the group had it does not stop it."""
        stint = Walk(Measure.GROUP)
        self._active = [walk for walk in self._active if walk.measure is not Measure.GROUP]
        self._active.append(stint)
        self.stints.append(stint)
        stint.over = self.ended
        plan = book.of_group(group, self.kind)
        if plan is None or plan.start is Moment.ASSIGNED or plan.start in self._past:
            stint.seen.append((AGAIN, each.at, each.version))
        stint.apply(plan, each.at, each.version, self.kind.priority)

    def _held(self, each: Happening) -> None:
        self._unhold(each)
        reason, until = each.value
        self.holds.append(Hold(each.at, None, reason, each.version, None))
        if until is not None:
            self._promise("hold", "", until, each.version)

    def _unhold(self, each: Happening) -> None:
        self.promises.pop("hold", None)
        if self.holds and self.holds[-1].until is None:
            self.holds[-1] = self.holds[-1]._replace(until=each.at, ended_by=each.version)

    def _promise(self, kind: str, name: str, due: int, by: int) -> None:
        self.promises[kind + name] = Promise(kind, name, due, by)

    def _updated(self, each: Happening) -> None:
        told, due = each.value
        if told:
            self._come((Moment.UPDATED,), each)
        self.promises.pop("update", None)
        if due is not None:
            self._promise("update", "", due, each.version)

    def _withdrawn(self, each: Happening) -> None:
        self.promises.pop(f"workaround{each.value}", None)

    def _end(self, each: Happening) -> None:
        """Service is back, or never was away: nothing more is to be told or waited for."""
        self.ended = True
        self.promises.clear()
        if each.kind == "resolved":
            self.resolved, self.resolved_under = Point(each.at, each.version), each.policy

    def _closed(self, each: Happening) -> None:
        self._unhold(each)
        self._come((Moment.CLOSED,) if self.ended else (Moment.RESOLVED, Moment.CLOSED), each)
        self._end(each)
        self.resolved = None

    def _over(self, each: Happening) -> None:
        self._unhold(each)
        self._end(each)
        self.resolved = None
        for walk in self._active:
            walk.cancel(each.at, each.version)

    def _reopened(self, each: Happening) -> None:
        self._unhold(each)
        self.ended, self.resolved = False, None
        at, by = each.at, each.version
        self._life = [(AGAIN, at, by)]
        for measure in (Measure.UPDATE_CADENCE, Measure.RESOLUTION):
            self.walks[measure].again(at, by)
        self.walks[Measure.FIRST_RESPONSE].again_if_cancelled(at, by)
        for walk in self.escalations.values():
            if walk.waits:
                walk.again_if_cancelled(at, by)
            else:
                walk.again(at, by)
        if self.stints and self.group is not None:
            self.stints[-1].again(at, by)
        self._plan(each)

    def _imported(self, each: Happening) -> None:
        status, recorded_at = each.value
        self.floor = max(self.floor or recorded_at, recorded_at)
        if moments := IMPORTED.get(status):
            self._come(moments, each)
        if status in (Status.RESOLVED, Status.CLOSED):
            self._end(each)
        elif status in (Status.CANCELLED, Status.DISMISSED):
            self._over(each)
        if status == Status.RESOLVED:
            self.resolved, self.resolved_under = Point(each.at, each.version), each.policy


_RARE = {
    "imported": Course._imported,
    "dismissed": Course._over,
    "assigned": Course._assigned,
    "escalated": Course._assigned,
    "held": Course._held,
    "resumed": Course._unhold,
    "major-declared": Course._change,
    "major-stood-down": Course._change,
    "workaround-withdrawn": Course._withdrawn,
    "reopened": Course._reopened,
    "closed": Course._closed,
    "cancelled": Course._over,
    "update-posted": Course._updated,
}
