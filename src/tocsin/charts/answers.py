"""An answer as a chart: its plan, its numbers, and the small print that keeps it honest."""

from collections.abc import Iterator
from datetime import date

from tocsin.charts import bars, lines
from tocsin.charts.libraries import NothingToDraw
from tocsin.charts.picture import Chart, framed
from tocsin.charts.plan import LEVELS, Kind, Plan, planned
from tocsin.charts.points import SMALL, Points, instant, is_over, points
from tocsin.trends import Answer

BARS = 30
"""Bars that are drawn, the largest."""
BODIES = {
    Kind.COLUMNS: bars.columns,
    Kind.LINES: lines.over_time,
    Kind.BAND: lines.band,
    Kind.CURVE: lines.curve,
    Kind.BARS: bars.ranked,
    Kind.GRID: bars.grid,
}
MOST = {Kind.BARS: BARS, Kind.GRID: 100_000}


def drawn(answer: Answer, definition: str, measure: str) -> Chart:
    """The chart of an answer."""
    plan = planned(answer, measure)
    found = points(answer, plan, **({"most": MOST[plan.kind]} if plan.kind in MOST else {}))
    if all(each.value is None for each in found.points):
        raise NothingToDraw(f"{answer.title}: there is no number in the answer.")
    sliced = ", ".join(head.name for head in plan.dims if head.name not in answer.title)
    title = f"{answer.title} by {sliced}" if sliced else answer.title
    body = BODIES[plan.kind](answer, plan, found)
    return framed(
        body,
        title=title,
        definition=definition or plan.main.doc,
        footer=list(_small_print(answer, plan, found)),
        about=plan.main.doc,
    )


def _small_print(answer: Answer, plan: Plan, found: Points) -> Iterator[str]:
    yield " ".join(filter(None, [*_sizes(plan, found), *_unfinished(answer, plan)]))
    asked = answer.question
    narrowed = [f"{name}: {value or 'none'}" for name, value in asked.where]
    if narrowed:
        yield f"Only {', '.join(narrowed)}."
    yield from found.notes
    if plan.kind is Kind.GRID:
        yield from _left_out(plan, found)
    yield " ".join(answer.notes)
    yield f"From the log up to position {answer.position:,}, recorded {instant(answer.as_of)}."


def _sizes(plan: Plan, found: Points) -> Iterator[str]:
    """From how many the numbers are made."""
    once = plan.kind is Kind.CURVE or plan.dims or len(plan.shown) == 1
    first = [each for each in found.points if once or each.series in found.names[:1]]
    counts = [each.count for each in first if each.count is not None]
    if not counts or plan.main.name.startswith(LEVELS):
        return
    what = " and ".join(each.name.replace("_", " ") for each in plan.counts)
    if plan.kind is Kind.CURVE:
        yield f"n = {sum(counts) // len(plan.shown):,} ({what})."
        return
    yield f"n = {sum(counts):,} ({what})."
    if not plan.adds_up and min(counts) < SMALL:
        mark = "Hollow" if plan.kind in (Kind.LINES, Kind.BAND) else "Pale"
        yield f"{mark}: made from fewer than {SMALL}."


def _left_out(plan: Plan, found: Points) -> Iterator[str]:
    """Rows and columns for which a grid has no room."""
    for place, dim in enumerate(plan.dims):
        there = len({each.kinds[place] for each in found.points})
        if there > bars.CELLS:
            yield f"Drawn: the {bars.CELLS} largest of {there}, by {dim.name}."


def _unfinished(answer: Answer, plan: Plan) -> Iterator[str]:
    """A period that goes on has too little in it."""
    periods: list[date] = [row[0] for row in answer.rows if isinstance(row[0], date)]
    if periods and not is_over(max(periods), answer):
        drawn = " and is pale" if plan.kind is Kind.COLUMNS else ""
        yield f"The last {answer.question.grain.value} was not over{drawn}."
