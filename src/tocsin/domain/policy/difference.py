"""What changed between two policies, in words: whose goal, from what to what.

It compares what they mean, never how they are written, and says it in a fixed order.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tocsin.domain.calendar import WEEKDAYS, Calendar
from tocsin.domain.policy.record import Policy
from tocsin.domain.policy.rules import Approval, Condition, Escalation, Group, Step, Target
from tocsin.domain.policy.values import Measure

T = TypeVar("T")
Aspects = dict[str, str]
HOUR, MINUTE = 3_600, 60
NOTHING = "nothing"
SHOWN = 3
"""Closed dates of a calendar that came or went; more are only counted."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One thing that is otherwise. Without an aspect, the whole subject came or went."""

    subject: str
    aspect: str | None = None
    was: str | None = None
    now: str | None = None

    def __str__(self) -> str:
        if self.aspect is not None:
            return f"{self.subject}: {self.aspect} was {self.was}, is {self.now}"
        if self.was is None:
            return f"{self.subject}: new, {self.now}"
        return f"{self.subject}: gone, was {self.was}"


def differences(was: Policy, now: Policy) -> tuple[Difference, ...]:
    """Everything that is otherwise, by subject."""
    before, after = subjects(was), subjects(now)
    found: list[Difference] = []
    for subject in [*before, *(each for each in after if each not in before)]:
        old, new = before.get(subject), after.get(subject)
        if old is None or new is None:
            found.append(Difference(subject=subject, was=_summary(old), now=_summary(new)))
            continue
        for aspect in [*old, *(each for each in new if each not in old)]:
            pair = old.get(aspect, NOTHING), new.get(aspect, NOTHING)
            if pair[0] != pair[1]:
                found.append(Difference(subject=subject, aspect=aspect, was=pair[0], now=pair[1]))
    return (*found, *_reordered(was, now))


def _summary(aspects: Aspects | None) -> str | None:
    if aspects is None:
        return None
    said = [f"{name} {text}" for name, text in aspects.items() if text != NOTHING]
    dates = [each for each in said if each.startswith("closed on ")]
    if len(dates) > SHOWN:
        said = [each for each in said if each not in dates] + [f"{len(dates)} closed dates"]
    return "; ".join(said) or "with nothing said"


def _reordered(was: Policy, now: Policy) -> Iterator[Difference]:
    """Targets whose order is another: of two that fit, the first one holds."""
    for measure in Measure:
        old, new = ([t.name for t in p.targets if t.measure is measure] for p in (was, now))
        kept = [[name for name in names if name in {*old} & {*new}] for names in (old, new)]
        if kept[0] != kept[1]:
            yield Difference(
                subject=f"targets of {measure}",
                aspect="order",
                was=_names(kept[0]),
                now=_names(kept[1]),
            )


def subjects(policy: Policy) -> dict[str, Aspects]:
    """All that a policy says: subjects, their aspects, and what those are, in words."""
    matrix = {f"{i} impact, {u} urgency": str(int(p)) for (i, u), p in policy.priorities.items()}
    found: dict[str, Aspects] = {"priorities": matrix}
    found["categories"] = dict.fromkeys(policy.categories, "there")
    found["levels"] = {str(number): name for number, name in policy.levels.items()}
    found["roles"] = {name: _names(who) for name, who in sorted(policy.roles.items())}
    found |= _each("group", policy.groups, _group)
    found |= _each("calendar", policy.calendars, _calendar)
    found |= _each("target", {each.name: each for each in policy.targets}, _target)
    found |= _each("escalation", {each.name: each for each in policy.escalations}, _escalation)
    found["approvals"] = _joined(map(_approval, policy.approvals))
    days = policy.auto_close_days
    found["closing"] = {
        "confirmation required": "yes" if policy.confirmation_required else "no",
        "closed by itself": f"after {days} days" if days else "never",
    }
    found["reviews"] = {condition(each): "mandatory" for each in policy.reviews}
    return found


def _each(
    what: str, things: Mapping[str, T], aspects: Callable[[T], Aspects]
) -> dict[str, Aspects]:
    return {f'{what} "{name}"': aspects(things[name]) for name in sorted(things)}


def _joined(pairs: Iterable[tuple[str, str]]) -> Aspects:
    """What is said under one name more than once, in one line."""
    found: Aspects = {}
    for name, said in pairs:
        found[name] = f"{found[name]} and {said}" if name in found else said
    return found


def _group(group: Group) -> Aspects:
    return {
        "level": str(group.level),
        "members": _names(group.members),
        "managers": _names(group.managers),
        "calendar": group.calendar,
    }


def _calendar(calendar: Calendar) -> Aspects:
    hours = zip(WEEKDAYS, calendar.week, strict=True)
    return {
        "zone": calendar.zone,
        **{day: _names(map(str, spans)) for day, spans in hours},
        **_joined((f"closed on {each.on}", each.name) for each in calendar.closed),
        **_joined((f"open on {each.on}, {each.hours}", each.name) for each in calendar.extra),
        **_joined(
            (f"closed from {each.begins.isoformat()} to {each.ends.isoformat()}", each.name)
            for each in calendar.closures
        ),
    }


def _target(target: Target) -> Aspects:
    return {
        "measure": target.measure,
        "groups": _names(target.groups),
        "incidents": condition(target.when),
        "goal": span(target.goal_seconds),
        "calendar": target.calendar,
        "start": target.start,
        "stop": _names(target.stop),
        "pause": _names(target.pause),
        "warnings": _names(f"{percent} %" for percent in target.warn_percent),
    }


def _escalation(escalation: Escalation) -> Aspects:
    repeat = NOTHING
    if escalation.repeat_seconds:
        repeat = f"every {span(escalation.repeat_seconds)}, {escalation.repeat_times} times"
    return {
        "incidents": condition(escalation.when),
        "trigger": escalation.trigger,
        "since": escalation.since or NOTHING,
        "target": escalation.target or NOTHING,
        "calendar": escalation.calendar or NOTHING,
        "pause": _names(escalation.pause),
        **{f"step {n}": _step(each) for n, each in enumerate(escalation.steps, 1)},
        "repeat": repeat,
    }


def _step(step: Step) -> str:
    when = f"at {step.percent} %" if step.percent else f"after {span(step.after_seconds or 0)}"
    ways = {
        "level": step.level,
        "group": step.group,
        "manager": step.manager,
        "person": step.person,
    }
    (whom,) = (f"{way} {name}" for way, name in ways.items() if name is not None)
    return f"{when} {step.kind} to {whom}"


def _approval(approval: Approval) -> tuple[str, str]:
    named = [f"group {name}" for name in approval.groups]
    named += [f"role {name}" for name in approval.roles]
    named += ["managers"] if approval.managers else []
    asked = f"{approval.risk} risk from cost {approval.from_cost:,}"
    return asked, f"by {_names(named) if named else 'anybody else'}"


def condition(when: Condition) -> str:
    """Which incidents a condition is about."""
    said = [
        f"{name} {_names(map(str, values))}"
        for name in ("priority", "category", "service", "tenant")
        if (values := getattr(when, name))
    ]
    flags = ((name, getattr(when, name)) for name in ("major", "breached"))
    said += [name if wanted else f"not {name}" for name, wanted in flags if wanted is not None]
    return ", ".join(said) or "all"


def span(seconds: int) -> str:
    """A duration as people write it, without days: those have many lengths."""
    hours, rest = divmod(seconds, HOUR)
    parts = [f"{hours}h" if hours else "", f"{rest // MINUTE}m" if rest else ""]
    return " ".join(filter(None, parts)) or "0m"


def _names(names: Iterable[str]) -> str:
    return ", ".join(names) or NOTHING
