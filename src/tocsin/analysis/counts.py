"""The counts of a trend as series without a gap, one for each value of a dimension."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from tocsin.analysis.asked import Asked
from tocsin.signals import Series
from tocsin.signals.limits import MOST_PERIODS
from tocsin.trends import BadQuestion, Grain, Trend

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

COUNTED = ("incidents", "timers", "count")
AVERAGE = "_each"
NONE = "none"
MOST_ROWS = 1_000_000


@dataclass(frozen=True)
class Counts:
    """Counts per day, all of the same days."""

    measure: str
    series: dict[str, Series]
    """By the value of the dimension, the largest first; of no dimension, one under no name."""

    @property
    def all(self) -> Series:
        """All of them together."""
        first = next(iter(self.series.values()))
        together = np.sum([each.counts for each in self.series.values()], axis=0)
        return Series(first.start, "day", together)


def counted(trend: Trend, measure: str) -> str:
    """The measure that is looked at.

    Raises:
        BadQuestion: it has none of that name, or it counts nothing.
    """
    counts = [
        each.name
        for each in trend.measures
        if each.unit in COUNTED and not each.name.endswith(AVERAGE)
    ]
    if not counts:
        raise BadQuestion("trend", f"{trend.name} counts nothing: signals are sought in counts.")
    if measure and measure not in counts:
        raise BadQuestion("measure", f"is one of {', '.join(counts)}, not {measure!r}.")
    return measure or counts[0]


def counts(lake: "Lake", trend: Trend, asked: Asked) -> Counts | None:
    """The counts of each day from the first to the last on which there was something; a day that
    was not over when the last event was recorded is left out. None: there is no such day.

    Raises:
        BadQuestion: the trend cannot be asked so.
    """
    measure = counted(trend, asked.measure)
    if Grain.DAY not in trend.grains or trend.always:
        raise BadQuestion("trend", f"{trend.name} cannot be asked day by day: take another one.")
    span = _span(lake, asked, measure)
    if span is None:
        return None
    start, days = span
    answer = lake.ask(asked.about(grain=Grain.DAY, limit=MOST_ROWS))
    place = answer.names.index(measure)
    table: dict[str, dict[int, int]] = defaultdict(dict)
    for row in answer.rows:
        day = (row[0] - start).days
        if 0 <= day < days:
            name = _named(row[1]) if asked.question.by else ""
            table[name][day] = int(row[place])
    sizes = {name: sum(each.values()) for name, each in table.items()}
    ranked = sorted(sizes, key=lambda name: (-sizes[name], name))
    series = {name: _series(start, days, table[name]) for name in ranked}
    return Counts(measure, series) if series else None


def _span(lake: "Lake", asked: Asked, measure: str) -> tuple[date, int] | None:
    """The first day, and how many there are: of everything, so that a kind that has fallen silent
    is known to be silent."""
    question = asked.about(grain=Grain.DAY, by=(), where=(), limit=MOST_ROWS)
    answer = lake.ask(question)
    place = answer.names.index(measure)
    today = answer.as_of.astimezone(ZoneInfo(question.zone)).date()
    there = [row[0] for row in answer.rows if row[place] > 0 and row[0] < today]
    if not there:
        return None
    first, last = min(there), max(there)
    return first, min((last - first).days + 1, MOST_PERIODS)


def _series(start: date, days: int, known: dict[int, int]) -> Series:
    values = np.zeros(days, np.int64)
    for day, count in known.items():
        values[day] = max(count, 0)
    return Series(start, "day", values)


def _named(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return NONE if value is None else str(value)


def day_after(series: Series) -> date:
    """The first day that is not in it."""
    return series.start + timedelta(days=len(series))
