"""What falls due by itself, and what of that is not on record yet?"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from tocsin.domain.clock import events
from tocsin.domain.clock.course import Course, Promise
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.clock.happening import Happening
from tocsin.domain.clock.plan import BREACH, SECOND, Rules, step_of
from tocsin.domain.clock.reckoning import Reckoning, reckon
from tocsin.domain.clock.timer import Crossing
from tocsin.domain.openings import instant
from tocsin.domain.policy.values import Trigger

DAY = 86_400_000_000
PART = "\x1f"
"""Between the parts of a key: the unit separator, which no name may hold."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that time does to an incident, once."""

    due: int
    """In microseconds since 1970."""
    key: str
    """Which of the incident's acts it is."""
    event: type[Any]
    fields: Mapping[str, Any] = field(default_factory=dict)
    missed: bool = False
    """Whether it also says that nobody has acknowledged the incident in time."""

    @property
    def occurred_at(self) -> datetime | None:
        """When it was due; none for what is only understood now."""
        return None if self.event is events.BreachWithdrawn else instant(self.due)

    @property
    def named(self) -> tuple[str, str, str]:
        """What kind of act it is, of what, and which step or share of it."""
        kind, *parts = self.key.split(PART)
        if len(parts) == 4:
            return kind, parts[2], parts[3]
        return kind, parts[0], parts[2] if len(parts) == 3 else ""

    def told(self, incident_id: UUID, incident_version: int) -> Iterator[ClockEvent]:
        """The act as events, resting on so much of the incident's history."""
        common: dict[str, Any] = {
            "incident_id": str(incident_id),
            "incident_version": incident_version,
        }
        if self.missed:
            yield events.AcknowledgementMissed(
                **common,
                escalation=self.fields["escalation"],
                step=self.fields["step"],
                waited_seconds=self.fields["waited_seconds"],
                policy_version=self.fields["policy_version"],
            )
        told = {name: value for name, value in self.fields.items() if name != "waited_seconds"}
        yield self.event(**common, **told)


def key_of(event: ClockEvent) -> str | None:
    """Which act an event was; none for what only accompanies one."""
    match event:
        case events.TargetWarned():
            return _timer_key(event.measure, event.group, event.since, event.target, event.percent)
        case events.TargetBreached() | events.BreachWithdrawn():
            return _timer_key(event.measure, event.group, event.since, event.target, BREACH)
        case events.EscalationFellDue():
            return _escalation_key(event.escalation, event.since, event.step, event.repetition)
        case events.UpdateReminded():
            return PART.join(("update", "", f"{event.since}"))
        case events.WorkaroundExpired():
            return PART.join(("workaround", event.workaround, f"{event.since}"))
        case events.HoldLapsed():
            return PART.join(("hold", "", f"{event.since}"))
        case events.ClosingFellDue():
            return PART.join(("closing", "", f"{event.since}"))
        case events.AcknowledgementMissed():
            return None
        case unknown:
            assert_never(unknown)


def _timer_key(measure: str, group: str | None, since: int, target: str, mark: object) -> str:
    return PART.join((measure, group or "", f"{since}", target, f"{mark}"))


def _escalation_key(name: str, since: int, step: int, repetition: int) -> str:
    return PART.join(("escalation", name, f"{since}", f"{step}+{repetition}"))


RANKS = {events.BreachWithdrawn: 0, events.TargetWarned: 1, events.TargetBreached: 2}
"""What is said first of what falls due at one instant."""


def _order(act: Act) -> tuple[int, int, str]:
    return act.due, RANKS.get(act.event, len(RANKS)), act.key


def acts(reckoned: Reckoning, rules: Rules) -> list[Act]:
    """Everything that falls due, was or will be if nothing more happens, in order."""
    course = reckoned.course
    found = [_crossed(crossing, course, rules) for crossing in reckoned.crossings]
    found += [_promised(promise) for promise in course.promises.values()]
    found += _closing(course, rules)
    if course.floor is not None:
        found = [act for act in found if act.due >= course.floor]
    found.sort(key=_order)
    return found


def _crossed(crossing: Crossing, course: Course, rules: Rules) -> Act:
    at, mark, plan, cycle = crossing
    if mark.escalation is not None:
        return _escalation(crossing, course, rules)
    assert plan.measure is not None
    fields: dict[str, Any] = {
        "measure": plan.measure,
        "target": plan.name,
        "group": plan.group,
        "since": cycle.began_by,
        "goal_seconds": (plan.goal_us or 0) // SECOND,
        "policy_version": plan.policy_version,
    }
    key = _timer_key(plan.measure, plan.group, cycle.began_by, plan.name, mark.name)
    if mark.name == BREACH:
        return Act(at, key, events.TargetBreached, fields)
    return Act(at, key, events.TargetWarned, {**fields, "percent": mark.percent})


def _escalation(crossing: Crossing, course: Course, rules: Rules) -> Act:
    at, mark, plan, cycle = crossing
    rule, step = mark.escalation, step_of(mark)
    assert rule is not None
    person = step.person
    if step.manager is not None:
        person = rules(plan.policy_version).manager(course.group_at(at), step.manager)
    fields = {
        "escalation": rule.name,
        "trigger": rule.trigger,
        "since": cycle.began_by,
        "step": mark.step,
        "repetition": mark.repetition,
        "kind": step.kind,
        "level": step.level,
        "group": step.group,
        "person": person,
        "policy_version": plan.policy_version,
        "waited_seconds": mark.amount_us // SECOND,
    }
    key = _escalation_key(rule.name, cycle.began_by, mark.step, mark.repetition)
    missed = rule.trigger is Trigger.UNACKNOWLEDGED
    return Act(at, key, events.EscalationFellDue, fields, missed)


def _promised(promise: Promise) -> Act:
    key = PART.join((promise.kind, promise.name, f"{promise.by}"))
    since: dict[str, Any] = {"since": promise.by}
    if promise.kind == "update":
        return Act(promise.due, key, events.UpdateReminded, since)
    if promise.kind == "hold":
        return Act(promise.due, key, events.HoldLapsed, since)
    fields = {**since, "workaround": promise.name}
    return Act(promise.due, key, events.WorkaroundExpired, fields)


def _closing(course: Course, rules: Rules) -> Iterator[Act]:
    """Days are days here: silence does not keep office hours."""
    resolved = course.resolved
    if resolved is None:
        return
    policy = rules(course.resolved_under).policy
    if policy.auto_close_days is not None:
        fields = {
            "since": resolved.by,
            "days": policy.auto_close_days,
            "policy_version": policy.version,
        }
        due = resolved.at + policy.auto_close_days * DAY
        yield Act(due, PART.join(("closing", "", f"{resolved.by}")), events.ClosingFellDue, fields)


def open_acts(acts: Iterable[Act], struck: Mapping[str, int]) -> list[Act]:
    """Those that are not on record yet, in order, among them breaches to be withdrawn.

    `struck` says for each act on record when it was due. A breach that the history no longer
    bears out, or bears out for another time, is withdrawn before anything else is said of it.
    """
    scheduled = {act.key: act for act in acts}
    found = [act for act in scheduled.values() if act.key not in struck]
    for key, due in struck.items():
        if key.endswith(f"{PART}{BREACH}"):
            borne_out = scheduled.get(key)
            if borne_out is None or borne_out.due != due:
                found.append(_withdrawal(key, due))
    found.sort(key=_order)
    return found


def _withdrawal(key: str, due: int) -> Act:
    measure, group, since, target, _ = key.split(PART)
    fields = {
        "measure": measure,
        "group": group or None,
        "since": int(since),
        "target": target,
        "breached_at": instant(due),
    }
    return Act(due, key, events.BreachWithdrawn, fields)


def pending(
    happenings: Iterable[Happening], rules: Rules, struck: Mapping[str, int], now: int
) -> list[Act]:
    """What is due by now (microseconds since 1970) and not on record, in order."""
    reckoned = reckon(happenings, rules, now)
    return [act for act in open_acts(acts(reckoned, rules), struck) if act.due <= now]
