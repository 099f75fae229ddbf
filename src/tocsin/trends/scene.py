"""What the numbers of an answer are seen against: the question, the clocks, and the present."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from tocsin.domain.calendar import Calendar
from tocsin.domain.worktime import worktime
from tocsin.trends.definition import Trend
from tocsin.trends.periods import (
    Whole,
    day_of,
    days_of,
    first_days,
    next_period,
    of_day,
    starts_us,
)
from tocsin.trends.question import Grain, Question
from tocsin.worktime_arrays import elapsed_us

Partials = Mapping[str, pa.Table]
"""The sums of each part: columns `period`, `d_` dimensions, `k_` keys, `length`, `s_` sums."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that a trend needs to know besides its sums."""

    trend: Trend
    question: Question
    as_of_us: int
    """The present, as far as the lake knows."""
    years: tuple[int, int]
    calendar: Calendar | None

    @property
    def by(self) -> tuple[str, ...]:
        """The dimensions of the answer."""
        return self.trend.by(self.question)

    @cached_property
    def today(self) -> int:
        """The present day."""
        return int(self.days(np.array([self.as_of_us], np.int64))[0])

    def days(self, us: Whole) -> Whole:
        """The local days of instants."""
        return days_of(us, self.question.zone, self.years)

    def ends_us(self, days: Whole) -> Whole:
        """The instants at which local days end; of the present day, the present."""
        return np.minimum(starts_us(self.question.zone, days + 1), self.as_of_us)

    def elapsed_us(self, begins: Whole, ends: Whole) -> Whole:
        """How much time passed, as the calendar counts it."""
        if self.calendar is None:
            return ends - begins
        return elapsed_us(worktime(self.calendar), begins, ends)

    def periods_between(self, first_day: int, last_day: int) -> Whole:
        """The periods that the answer shows from one day to another."""
        grain, found = self.question.grain, []
        period, last = (int(of_day(day, grain)) for day in (first_day, last_day))
        while period <= last:
            found.append(period)
            period = next_period(period, grain)
        periods = np.array(found, np.int64)
        return periods[self.shown(periods)]

    def shown(self, periods: Whole) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
        """Which periods the answer shows."""
        firsts, asked = first_days(periods, self.question.grain), self.question
        wanted = np.ones(len(periods), np.bool_)
        if asked.since is not None:
            wanted &= firsts >= day_of(asked.since)
        if asked.until is not None:
            wanted &= firsts < day_of(asked.until)
        return wanted

    def last_days(self, periods: Whole) -> Whole:
        """The last day of each period, as far as there were any."""
        grain = self.question.grain
        if grain is Grain.ALL:
            return np.full(len(periods), self.today, np.int64)
        step = 7 if grain is Grain.WEEK else 1
        return np.minimum(first_days(periods + step, grain) - 1, self.today)
