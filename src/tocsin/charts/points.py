"""The numbers of an answer as they are drawn: which series, at which place, made from how many."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.charts.palette import STYLES
from tocsin.charts.plan import HIGH, LOW, Kind, Plan, hours_of
from tocsin.trends import Answer, Grain

SMALL = 10
"""Incidents below which a share or a percentile says little: it is drawn hollow or pale."""
TOGETHER = "all together"
NOTHING = "none"
MONTHS = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}


@dataclass(frozen=True)
class Point:
    """One number, in the unit of the answer."""

    series: str
    value: float | None
    count: int | None
    period: date | None = None
    along: float | None = None
    low: float | None = None
    high: float | None = None
    kinds: tuple[str, ...] = ()
    alone: bool = False
    """Whether there is nothing in the period before, nor in the one after."""

    @property
    def small(self) -> bool:
        """Whether it is made from so few that it says little."""
        return self.count is not None and self.count < SMALL


@dataclass(frozen=True)
class Points:
    """All numbers of a chart, by series."""

    points: tuple[Point, ...]
    names: tuple[str, ...]
    """Series, the largest first."""
    others: str = ""
    """What is called all that is in no series of its own; empty: there is nothing."""
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def series(self) -> list[str]:
        """All of them in order, the others last."""
        return [*self.names, *([self.others] if self.others else [])]


def points(answer: Answer, plan: Plan, most: int = len(STYLES)) -> Points:
    """The numbers that a plan shows: `most` series, and what is left if it can be added up."""
    found = list(_points(answer, plan))
    if not plan.dims:
        return Points(tuple(found), tuple(dict.fromkeys(each.series for each in found)))
    sizes: dict[str, float] = defaultdict(float)
    for each in found:
        sizes[each.series] += size_of(each, plan)
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    named, left = ranked[:most], set(ranked[most:])
    if all(head.unit == "number" for head in plan.dims):
        named = in_order(named)
    kept = [each for each in found if each.series not in left]
    if not left:
        return Points(tuple(kept), tuple(named))
    if not plan.adds_up:
        note = f"Drawn: the {most} largest of {len(ranked)}; the others cannot be added up."
        return Points(tuple(kept), tuple(named), notes=(note,))
    others = f"{len(left)} others"
    summed = _summed(others, [each for each in found if each.series in left])
    return Points((*kept, *summed), tuple(named), others)


def _points(answer: Answer, plan: Plan) -> Iterator[Point]:
    place = {name: number for number, name in enumerate(answer.names)}
    period = next((n for n, head in enumerate(answer.heads) if head.kind == "period"), None)
    curve = plan.kind is Kind.CURVE

    def at(row: Sequence[Any], name: str) -> Any:
        return row[place[name]]

    for row in answer.rows:
        kinds = tuple(said(at(row, head.name)) for head in plan.dims)
        counts = [at(row, head.name) for head in plan.counts]
        for head in plan.shown:
            own = _words(head.name) if len(plan.shown) > 1 and not curve else TOGETHER
            yield Point(
                series=" · ".join(kinds) if kinds else own,
                value=at(row, head.name),
                count=sum(counts) if counts else None,
                period=row[period] if period is not None else None,
                along=hours_of(head) if curve else None,
                low=at(row, head.name + LOW) if curve else None,
                high=at(row, head.name + HIGH) if curve else None,
                kinds=kinds,
            )


def in_order(names: Sequence[str]) -> list[str]:
    """Numbers as people count; what is none, last."""
    return sorted(names, key=lambda name: (name == NOTHING, len(name), name))


def size_of(each: Point, plan: Plan) -> float:
    """What a number weighs among others: sums by themselves, others by what they are made from."""
    counted = None if plan.adds_up else each.count
    return (each.value if counted is None else counted) or 0


def _summed(series: str, points: Iterable[Point]) -> Iterator[Point]:
    sums: dict[date | None, float] = defaultdict(float)
    counts: dict[date | None, int] = defaultdict(int)
    for each in points:
        sums[each.period] += each.value or 0
        counts[each.period] += each.count or 0
    for period, value in sums.items():
        whole = int(value) if value == int(value) else value
        yield Point(series, whole, counts[period], period)


def said(value: Any) -> str:
    """The value of a dimension, in words."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def end_of(period: date, grain: Grain) -> date:
    """The day after a period."""
    if grain in MONTHS:
        months = period.year * 12 + period.month - 1 + MONTHS[grain]
        return date(months // 12, months % 12 + 1, 1)
    return period + timedelta(days=7 if grain is Grain.WEEK else 1)


def unbroken(found: Points, grain: Grain) -> Points:
    """With a number that is none for each period in which a series had nothing."""
    whole: list[Point] = []
    for name in found.series:
        known = {each.period: each for each in found.points if each.series == name and each.period}
        periods = list(_periods(min(known), max(known), grain)) if known else []
        line = [known.get(period, Point(name, None, None, period)) for period in periods]
        there = [False, *(each.value is not None for each in line), False]
        for number, each in enumerate(line):
            alone = there[number + 1] and not (there[number] or there[number + 2])
            whole.append(replace(each, alone=alone))
    return replace(found, points=tuple(whole))


def _periods(first: date, last: date, grain: Grain) -> Iterator[date]:
    while first <= last:
        yield first
        first = end_of(first, grain)


def is_over(period: date, answer: Answer) -> bool:
    """Whether a period was over when the answer was given."""
    zone = ZoneInfo(answer.question.zone)
    last = answer.as_of.astimezone(zone).date()
    return end_of(period, answer.question.grain) <= last


def instant(moment: datetime) -> str:
    """An instant, in words."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
