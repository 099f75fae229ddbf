"""An answer as tables: a line for each series with its course, or every row as it is."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from tocsin.cli.frame import Session
from tocsin.cli.picture import clean
from tocsin.cli.sparklines import sparkline
from tocsin.trends import Answer, Grain, Head, Trend

SERIES = 30
"""Series that are shown, those with most in them."""
SIZES = (("d", 86_400), ("h", 3_600), ("m", 60))
SUMMED = ("incidents", "count", "hours", "timers")
LEVEL = ("open", "older", "mean", "_each")
"""In the names of measures of which a sum over time means nothing."""
NONE = "none"


def listed(session: Session, trends: Sequence[Trend]) -> None:
    """Every trend, with what its definition begins with."""
    rows = [(each.name, each.title, _first(each.doc)) for each in trends]
    session.table(("trend", "title", "what it says"), rows)
    session.err.print("`tocsin trends NAME` asks one; `tocsin trends NAME --about` defines it.")


def defined(session: Session, trend: Trend) -> None:
    """What a trend says, and what it can be asked."""
    session.out.print(trend.title, style="bold")
    session.out.print(clean(trend.doc))
    session.out.print()
    measures = [(each.name, each.unit, each.doc) for each in trend.measures]
    session.table(("measure", "unit", ""), measures)
    session.out.print()
    dimensions = [(each.name, each.unit, each.doc) for each in trend.dimensions]
    session.table(("slice by", "", ""), dimensions)
    session.out.print()
    session.out.print(f"Periods: {', '.join(trend.grains)}. Usual: {trend.grain}.")


def shown(session: Session, answer: Answer, *, rows: bool) -> None:
    """An answer: its course, or, if `rows`, all that it says."""
    session.out.print(answer.title, style="bold")
    if not answer.rows:
        session.out.print("Nothing in this time.")
    elif rows or answer.heads[0].kind != "period":
        _rows(session, answer)
    else:
        _courses(session, answer)
    for note in answer.notes:
        session.out.print(clean(note), style="dim")
    end = f"From the log up to position {answer.position:,}, recorded"
    session.out.print(f"{end} {session.time(answer.as_of)}.", style="dim")


def _rows(session: Session, answer: Answer) -> None:
    right = [head.name for head in answer.heads if head.kind == "measure"]
    cells = [
        [_cell(value, head) for value, head in zip(row, answer.heads, strict=True)]
        for row in answer.rows
    ]
    session.table(answer.names, cells, right=right)


def _courses(session: Session, answer: Answer) -> None:
    """One line for each series and measure: how it went, and where it came to."""
    dims = [n for n, head in enumerate(answer.heads) if head.kind == "dimension"]
    measures = [n for n, head in enumerate(answer.heads) if head.kind == "measure"]
    series: dict[tuple[Any, ...], dict[date, Sequence[Any]]] = defaultdict(dict)
    for row in answer.rows:
        series[tuple(row[n] for n in dims)][row[0]] = row
    order = sorted(series, key=lambda key: -_weight(series[key].values(), measures[0]))
    periods = list(_periods(answer))
    lines = []
    for key in order[:SERIES]:
        named = [_cell(value, answer.heads[n]) for value, n in zip(key, dims, strict=True)]
        for n in measures:
            values = [series[key][p][n] if p in series[key] else None for p in periods]
            line = _line(answer.heads[n], values)
            if line is not None:
                lines.append([*named, *line])
                named = [""] * len(dims)
    names = [answer.heads[n].name for n in dims]
    numbers = ("lowest", "highest", "last", "total")
    session.table((*names, "measure", "course", *numbers), lines, right=numbers)
    first, last = periods[0], periods[-1]
    grain = answer.question.grain.value
    session.out.print(f"{len(periods)} {grain}s, from {first} to {last}.", style="dim")
    if len(order) > SERIES:
        said = f"The {SERIES} largest of {len(order):,}: --format csv has them all."
        session.out.print(said, style="dim")


def _line(head: Head, values: Sequence[float | None]) -> list[str] | None:
    """The course of a measure; none where it is nothing all the time."""
    known = [value for value in values if value is not None]
    if not any(known):
        return None
    adds_up = head.unit in SUMMED and not any(each in head.name for each in LEVEL)
    total = _cell(sum(known), head) if adds_up else ""
    ends = [_cell(value, head) for value in (min(known), max(known), values[-1])]
    return [head.name, sparkline(values), *ends, total]


def _weight(rows: Any, place: int) -> float:
    return float(sum(row[place] or 0 for row in rows))


def _periods(answer: Answer) -> Iterator[date]:
    """Every period from the first to the last, also those of which there is nothing."""
    first, last = answer.rows[0][0], max(row[0] for row in answer.rows)
    months = {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}.get(answer.question.grain)
    days = timedelta(days=7 if answer.question.grain is Grain.WEEK else 1)
    while first <= last:
        yield first
        if months is None:
            first += days
        else:
            number = first.year * 12 + first.month - 1 + months
            first = date(number // 12, number % 12 + 1, 1)


def _cell(value: Any, head: Head) -> str:
    if value is None:
        return NONE if head.kind == "dimension" else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if head.unit == "seconds":
        return length(float(value))
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if head.kind == "measure" else clean(str(value))


def length(seconds: float) -> str:
    """A duration as people say it: the two largest of its units."""
    left, parts = round(seconds), list[str]()
    for name, size in SIZES:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count}{name}")
    return " ".join(parts[:2]) or f"{round(seconds)}s"


def _first(doc: str) -> str:
    return " ".join(doc.partition("\n\n")[0].split())
