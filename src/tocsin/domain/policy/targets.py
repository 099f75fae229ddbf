"""Reading targets: what is promised, to whom, when its clock runs; and which can never hold."""

from collections.abc import Iterator

from tocsin.domain.incident.values import HoldReason, Priority
from tocsin.domain.policy import keys
from tocsin.domain.policy.organisation import Known
from tocsin.domain.policy.reading import Table
from tocsin.domain.policy.rules import Condition, Target
from tocsin.domain.policy.values import Measure, Moment

START = {
    Measure.FIRST_RESPONSE: Moment.REPORTED,
    Measure.UPDATE_CADENCE: Moment.LOGGED,
    Measure.RESOLUTION: Moment.REPORTED,
    Measure.GROUP: Moment.ASSIGNED,
}
STOP = {
    Measure.FIRST_RESPONSE: (Moment.ACKNOWLEDGED, Moment.RESOLVED),
    Measure.UPDATE_CADENCE: (Moment.RESOLVED,),
    Measure.RESOLUTION: (Moment.RESOLVED,),
    Measure.GROUP: (Moment.PASSED_ON, Moment.RESOLVED),
}
"""What starts and stops a clock unless said. Every public update starts that of updates anew."""
PROMISED = {each.value: each for each in Measure if each is not Measure.GROUP}


def condition(table: Table, known: Known, *, reviewed: bool = False) -> Condition:
    """Read which incidents a rule is about."""
    categories = table.texts("category")
    known.check(table, "category", "category", *categories)
    tenants = table.texts("tenant")
    if tenants:
        table.warn("tenant", "incidents name no tenant yet: this never holds.")
    return Condition(
        priority=table.wholes("priority", 1, len(Priority)),
        category=tuple(sorted(categories)),
        service=tuple(sorted(table.texts("service"))),
        tenant=tuple(sorted(tenants)),
        major=table.flag("major", None),
        breached=table.flag("breached", None) if reviewed else None,
    )


def targets(document: Table, known: Known) -> tuple[Target, ...]:
    """Read what is promised to those affected, then what groups promise each other."""
    found: list[tuple[Table, Target]] = []
    for table in document.tables("sla", keys.SLA):
        measure = table.word("measure", Measure)
        if measure is Measure.GROUP:
            table.flaw(
                "measure", f"takes one of {', '.join(PROMISED)}; for groups there is [[ola]]."
            )
        found.append((table, _target(table, known, measure or Measure.RESOLUTION, ())))
    for table in document.tables("ola", keys.OLA):
        groups = table.texts("groups")
        if not groups:
            table.flaw(None, "lacks groups: it names at least one.")
        known.check(table, "groups", "group", *groups)
        found.append((table, _target(table, known, Measure.GROUP, tuple(sorted(groups)))))
    _check_names(found)
    _warn_of_shadows(found)
    # Between measures the order says nothing, so it is no part of what the document means.
    by_measure = sorted(found, key=lambda each: [*Measure].index(each[1].measure))
    return tuple(target for _, target in by_measure)


def _target(table: Table, known: Known, measure: Measure, groups: tuple[str, ...]) -> Target:
    calendar = table.text("calendar", "24x7")
    known.check(table, "calendar", "calendar", calendar)
    start = table.word("start", Moment, START[measure])
    stop = table.words("stop", Moment, STOP[measure])
    if "stop" in table and not stop:
        table.flaw("stop", "names at least one thing that stops the clock.")
    if start in stop:
        table.flaw("stop", f"{start} starts this clock: something else stops it.")
    # A day of a calendar that could not be read says nothing more.
    day = known.day_seconds.get(calendar, 1)
    return Target(
        name=table.text("name"),
        measure=measure,
        groups=groups,
        when=condition(table.table("when", keys.CONDITION), known),
        goal_seconds=table.duration("goal", day) or 0,
        calendar=calendar,
        start=start or START[measure],
        stop=stop,
        pause=table.words("pause", HoldReason),
        warn_percent=table.wholes("warn_at", 1, 99),
    )


def _check_names(found: list[tuple[Table, Target]]) -> None:
    names: set[str] = set()
    for table, target in found:
        if target.name and target.name in names:
            table.flaw("name", f'there is another target "{target.name}": each has its own name.')
        names.add(target.name)


def _warn_of_shadows(found: list[tuple[Table, Target]]) -> None:
    """Say which targets can never hold, because an earlier one always does."""
    for place, (table, target) in enumerate(found):
        if shadow := next(_shadows(found[:place], target), None):
            table.warn(
                "when",
                f'it never holds: "{shadow.name}" stands before it and holds for all of its'
                " incidents. Put the narrower one first.",
            )


def _shadows(earlier: list[tuple[Table, Target]], target: Target) -> Iterator[Target]:
    for _, other in earlier:
        alike = other.measure is target.measure and {*target.groups} <= {*other.groups}
        if alike and other.when.covers(target.when):
            yield other
