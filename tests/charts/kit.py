"""Answers made by hand: one of each shape that a trend's answer can have."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tocsin.trends import Answer, Grain, Head, Question

AS_OF = datetime(2026, 6, 10, 12, 30, tzinfo=UTC)
PERIOD = Head("period", "period", "date", "First day of the week.")
CATEGORY = Head("category", "dimension", "text", "What kind of trouble it is.")
PRIORITY = Head("priority", "dimension", "number", "What comes first: 1 before 5.")
INCIDENTS = Head("incidents", "measure", "incidents", "How many were reported.")
MET = Head("met_percent", "measure", "percent", "Promises that were kept.")
MEDIAN = Head("p50_seconds", "measure", "seconds", "What 50% of the times are at most.")
NINTH = Head("p90_seconds", "measure", "seconds", "What 90% of the times are at most.")
CATEGORIES = ("network", "e-mail", "printing", "vpn", "backup", "storage", "phones", None)
WEEKS = tuple(date(2026, 1, 5) + timedelta(weeks=n) for n in range(23))
"""The last of them is that of AS_OF."""


def answer(
    *heads: Head, rows: list[tuple[Any, ...]], title: str = "Volume", **asked: Any
) -> Answer:
    """An answer with these rows."""
    question = Question(trend="volume", **asked)
    return Answer("volume", title, question, heads, tuple(rows), 1_234_567, AS_OF)


def by_category(**asked: Any) -> Answer:
    """Incidents by week and category: eight categories, of which some are rare."""
    rows = [
        (week, category, 3 + (n * 7 + m * 5) % 11 + (40 >> m))
        for n, week in enumerate(WEEKS)
        for m, category in enumerate(CATEGORIES)
    ]
    return answer(PERIOD, CATEGORY, INCIDENTS, rows=rows, by=("category",), **asked)


def volume(**asked: Any) -> Answer:
    """Incidents by week, all together."""
    rows = [(week, 50 + n * 7 % 23) for n, week in enumerate(WEEKS)]
    return answer(PERIOD, INCIDENTS, rows=rows, **asked)


def times(**asked: Any) -> Answer:
    """Median and 90th percentile by week; in the third week there was none, in the fifth few."""
    rows: list[tuple[Any, ...]] = [
        (week, 40 + n, 7_200.0 + 600 * (n % 5), 90_000.0 + 9_000 * (n % 7))
        for n, week in enumerate(WEEKS)
    ]
    rows[2] = (WEEKS[2], 0, None, None)
    rows[4] = (WEEKS[4], 3, 5_000.0, 60_000.0)
    heads = (PERIOD, INCIDENTS, MEDIAN, NINTH)
    return answer(*heads, rows=rows, title="Time to resolve", **asked)


def shares(**asked: Any) -> Answer:
    """Promises kept by week and priority."""
    rows = [
        (week, priority, 8 + (n + priority) % 7, 70.0 + 5 * priority + (n * priority) % 9)
        for n, week in enumerate(WEEKS)
        for priority in (1, 2, 3)
    ]
    heads = (PERIOD, PRIORITY, INCIDENTS, MET)
    return answer(*heads, rows=rows, title="Promises kept", by=("priority",), **asked)


def survival(**asked: Any) -> Answer:
    """The shares that are resolved within some hours, of two priorities."""
    shares = [
        Head(f"within_{hours}h{end}", "measure", "percent", "Resolved within that time.")
        for hours in (4, 24, 168)
        for end in ("", "_low", "_high")
    ]
    rows = [
        (1, 40, 1, 7_200.0, 60.0, 52.0, 67.0, 90.0, 84.0, 94.0, 99.0, 96.0, 100.0),
        (3, 700, 90, 90_000.0, 12.0, 10.0, 14.0, 48.0, 45.0, 51.0, 80.0, 77.5, 82.5),
    ]
    asked.setdefault("grain", Grain.ALL)
    open_ones = Head("open", "measure", "incidents", "Of those, still open.")
    heads = (PRIORITY, INCIDENTS, open_ones, MEDIAN, *shares)
    return answer(*heads, rows=rows, title="Survival", by=("priority",), **asked)


def ranking(**asked: Any) -> Answer:
    """Share of promises kept by category, over all time."""
    rows = [(each, 4 + 9 * n, 60.0 + 4.3 * n) for n, each in enumerate(CATEGORIES)]
    heads = (CATEGORY, INCIDENTS, MET)
    return answer(*heads, rows=rows, by=("category",), grain=Grain.ALL, **asked)


def grid(**asked: Any) -> Answer:
    """Incidents by category and priority, over all time."""
    rows = [
        (category, priority, 5 + (n * 13 + priority * 17) % 40)
        for n, category in enumerate(CATEGORIES)
        for priority in (1, 2, 3, 4, 5)
    ]
    heads = (CATEGORY, PRIORITY, INCIDENTS)
    return answer(*heads, rows=rows, by=("category", "priority"), grain=Grain.ALL, **asked)


SHAPES = (volume, by_category, times, shares, survival, ranking, grid)
