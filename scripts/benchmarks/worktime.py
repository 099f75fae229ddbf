"""Working time: a million due times and elapsed times, beside the library that others use."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from statistics import median
from time import perf_counter
from typing import TypeVar

import numpy as np

from tocsin import worktime_arrays
from tocsin.domain.calendar import WEEKDAYS, Calendar, week
from tocsin.domain.openings import microseconds, openings
from tocsin.domain.worktime import WorkTime
from tocsin.policies.holidays import public_holidays

YEARS = range(2016, 2028)
CLOCKS = 1_000_000
ONE_BY_ONE = 100_000
AGAINST = 50
HOUR_US = 3_600_000_000
T = TypeVar("T")


@dataclass(frozen=True)
class Figures:
    """Seconds for a million, microseconds for one; the other library's for one."""

    layout_ms: float
    """Twelve years of London office hours, two spans a day, laid out from nothing."""
    due_million_s: float
    elapsed_million_s: float
    due_us: float
    elapsed_us: float
    other_due_us: float | None
    """One due time from `businesstimedelta`, up to 40 hours on; None where it is not installed."""
    other_elapsed_us: float | None
    """One elapsed time from it, over up to a year."""


def measure() -> Figures:
    """Take each figure once, on random clocks over ten years; answers are checked, not trusted."""
    calendar = _london()
    started = perf_counter()
    openings(calendar, YEARS)
    layout = perf_counter() - started
    first, last = (microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (2016, 2026))
    dice = np.random.default_rng(1)
    begins = dice.integers(first, last, CLOCKS)
    goals = dice.integers(1, 40 * HOUR_US, CLOCKS)
    work = WorkTime(calendar)
    work.covering(first, last)
    due_s, dues = _timed(lambda: worktime_arrays.due_us(work, begins, goals))
    elapsed_s, spent = _timed(lambda: worktime_arrays.elapsed_us(work, begins, dues))
    assert (spent == goals).all(), "what was due has elapsed"
    few = [column[:ONE_BY_ONE].tolist() for column in (begins, goals, dues)]
    one_due_s, alone = _timed(lambda: list(map(work.due_us, few[0], few[1])))
    one_elapsed_s, _ = _timed(lambda: list(map(work.elapsed_us, few[0], few[2])))
    assert alone == few[2], "one by one as all at once"
    other_due_us, other_elapsed_us = _other(calendar, work) or (None, None)
    return Figures(
        layout_ms=layout * 1e3,
        due_million_s=due_s,
        elapsed_million_s=elapsed_s,
        due_us=one_due_s / ONE_BY_ONE * 1e6,
        elapsed_us=one_elapsed_s / ONE_BY_ONE * 1e6,
        other_due_us=other_due_us,
        other_elapsed_us=other_elapsed_us,
    )


def _timed(ask: Callable[[], T]) -> tuple[float, T]:
    """The median time of three, and the answer."""
    times = []
    for _ in range(3):
        started = perf_counter()
        answer = ask()
        times.append(perf_counter() - started)
    return median(times), answer


def _london() -> Calendar:
    return Calendar(
        name="London",
        zone="Europe/London",
        week=week({day: ["09:00-13:00", "13:30-17:30"] for day in WEEKDAYS[:5]}),
        closed=public_holidays("GB", YEARS, "ENG"),
    )


def _other(calendar: Calendar, work: WorkTime) -> tuple[float, float] | None:
    """Microseconds for a due and an elapsed time elsewhere, if it gives the same answers."""
    try:
        import businesstimedelta as other
        import pytz
    except ImportError:
        return None
    zone, days = pytz.timezone(calendar.zone), [*range(5)]
    spans = ((time(9), time(13)), (time(13, 30), time(17, 30)))
    shifts = [other.WorkDayRule(begin, end, days, tz=zone) for begin, end in spans]
    closed = other.HolidayRule({day.on: day.name for day in calendar.closed}, tz=zone)
    rules, dice, dues, elapsed = other.Rules([*shifts, closed]), Random(1), 0.0, 0.0
    for _ in range(AGAINST):
        begin = datetime(2016, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(10**8))
        end = begin + timedelta(seconds=dice.randrange(365 * 86_400))
        seconds = dice.randrange(1, 40 * 3600)
        started = perf_counter()
        due = begin.astimezone(zone) + other.BusinessTimeDelta(rules, seconds=seconds)
        dues += perf_counter() - started
        assert due.astimezone(UTC) == work.due(begin, seconds * 1_000_000)
        started = perf_counter()
        worked = rules.difference(begin.astimezone(zone), end.astimezone(zone))
        elapsed += perf_counter() - started
        assert worked.timedelta // timedelta(microseconds=1) == work.elapsed(begin, end)
    return dues / AGAINST * 1e6, elapsed / AGAINST * 1e6
