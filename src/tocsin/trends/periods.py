"""Days, weeks and months as whole numbers: the same in an engine's expression and in numpy.

A day is counted from 1970-01-01; a week is the day of its Monday; months, quarters and years are
counted from 1970 on. Months hold from March 1900 to February 2100, where every fourth year has a
leap day.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tocsin.domain.openings import DAY_US, EPOCH, SECOND_US, clock_shows, instant
from tocsin.trends.question import Grain

Whole = NDArray[np.int64]
FIRST = date(1970, 1, 1)
_ORDINAL = FIRST.toordinal()
BLOCK = 4
"""Changes of a clock are laid out for whole blocks of years, so that a growing lake rarely changes
the expression, by which kept results are known."""
LAST_YEAR = 2100


def of_day(day: Any, grain: Grain) -> Any:
    """The period of a local day: an Ibis expression of one, or an array of them; 0 is all time."""
    if grain is Grain.ALL:
        return day * 0
    if grain is Grain.DAY:
        return day
    if grain is Grain.WEEK:
        return (day + 3) // 7 * 7 - 3
    since_march_1968 = day + 671
    year = (since_march_1968 * 4 + 3) // 1461
    of_year = since_march_1968 - (year * 1461) // 4
    month = year * 12 + (of_year * 5 + 2) // 153 - 22
    return {Grain.MONTH: month, Grain.QUARTER: month // 3, Grain.YEAR: month // 12}[grain]


def begins(period: int, grain: Grain) -> date:
    """The first day of a period."""
    if grain in (Grain.DAY, Grain.WEEK):
        return FIRST + timedelta(days=period)
    months = period * {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
    return date(1970 + months // 12, months % 12 + 1, 1)


def first_days(periods: Whole, grain: Grain) -> Whole:
    """The first day of each period, as days."""
    if grain in (Grain.DAY, Grain.WEEK, Grain.ALL):
        return periods
    months = periods * {Grain.MONTH: 1, Grain.QUARTER: 3, Grain.YEAR: 12}[grain]
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def next_period(period: int, grain: Grain) -> int:
    """The one after it."""
    return period + (7 if grain is Grain.WEEK else 1)


def day_of(when: date) -> int:
    """A date as a day."""
    return when.toordinal() - _ORDINAL


def starts_us(zone: str, days: Whole) -> Whole:
    """The instants at which local days begin."""
    place = ZoneInfo(zone)
    known, back = np.unique(days, return_inverse=True)
    found = [clock_shows(place, _ORDINAL + int(day), 0) for day in known]
    return np.array(found, np.int64)[back].reshape(days.shape)


@lru_cache(maxsize=64)
def changes(zone: str, first_year: int, last_year: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The offset of a zone from UTC as the first year begins, and each change of it until the last
    year ends: the instant, and by how much. All in microseconds."""
    place = ZoneInfo(zone)
    begin, end = ((date(year, 1, 1) - FIRST).days * 86_400 for year in (first_year, last_year + 1))
    return _offset(place, begin) * SECOND_US, tuple(
        (second * SECOND_US, (after - before) * SECOND_US)
        for second, before, after in _jumps(place, begin, end)
    )


def years_of(first_us: int, last_us: int) -> tuple[int, int]:
    """The blocks of years that reach from one instant to another."""
    first, last = (instant(max(0, us)).year for us in (first_us, last_us))
    return first - first % BLOCK, min(LAST_YEAR, last - last % BLOCK + BLOCK - 1)


def local_day(us: Any, zone: str, years: tuple[int, int]) -> Any:
    """The local day of an instant, as Ibis expressions."""
    import ibis

    base, jumps = changes(zone, *years)
    offsets = list(accumulate((by for _, by in jumps), initial=base))
    late_first = [(us >= at, offset) for (at, _), offset in zip(jumps, offsets[1:], strict=True)]
    offset = ibis.cases(*reversed(late_first), else_=base) if jumps else base
    return (us + offset) // DAY_US if jumps or base else us // DAY_US


def days_of(us: Whole, zone: str, years: tuple[int, int]) -> Whole:
    """The local days of instants."""
    base, jumps = changes(zone, *years)
    ats = np.array([at for at, _ in jumps], np.int64)
    offsets = np.concatenate([[0], np.cumsum([by for _, by in jumps], dtype=np.int64)]) + base
    found: Whole = (us + offsets[np.searchsorted(ats, us, "right")]) // DAY_US
    return found


def _jumps(zone: ZoneInfo, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The seconds at which the offset changes, with the offsets before and after."""
    before = _offset(zone, begin)
    for day in range(begin, end, 86_400):
        if _offset(zone, day + 86_400) != before:
            low, high = day, day + 86_400
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            after = _offset(zone, high)
            yield high, before, after
            before = after


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = (EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())
