"""How much working time lies between two instants, and when is a goal due?

With W(t) the working time from the beginning of a calendar until t, the elapsed time is
`W(b) - W(a)` and a goal of d is due at the first t with `W(t) = W(a) + d`. W is piecewise linear
and kept as sorted spans, so each question is a binary search. All of it is integer microseconds
in UTC: nothing is rounded, and no question depends on the one before.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from tocsin.domain.calendar import Calendar
from tocsin.domain.openings import Openings, instant, microseconds, openings

FIRST_YEAR, END_YEAR = 1900, 2300
EARLIEST = microseconds(datetime(FIRST_YEAR, 1, 1, tzinfo=UTC))
LATEST = microseconds(datetime(END_YEAR, 1, 1, tzinfo=UTC))
"""Answers are exact between these, 1900 and 2300, and beyond them there is none."""


class BeyondCalendar(ValueError):
    """A question about a time that no calendar reaches: refused, never answered with its edge."""


class WorkTime:
    """The working time of one calendar.

    Years are laid out when they are first asked about, in both directions. What is laid out is
    replaced as a whole, so several threads may ask at once. Pickled, it is its calendar.
    """

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._openings: Openings | None = None

    def __reduce__(self) -> tuple[object, tuple[Calendar]]:
        return worktime, (self.calendar,)

    def elapsed(self, begin: datetime, end: datetime) -> int:
        """Working time between two instants, in microseconds; negative when `end` is earlier.

        Signed, so that `elapsed(a, b) + elapsed(b, c) == elapsed(a, c)` in whatever order they are.
        """
        return self.elapsed_us(microseconds(begin), microseconds(end))

    def due(self, begin: datetime, goal_us: int) -> datetime:
        """The first instant at which `goal_us` of working time have passed since `begin`, in UTC.

        A goal that just fits into a day is due as that day closes, not as the next one opens.
        """
        return instant(self.due_us(microseconds(begin), goal_us))

    def elapsed_us(self, begin: int, end: int) -> int:
        """`elapsed` between instants in microseconds since 1970."""
        if self.calendar.always:
            return within_reach(end) - within_reach(begin)
        known = self.covering(min(begin, end), max(begin, end))
        return known.worked(end) - known.worked(begin)

    def due_us(self, begin: int, goal_us: int) -> int:
        """`due` of an instant in microseconds since 1970. A goal of nothing is due at once.

        Raises:
            ValueError: the goal is negative.
            BeyondCalendar: it begins or ends outside the years from 1900 to 2300.
        """
        if goal_us < 0:
            raise ValueError("A goal is not negative.")
        if self.calendar.always or not goal_us:
            return within_reach(within_reach(begin) + goal_us)
        known = self.covering(begin, begin)
        while (worked := known.worked(begin) + goal_us) > known.total:
            known = self.further(known)
        return within_reach(known.reached(worked))

    def is_open(self, moment: datetime) -> bool:
        """Whether that instant is working time. The closing instant is not."""
        at = microseconds(moment)
        return self.calendar.always or self.covering(at, at).is_open(at)

    def opens(self, moment: datetime) -> datetime:
        """That instant if it is working time, else the next opening: when to call people."""
        return instant(self.due_us(microseconds(moment), 1) - 1)

    def spans(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans of working time between two instants: what `elapsed` adds up."""
        since, until = microseconds(begin), microseconds(end)
        if since < until:
            for opens, closes in self.covering(since, until).within(since, until):
                yield instant(opens), instant(closes)

    def covering(self, first: int, last: int) -> Openings:
        """What is laid out, once it reaches from the first instant to the last."""
        known = self._openings
        if known is None or first < known.begins or known.ends < last:
            begin, end = (instant(within_reach(moment)).year for moment in (first, last))
            known = self._laid_out(range(begin - 1, end + 2))
        return known

    def further(self, known: Openings) -> Openings:
        """Lay out twice as many years, for a goal that ends after all that is known.

        Raises:
            BeyondCalendar: the years of all calendars end first.
        """
        if known.years.stop > END_YEAR:
            raise BeyondCalendar(f"Not due before {END_YEAR}: no calendar reaches that far.")
        return self._laid_out(range(known.years.start, known.years.stop + len(known.years)))

    def _laid_out(self, years: range) -> Openings:
        """Lay out these years besides what is known: each time at least half as many again."""
        begin, end = years.start, years.stop
        if (known := self._openings) is not None:
            spare = len(known.years) // 2
            begin = min(begin, known.years.start - spare * (begin < known.years.start))
            end = max(end, known.years.stop + spare * (known.years.stop < end))
        self._openings = openings(
            self.calendar, range(max(begin, FIRST_YEAR - 1), min(end, END_YEAR + 2))
        )
        return self._openings


def within_reach(moment: int) -> int:
    """The same instant, if calendars reach it.

    Raises:
        BeyondCalendar: it lies before 1900 or after 2300.
    """
    if not EARLIEST <= moment <= LATEST:
        raise BeyondCalendar(f"Calendars reach from {FIRST_YEAR} to {END_YEAR}, and no further.")
    return moment


@lru_cache(maxsize=256)
def worktime(calendar: Calendar) -> WorkTime:
    """The working time of a calendar: the same one for equal calendars, so that the years laid
    out serve everybody. Keep hold of it in a loop: finding it compares calendars."""
    return WorkTime(calendar)
