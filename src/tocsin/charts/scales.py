"""Units and axes: what a number means, and by whose days a period is one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import altair

from tocsin.charts.palette import Style, styles
from tocsin.charts.plan import Plan
from tocsin.charts.points import Points
from tocsin.trends import Answer, Grain, Head

LENGTHS = ((2 * 86_400, 86_400, "days"), (2 * 3_600, 3_600, "hours"), (120, 60, "minutes"))
"""From so many seconds on, told in this unit."""
PERIODS = {
    Grain.DAY: ("Day", "%Y-%m-%d"),
    Grain.WEEK: ("Week, by its Monday", "%Y-%m-%d"),
    Grain.MONTH: ("Month", "%b %Y"),
    Grain.QUARTER: ("Quarter, by its first month", "%b %Y"),
    Grain.YEAR: ("Year", "%Y"),
}
MIDDLES = {"p50": "median", "p90": "90th percentile", "p99": "99th percentile"}
TICKS = 10
"""Periods that are named, at most."""


@dataclass(frozen=True)
class Unit:
    """In what a number is drawn."""

    word: str
    size: float = 1.0

    def of(self, value: float | None) -> float | None:
        """A number of the answer, in this unit."""
        return None if value is None else value / self.size


def unit(head: Head, values: Iterable[float | None]) -> Unit:
    """The unit for these numbers: seconds become what people say of so many."""
    if head.unit != "seconds":
        return Unit("%" if head.unit == "percent" else head.unit)
    most = max((value for value in values if value is not None), default=0)
    for least, size, word in LENGTHS:
        if most >= least:
            return Unit(word, size)
    return Unit("seconds")


def number_axis(head: Head, unit: Unit, answer: Answer) -> str:
    """What stands at the axis of the numbers."""
    said = head.name.removesuffix(f"_{head.unit}").replace("_", " ")
    for name, words in MIDDLES.items():
        said = said.replace(name, words)
    working = f" of {answer.question.calendar}" if answer.question.calendar else ""
    if said == unit.word:
        return said.capitalize()
    return f"{said.capitalize()} ({unit.word}{working})"


def period_axis(answer: Answer, found: Points) -> altair.X:
    """The axis of periods, in the zone of the answer."""
    asked = answer.question
    name, written = PERIODS[asked.grain]
    periods = sorted({each.period for each in found.points if each.period is not None})
    ticks = [each.isoformat() for each in periods[:: -(-len(periods) // TICKS)]]
    return altair.X(
        "period:T",
        title=f"{name} ({asked.zone})",
        scale=altair.Scale(type="utc", nice=False),
        axis=altair.Axis(format=written, values=ticks, grid=False, labelFlush=False),
    )


def legend_title(plan: Plan) -> str | None:
    """What the series are."""
    return ", ".join(head.name for head in plan.dims) or None


def coloured(plan: Plan, found: Points) -> altair.Color:
    """Each series in its colour."""
    colours = [each.colour for each in _looks(found)]
    return altair.Color("series:N", **_series(plan, found, colours))


def dashed(plan: Plan, found: Points) -> altair.StrokeDash:
    """Each series with its dash; the legend tells it by the shape."""
    dashes = [[*each.dash] or [1, 0] for each in _looks(found)]
    return altair.StrokeDash("series:N", **{**_series(plan, found, dashes), "legend": None})


def shaped(plan: Plan, found: Points) -> altair.Shape:
    """Each series with the shape of its points."""
    shapes = [each.shape for each in _looks(found)]
    return altair.Shape("series:N", **_series(plan, found, shapes))


def _looks(found: Points) -> list[Style]:
    return styles(len(found.names), others=bool(found.others))


def _series(plan: Plan, found: Points, looks: Sequence[Any]) -> dict[str, Any]:
    """What an encoding of the series says: which look each has. One series needs no legend."""
    legend = altair.Legend(symbolOpacity=1, symbolStrokeWidth=0)
    return {
        "title": legend_title(plan),
        "sort": found.series,
        "scale": altair.Scale(domain=found.series, range=looks),
        "legend": legend if len(found.series) > 1 else None,
    }
