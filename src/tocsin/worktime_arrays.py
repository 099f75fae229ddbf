"""Working time for columns of instants at once: a million due times in a fraction of a second.

The answers are those of `WorkTime`, one by one: instants are `int64` microseconds since 1970 in
UTC, durations `int64` microseconds of working time. Arrays broadcast as everywhere in numpy.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tocsin.domain.openings import Openings
from tocsin.domain.worktime import EARLIEST, LATEST, BeyondCalendar, WorkTime, within_reach

Microseconds = NDArray[np.int64]


def elapsed_us(work: WorkTime, begins: ArrayLike, ends: ArrayLike) -> Microseconds:
    """Working time between pairs of instants; negative where the end is the earlier one.

    Raises:
        BeyondCalendar: one of them lies before 1900 or after 2300.
    """
    begin, end = _pairs(begins, ends)
    if not begin.size:
        return np.zeros(begin.shape, np.int64)
    first, last = _reach(begin, end)
    if work.calendar.always:
        return end - begin
    known = work.covering(first, last)
    return _worked(known, end) - _worked(known, begin)


def due_us(work: WorkTime, begins: ArrayLike, goals_us: ArrayLike) -> Microseconds:
    """The first instants at which that much working time has passed since the beginnings.

    Raises:
        ValueError: a goal is negative.
        BeyondCalendar: a clock begins or ends outside the years from 1900 to 2300.
    """
    begin, goal = _pairs(begins, goals_us)
    if not begin.size:
        return np.zeros(begin.shape, np.int64)
    if goal.min() < 0:
        raise ValueError("A goal is not negative.")
    first, last = _reach(begin)
    if goal.max() > LATEST - EARLIEST:
        raise BeyondCalendar("A goal is longer than all calendars together.")
    if work.calendar.always:
        dues = begin + goal
    else:
        known = work.covering(first, last)
        while (worked := _worked(known, begin) + goal).max() > known.total:
            known = work.further(known)
        dues = np.where(goal > 0, _reached(known, worked), begin)
    _reach(dues)
    return dues


def _pairs(first: ArrayLike, second: ArrayLike) -> tuple[Microseconds, Microseconds]:
    """Both as `int64` of one shape, refusing what would be rounded."""
    one, other = np.broadcast_arrays(_exact(first), _exact(second))
    return one, other


def _exact(values: ArrayLike) -> Microseconds:
    found = np.asarray(values)
    return found.astype(np.int64, casting="safe" if found.size else "unsafe", copy=False)


def _reach(*instants: Microseconds) -> tuple[int, int]:
    """The first and the last of them, if calendars reach both."""
    first = min(int(each.min()) for each in instants)
    last = max(int(each.max()) for each in instants)
    return within_reach(first), within_reach(last)


@lru_cache(maxsize=64)
def _columns(known: Openings) -> tuple[Microseconds, Microseconds, Microseconds]:
    """Each opening, closing, and the work before it; what is laid out never changes."""
    opens, closes, before = known.opens, known.closes, known.before
    return np.array(opens, np.int64), np.array(closes, np.int64), np.array(before, np.int64)


def _worked(known: Openings, moments: Microseconds) -> Microseconds:
    """W(t) of each instant: the whole spans before it, and its part of the one it lies in."""
    opens, closes, before = _columns(known)
    place = np.searchsorted(opens, moments, side="right") - 1
    inside = np.minimum(moments, closes[place]) - opens[place]
    return np.where(place < 0, 0, before[place] + inside)


def _reached(known: Openings, worked: Microseconds) -> Microseconds:
    """The inverse of W: the first instants at which that much was worked."""
    opens, _, before = _columns(known)
    place = np.searchsorted(before, worked, side="left") - 1
    return opens[place] + worked - before[place]
