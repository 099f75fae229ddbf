"""Columns and bars: how many over time, one number for each kind, one for each pair of kinds."""

from collections import defaultdict
from datetime import date
from typing import Any

import altair

from tocsin.charts import scales
from tocsin.charts.palette import INK, OTHERS, SHADES, STYLES
from tocsin.charts.picture import HEIGHT, WIDTH
from tocsin.charts.plan import Plan
from tocsin.charts.points import Points, end_of, in_order, is_over, size_of
from tocsin.trends import Answer

BAR = 20
"""Height of a bar, and of a row of a grid."""
PALE = 0.45
SHORT = 5
"""Letters that fit upright over a column of a grid."""
CELLS = 25
"""Rows, and columns, of a grid that are drawn, the largest."""


def columns(answer: Answer, plan: Plan, found: Points) -> Any:
    """A column for each period, from its first day to its last; the largest series at the foot."""
    below: dict[date, float] = defaultdict(float)
    order = {name: number for number, name in enumerate(found.series)}
    values = []
    for each in sorted(found.points, key=lambda each: order[each.series]):
        assert each.period is not None
        foot, value = below[each.period], each.value or 0
        below[each.period] = foot + value
        values.append(
            {
                "series": each.series,
                "period": each.period.isoformat(),
                "end": end_of(each.period, answer.question.grain).isoformat(),
                "foot": foot,
                "head": foot + value,
                "number": value,
                "over": is_over(each.period, answer),
            }
        )
    title = scales.number_axis(plan.main, scales.Unit(plan.main.unit), answer)
    bars = (
        altair.Chart(altair.InlineData(values=values))
        .mark_bar(stroke="white", strokeWidth=0.6)
        .encode(
            x=scales.period_axis(answer, found),
            x2="end:T",
            y=altair.Y("foot:Q", title=title, axis=altair.Axis(tickMinStep=1)),
            y2="head:Q",
            color=scales.coloured(plan, found),
            opacity=altair.condition("datum.over", altair.value(1.0), altair.value(PALE)),
            tooltip=["period:N", "series:N", "number:Q"],
        )
    )
    return altair.layer(bars).properties(width=WIDTH, height=HEIGHT)


def ranked(answer: Answer, plan: Plan, found: Points) -> Any:
    """A bar for each kind, the largest first, with its number and from how many it is made."""
    unit = scales.unit(plan.main, (each.value for each in found.points))
    rows = sorted(
        (each for each in found.points if each.value is not None),
        key=lambda each: (each.series == found.others, -(each.value or 0), each.series),
    )
    values = []
    for each in rows:
        made = "" if plan.adds_up or each.count is None else f" · n = {each.count:,}"
        value = unit.of(each.value)
        shown = f"{value:,.0f}" if plan.adds_up else f"{value:,.3g}"
        small = each.small and not plan.adds_up
        colour = (OTHERS if each.series == found.others else STYLES[0]).colour
        bar = {"kind": each.series, "value": value, "n": f"{shown}{made}", "small": small}
        values.append(bar | {"colour": colour})
    names = [each.series for each in rows]
    base = altair.Chart(altair.InlineData(values=values)).encode(
        y=altair.Y("kind:N", title=scales.legend_title(plan), sort=names, axis=_kinds()),
        x=altair.X("value:Q", title=scales.number_axis(plan.main, unit, answer)),
    )
    bars = base.mark_bar(height=BAR - 5).encode(
        color=altair.Color("colour:N", scale=None),
        opacity=altair.condition("datum.small", altair.value(PALE), altair.value(1.0)),
    )
    numbers = base.mark_text(align="left", dx=4, color=INK, fontSize=11).encode(text="n:N")
    return altair.layer(bars, numbers).properties(width=WIDTH - 160, height=BAR * len(rows))


def grid(answer: Answer, plan: Plan, found: Points) -> Any:
    """A shade for each pair of kinds."""
    unit = scales.unit(plan.main, (each.value for each in found.points))
    down, across = (_largest(found, place, plan) for place in (0, 1))
    values = [
        {
            "down": each.kinds[0],
            "across": each.kinds[1],
            "value": unit.of(each.value),
            "n": each.count,
        }
        for each in found.points
        if each.kinds[0] in down and each.kinds[1] in across
    ]
    title = scales.number_axis(plan.main, unit, answer)
    cells = (
        altair.Chart(altair.InlineData(values=values))
        .mark_rect(stroke="white")
        .encode(
            y=altair.Y("down:N", title=plan.dims[0].name, sort=down, axis=_kinds()),
            x=altair.X(
                "across:N",
                title=plan.dims[1].name,
                sort=across,
                axis=altair.Axis(labelAngle=0 if max(map(len, across)) <= SHORT else -45),
            ),
            color=altair.Color(
                "value:Q", title=title, scale=altair.Scale(scheme=SHADES, domainMin=0)
            ),
            tooltip=["down:N", "across:N", "value:Q", "n:Q"],
        )
    )
    return altair.layer(cells).properties(
        width=max(BAR * 2 * len(across), 200), height=BAR * len(down)
    )


def _kinds() -> altair.Axis:
    return altair.Axis(labelLimit=220, ticks=False, domain=False)


def _largest(found: Points, place: int, plan: Plan) -> list[str]:
    """The kinds with most in them; those that are numbers in their order."""
    sizes: dict[str, float] = defaultdict(float)
    for each in found.points:
        sizes[each.kinds[place]] += size_of(each, plan)
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:CELLS]
    return in_order(largest) if plan.dims[place].unit == "number" else largest
