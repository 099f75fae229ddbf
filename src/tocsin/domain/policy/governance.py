"""Reading who is called in, who must agree, when a record ends, and what is looked at again."""

from collections.abc import Iterator
from itertools import pairwise

from tocsin.domain.incident.values import HoldReason, Risk
from tocsin.domain.policy import keys
from tocsin.domain.policy.organisation import LEVELS, Known
from tocsin.domain.policy.reading import Table, nearest
from tocsin.domain.policy.rules import Approval, Condition, Escalation, Step, Target
from tocsin.domain.policy.targets import condition
from tocsin.domain.policy.values import Moment, Trigger

WAYS = ("to_level", "to_group", "to_manager", "to_person")
MAX_COST = 1_000_000_000
MAX_DAYS = 3_650
MAX_MANAGERS = 10
MAX_PERCENT = 1_000
MAX_REPEATS = 100


def escalations(
    document: Table, known: Known, targets: tuple[Target, ...]
) -> tuple[Escalation, ...]:
    """Read every escalation, in the order of their names: it makes no difference."""
    found: dict[str, Escalation] = {}
    for table in document.tables("escalations", keys.ESCALATION):
        escalation = _escalation(table, known, targets)
        if escalation.name and escalation.name in found:
            table.flaw("name", f'there is another escalation "{escalation.name}".')
        found[escalation.name] = escalation
    return tuple(found[name] for name in sorted(found))


def _escalation(table: Table, known: Known, targets: tuple[Target, ...]) -> Escalation:
    trigger = table.word("trigger", Trigger) or Trigger.ELAPSED
    _check_fitting(table, trigger)
    target = table.text("target", "") or None
    names = [each.name for each in targets]
    if trigger is Trigger.TARGET and target and target not in names:
        table.flaw("target", f'there is no target "{target}". {nearest(target, names)}')
    if trigger is Trigger.TARGET and target is None:
        table.flaw(None, "lacks target: the name of the target whose percentages count.")
    calendar = table.text("calendar", "24x7")
    known.check(table, "calendar", "calendar", calendar)
    day = known.day_seconds.get(calendar, 1)
    steps = tuple(_step(each, known, trigger, day) for each in table.tables("steps", keys.STEP))
    if not steps:
        table.flaw(None, 'lacks steps, as in steps = [{ after = "30m", to_manager = 1 }].')
    _check_order(table, steps)
    repeat = table.table("repeat", keys.REPEAT)
    since = table.word("since", Moment, Moment.LOGGED)
    return Escalation(
        name=table.text("name"),
        when=condition(table.table("when", keys.CONDITION), known),
        trigger=trigger,
        since=since if trigger is Trigger.ELAPSED else None,
        target=target,
        calendar=None if trigger is Trigger.TARGET else calendar,
        pause=table.words("pause", HoldReason),
        steps=steps,
        repeat_seconds=repeat.duration("every", day) if "repeat" in table else None,
        repeat_times=repeat.whole("times", 1, MAX_REPEATS) or 0 if "repeat" in table else 0,
    )


def _check_fitting(table: Table, trigger: Trigger) -> None:
    """Refuse what would be read and never used."""
    unfit = {
        Trigger.ELAPSED: ("target",),
        Trigger.UNACKNOWLEDGED: ("target", "since"),
        Trigger.TARGET: ("since", "calendar", "pause", "repeat"),
    }
    for key in unfit[trigger]:
        if key in table:
            table.flaw(key, f"says nothing about {trigger}: leave it out.")


def _step(table: Table, known: Known, trigger: Trigger, day: int | None) -> Step:
    ways = [way for way in WAYS if way in table]
    if len(ways) != 1:
        table.flaw(None, f"names exactly one of {', '.join(WAYS)}.")
    wanted, other = ("percent", "after") if trigger is Trigger.TARGET else ("after", "percent")
    if other in table:
        table.flaw(other, f"says nothing about {trigger}: say {wanted}.")
    level = table.whole("to_level", *LEVELS, None)
    if level is not None and level not in known.levels:
        table.flaw("to_level", f"there is no level {level} under [levels].")
    group = table.text("to_group", "") or None
    known.check(table, "to_group", "group", group or "")
    percent = trigger is Trigger.TARGET
    step = Step(
        after_seconds=None if percent else table.duration("after", day),
        percent=table.whole("percent", 1, MAX_PERCENT) if percent else None,
        level=level,
        group=group,
        manager=table.whole("to_manager", 1, MAX_MANAGERS, None),
        person=table.text("to_person", "") or None,
    )
    if step.manager and not any(len(g.managers) >= step.manager for g in known.groups.values()):
        table.warn("to_manager", f"no group has a manager {step.manager} steps up its line.")
    return step


def _check_order(table: Table, steps: tuple[Step, ...]) -> None:
    times = [step.after_seconds or step.percent or 0 for step in steps]
    for place, (before, after) in enumerate(pairwise(times), 1):
        if before and after and after <= before:
            table.flaw("steps", "comes later than the step before it.", place)


def approvals(document: Table, known: Known) -> tuple[Approval, ...]:
    """Read which workarounds somebody must accept first."""
    return tuple(
        sorted(
            _approvals(document, known),
            key=lambda each: (each.risk, each.from_cost, each.groups, each.roles, each.managers),
        )
    )


def _approvals(document: Table, known: Known) -> Iterator[Approval]:
    for table in document.tables("approvals", keys.APPROVAL):
        groups, roles = table.texts("groups"), table.texts("roles")
        known.check(table, "groups", "group", *groups)
        known.check(table, "roles", "role", *roles)
        yield Approval(
            risk=table.word("risk", Risk) or Risk.HIGH,
            from_cost=table.whole("from_cost", 0, MAX_COST, 0) or 0,
            groups=tuple(sorted(groups)),
            roles=tuple(sorted(roles)),
            managers=table.flag("managers") or False,
        )


def closing(document: Table) -> tuple[bool, int | None]:
    """Read whether somebody must confirm, and after how many days a resolved one is closed."""
    table = document.table("closing", keys.CLOSING)
    return (
        table.flag("confirmation_required") or False,
        table.whole("auto_close_days", 1, MAX_DAYS, None),
    )


def reviews(document: Table, known: Known) -> tuple[Condition, ...]:
    """Read when a review is mandatory."""
    table = document.table("reviews", keys.REVIEWS)
    found = {
        condition(each, known, reviewed=True) for each in table.tables("mandatory", keys.REVIEW)
    }
    return tuple(sorted(found, key=repr))
