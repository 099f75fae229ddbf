"""Which promises run, stand, were kept or broken? Every target of every incident, cycle by cycle.

A reopened incident begins another cycle; `overall_spent_seconds` counts all of them together. A
target that another one replaced is cancelled, unless it was broken by then. What is spent of a
timer that runs is as of `as_of`, the last thing that clocks know of the incident.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, get_args
from uuid import UUID

import sqlalchemy as sa

from tocsin.domain.clock.dossier import Dossier, incident_of, noted, read
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.clock.plan import SECOND, Rulebooks
from tocsin.domain.clock.reckoning import reckon
from tocsin.domain.clock.timer import Timer
from tocsin.domain.clock.values import TimerState
from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.kernel import Recorded, replace
from tocsin.domain.openings import instant, microseconds
from tocsin.domain.policy.values import Measure
from tocsin.readmodels import Cursor, Key, Limit, Page, View, holds, query, row

VERSION = 1
CONTEXT = Rulebooks
NONE = "(none)"
"""Where a group, a priority or a service is missing."""
SCALE = 10_000


@row
class State:
    """What clocks know of one incident."""

    incident_id: Key[UUID]
    reference: str | None = None
    title: str = ""
    happenings: Dossier
    as_of: int


@row
class Row:
    """One target in one cycle of a clock."""

    incident_id: Key[UUID]
    measure: Key[Measure]
    since: Key[int]
    """Version of the incident's event that began the cycle."""
    target: Key[str]
    cycle: int
    reference: str | None
    title: str
    state: TimerState
    running: bool
    """Whether the clock of this target still runs or only stands: nothing has ended it."""
    group: str | None
    """Whose promise it is, or who had the incident when the verdict fell, or has it."""
    priority: int | None
    services: tuple[str, ...]
    policy_version: int
    began_at: datetime
    applied_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    breached_at: datetime | None
    verdict_at: datetime | None
    """When the promise was broken or kept."""
    goal_seconds: int
    spent_seconds: int
    paused_seconds: int
    overall_spent_seconds: int
    percent: int
    as_of: datetime

    INDEXES: ClassVar = (
        ("running", "due_at"),
        ("state", "breached_at"),
        ("verdict_at",),
    )


class Dimension(StrEnum):
    """By what attainment is told."""

    MEASURE = "measure"
    TARGET = "target"
    GROUP = "group"
    PRIORITY = "priority"
    SERVICE = "service"


@dataclass(frozen=True, kw_only=True)
class Attainment:
    """How many promises were kept, of those on which there is a verdict."""

    by: str
    met: int
    breached: int
    open: int
    """Without a verdict yet."""
    attained_percent: str | None
    """With two decimals, rounded half up; none where there is no verdict."""


keys = incident_of
ELSEWHERE = ClockEvent
CLOCK = get_args(ClockEvent)
"""What time does has a stream of its own; all else is keyed by its stream."""


def fold(
    state: State | None,
    recorded: Recorded[IncidentEvent | ClockEvent],
    key: UUID,
    context: Rulebooks,
) -> State:
    """Take in what matters to clocks, and what they have done."""
    if state is None:
        at = microseconds(recorded.occurred_at)
        state = State(incident_id=key, happenings=[], as_of=at)
    changes: dict[str, Any] = {}
    if not isinstance(recorded.event, CLOCK):
        changes = noted(state.happenings, recorded, context)
        if "happenings" not in changes:
            return replace(state, **changes) if changes else state
    changes["as_of"] = max(state.as_of, microseconds(recorded.occurred_at))
    return replace(state, **changes)


def rows(state: State, context: Rulebooks) -> Iterable[Row]:
    """Every timer, as far as is known."""
    if not state.happenings:
        return
    happenings = read(state.happenings)
    reckoned = reckon(happenings, context, state.as_of, escalations=False)
    for timer in reckoned.timers:
        yield _row(state, timer, reckoned.course.kind.services)


def _row(state: State, timer: Timer, services: tuple[str, ...]) -> Row:
    verdict = timer.breached
    if timer.state is TimerState.MET:
        verdict = timer.ended
    return Row(
        incident_id=state.incident_id,
        measure=timer.measure,
        since=timer.began_by,
        target=timer.target,
        cycle=timer.cycle,
        reference=state.reference,
        title=state.title,
        state=timer.state,
        running=timer.ended is None and timer.state is not TimerState.CANCELLED,
        group=timer.holder,
        priority=timer.priority,
        services=services,
        policy_version=timer.policy_version,
        began_at=instant(timer.began),
        applied_at=instant(timer.applied),
        ended_at=_instant(timer.ended),
        due_at=_instant(timer.due),
        breached_at=_instant(timer.breached),
        verdict_at=_instant(verdict),
        goal_seconds=timer.goal_us // SECOND,
        spent_seconds=timer.spent_us // SECOND,
        paused_seconds=timer.paused_us // SECOND,
        overall_spent_seconds=timer.overall_us // SECOND,
        percent=timer.percent,
        as_of=instant(state.as_of),
    )


def _instant(at: int | None) -> datetime | None:
    return None if at is None else instant(at)


@query("/timers")
def timers(
    view: View[Row],
    due_before: datetime | None = None,
    state: TimerState | None = None,
    measure: Measure | None = None,
    group: str | None = None,
    priority: int | None = None,
    target: str | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Row]:
    """Clocks that have not ended, the earliest due first; those that stand have no due time."""
    row = view.table.c
    asked = view.matching(
        running=True, state=state, measure=measure, group=group, priority=priority, target=target
    )
    if due_before is not None:
        asked.append(row.due_at < due_before)
    return view.page(sa.select(view.table).where(*asked).order_by(row.due_at), limit, after)


@query("/breaches")
def breaches(
    view: View[Row],
    since: datetime | None = None,
    until: datetime | None = None,
    measure: Measure | None = None,
    group: str | None = None,
    priority: int | None = None,
    service: str | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Row]:
    """Promises that were broken, the latest first; `since` is included, `until` is not."""
    row = view.table.c
    asked = view.matching(
        state=TimerState.BREACHED, measure=measure, group=group, priority=priority
    )
    asked += _between(row.breached_at, since, until)
    if service is not None:
        asked.append(holds(row.services, service))
    broken = sa.select(view.table).where(*asked).order_by(row.breached_at.desc())
    return view.page(broken, limit, after)


@query("/attainment")
def attainment(
    view: View[Row],
    by: Dimension = Dimension.PRIORITY,
    measure: Measure | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Limit = 50,
    after: Cursor = None,
) -> Page[Attainment]:
    """How many promises were kept. Without `measure`, of all kinds together.

    `since` (included) and `until` (not included) are about when the verdict fell; with either of
    them, what has no verdict yet is not counted. An incident with two services counts for both.
    """
    row = view.table.c
    column = row.services if by is Dimension.SERVICE else row[by.value]
    asked = view.matching(measure=measure)
    asked += _between(row.verdict_at, since, until)
    counted = (
        sa.select(column, row.state, sa.func.count())
        .where(*asked, row.state != TimerState.CANCELLED)
        .group_by(column, row.state)
    )
    counts: dict[Any, dict[TimerState, int]] = {}
    for value, state, count in view.connection.execute(counted):
        for name in _names(value):
            known = counts.setdefault(name, {})
            known[state] = known.get(state, 0) + count
    found = sorted((_attainment(name, counts[name]) for name in counts), key=_order)
    if after is not None:
        found = [each for each in found if _order(each) > (after == NONE, after)]
    following = found[limit - 1].by if len(found) > limit else None
    return Page(tuple(found[:limit]), following, view.position)


def _names(value: Any) -> Sequence[Any]:
    return (value or (None,)) if isinstance(value, tuple) else (value,)


def _order(each: Attainment) -> tuple[bool, str]:
    return each.by == NONE, each.by


def _attainment(name: Any, counts: dict[TimerState, int]) -> Attainment:
    met, breached = counts.get(TimerState.MET, 0), counts.get(TimerState.BREACHED, 0)
    decided, share = met + breached, None
    if decided:
        hundredths = (2 * met * SCALE + decided) // (2 * decided)
        share = f"{hundredths // 100}.{hundredths % 100:02d}"
    return Attainment(
        by=NONE if name is None else str(name),
        met=met,
        breached=breached,
        open=sum(counts.values()) - decided,
        attained_percent=share,
    )


def _between(
    column: sa.ColumnElement[Any], since: datetime | None, until: datetime | None
) -> list[sa.ColumnElement[bool]]:
    asked: list[sa.ColumnElement[bool]] = []
    if since is not None:
        asked.append(column >= since)
    if until is not None:
        asked.append(column < until)
    return asked
