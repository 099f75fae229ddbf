"""Lines: levels, shares and times over time; the share of what still lasts after a while."""

from dataclasses import replace
from datetime import date
from typing import Any

import altair

from tocsin.charts import scales
from tocsin.charts.palette import STYLES
from tocsin.charts.picture import HEIGHT, WIDTH
from tocsin.charts.plan import Plan
from tocsin.charts.points import Point, Points, unbroken
from tocsin.charts.scales import Unit
from tocsin.trends import Answer, Head

DOTS = 40
"""Points of one line up to which each is marked; of more, only some, by which to tell the line."""
HALF = 50
"""Percent from which on all of them are shown; small shares would be a line on the ground."""
LAST = 1.5
"""How far the axis of a curve goes on behind its last step."""
BREAK = "break-paths-show-domains"
TIP = ["series:N", "when:N", "number:N", "n:N"]


def over_time(answer: Answer, plan: Plan, found: Points) -> Any:
    """A line for each series, broken where there was nothing."""
    found = unbroken(found, answer.question.grain)
    unit = scales.unit(plan.main, (each.value for each in found.points))
    axis = _axis(plan.main, unit, answer)
    base = _base(_values(found, unit)).encode(
        x=scales.period_axis(answer, found), y=axis, color=scales.coloured(plan, found), tooltip=TIP
    )
    line = base.mark_line(strokeWidth=2, invalid=BREAK).encode(
        strokeDash=scales.dashed(plan, found)
    )
    return _sized(line, *_dots(base, plan, found))


def band(answer: Answer, plan: Plan, found: Points) -> Any:
    """The median, and how far up the 90th percentile is."""
    found = unbroken(found, answer.question.grain)
    median, ninth = plan.shown
    names = dict(zip(found.names, ("half take at most", "nine of ten take at most"), strict=True))
    said = Points(
        tuple(_renamed(each, names) for each in found.points), tuple(names.values()), found.others
    )
    unit = scales.unit(ninth, (each.value for each in said.points))
    axis = _axis(median, unit, answer, title=f"Time ({unit.word}{_working(answer)})")
    base = _base(_values(said, unit)).encode(
        x=scales.period_axis(answer, found), y=axis, color=scales.coloured(plan, said), tooltip=TIP
    )
    between = _base(_pairs(said, unit)).mark_area(opacity=0.15, color=STYLES[1].colour)
    filled = between.encode(x=scales.period_axis(answer, found), y=axis, y2="high:Q")
    line = base.mark_line(strokeWidth=2, invalid=BREAK).encode(strokeDash=scales.dashed(plan, said))
    return _sized(filled, line, *_dots(base, plan, said))


def curve(answer: Answer, plan: Plan, found: Points) -> Any:
    """Steps up, one at each time for which the share is known, each with where it may lie."""
    ticks = sorted({each.along for each in found.points if each.along is not None})
    # What was resolved by the last of them still is a little later.
    ends = [replace(p, along=ticks[-1] * LAST) for p in found.points if p.along == ticks[-1]]
    values = [
        _value(each, Unit("%"))
        | {"along": each.along, "low": each.low, "high": each.high, "known": each.along in ticks}
        for each in (*found.points, *ends)
    ]
    x = altair.X(
        "along:Q",
        title=f"Within so many hours{_working(answer)}",
        scale=altair.Scale(type="log", domain=[ticks[0], ticks[-1] * LAST]),
        axis=altair.Axis(values=ticks, format=",.0f"),
    )
    what = scales.number_axis(plan.main, Unit("%"), answer).partition(" ")[0]
    title = "Resolved (%)" if what == "Within" else f"{what} (%)"
    y = altair.Y("value:Q", title=title, scale=altair.Scale(domain=[0, 100]))
    base = _base(values).encode(
        x=x, y=y, color=scales.coloured(plan, found), tooltip=["series:N", "along:Q", "number:Q"]
    )
    line = base.mark_line(strokeWidth=2, interpolate="step-after").encode(
        strokeDash=scales.dashed(plan, found)
    )
    interval = base.mark_area(opacity=0.15, interpolate="step-after").encode(y="low:Q", y2="high:Q")
    dots = base.transform_filter("datum.known").mark_point(filled=True, size=40, opacity=1)
    dots = dots.encode(shape=scales.shaped(plan, found))
    return _sized(interval, line, dots)


def _base(values: list[dict[str, Any]]) -> Any:
    return altair.Chart(altair.InlineData(values=values))


def _sized(*layers: Any) -> Any:
    return altair.layer(*layers).properties(width=WIDTH, height=HEIGHT)


def _axis(head: Head, unit: Unit, answer: Answer, title: str = "") -> altair.Y:
    """From nothing on: half as high is half as much."""
    values = [value or 0 for value in answer.column(head.name)]
    whole = head.unit == "percent" and max(values, default=0) > HALF
    scale = altair.Scale(domain=[0, 100]) if whole else altair.Scale(zero=True)
    return altair.Y("value:Q", title=title or scales.number_axis(head, unit, answer), scale=scale)


def _dots(base: Any, plan: Plan, found: Points) -> list[Any]:
    """Full points, and hollow ones where a number is made from few."""
    shape = scales.shaped(plan, found)
    hollow = not plan.adds_up and any(each.small for each in found.points)
    some = base.transform_filter("datum.dot")
    full = some.transform_filter("!datum.small") if hollow else some
    marks = [full.mark_point(filled=True, size=40, opacity=1).encode(shape=shape)]
    if hollow:
        few = base.transform_filter("datum.small")
        marks.append(few.mark_point(fill="white", size=40, opacity=1).encode(shape=shape))
    return marks


def _values(found: Points, unit: Unit) -> list[dict[str, Any]]:
    """The points, and which of them are marked."""
    periods = sorted({each.period for each in found.points if each.period is not None})
    marked = set(periods[:: -(-len(periods) // DOTS)])
    return [
        _value(each, unit) | {"dot": each.alone or each.period in marked} for each in found.points
    ]


def _value(each: Point, unit: Unit) -> dict[str, Any]:
    value = unit.of(each.value)
    return {
        "series": each.series,
        "period": _day(each.period),
        "when": _day(each.period),
        "value": value,
        "number": "" if value is None else f"{value:,.4g} {unit.word}",
        "n": each.count,
        "small": each.small,
    }


def _day(period: date | None) -> str | None:
    return period.isoformat() if period is not None else None


def _pairs(found: Points, unit: Unit) -> list[dict[str, Any]]:
    """Both ends of the band at each period."""
    low, high = ({p.period: p.value for p in found.points if p.series == n} for n in found.names)
    return [
        {"period": _day(period), "value": unit.of(low[period]), "high": unit.of(high.get(period))}
        for period in low
    ]


def _renamed(each: Point, names: dict[str, str]) -> Point:
    return replace(each, series=names[each.series])


def _working(answer: Answer) -> str:
    return f" of the calendar {answer.question.calendar}" if answer.question.calendar else ""
