"""Which days were unlike what the days before let one expect?

The baseline is that of `baseline`; a count is judged by the tail of a negative binomial around it,
and a signal is given for one day that is all but impossible, or for several in a row that are
unlikely: one unlikely day alone happens often, when there are many days.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from tocsin.signals.baseline import expectations
from tocsin.signals.limits import BadParameter, between
from tocsin.signals.series import Series
from tocsin.signals.tails import at_least, at_most


@dataclass(frozen=True)
class UnusualDay:
    """So many where so many were expected.

    `tail` is the probability of a count as far out or farther on that side, were the day like
    those before it. `in_a_row` counts the days, this one included, that were unlikely on the same
    side without a break.
    """

    when: date
    observed: int
    expected: float
    tail: float
    in_a_row: int

    @property
    def high(self) -> bool:
        """Whether there were more than expected."""
        return self.observed > self.expected


def unusual_days(
    series: Series,
    *,
    holidays: Collection[date] = (),
    extreme: float = 1e-4,
    unlikely: float = 0.02,
    row: int = 3,
    least: int = 3,
    history: int = 42,
) -> tuple[UnusualDay, ...]:
    """Every day that stands out, in order of time, each judged by the days before it only.

    A day is reported when its tail is at most `extreme`; or from the `row`-th day on, when days
    without a break have a tail of at most `unlikely` on the same side. Fewer than `least`
    incidents more or less than expected are never reported. The first `history` days are not
    judged. A day among `holidays` is expected to be like a Sunday.

    Raises:
        BadParameter: the series is not one of days, or a number is out of its range.
    """
    if series.grain != "day":
        raise BadParameter("series", "must be one of days, to find days in it.")
    between("extreme", extreme, 0.0, 0.01)
    between("unlikely", unlikely, extreme, 0.1)
    between("row", row, 1, 28)
    between("least", least, 0, 1_000_000)
    between("history", history, 28, 366)
    first = int(history)
    if len(series) <= first:
        return ()
    mean, variance = expectations(series, holidays, first)
    counts = series.counts[first:]
    high, low = at_least(counts, mean, variance), at_most(counts, mean, variance)
    far = np.abs(counts - mean) >= least
    found = []
    for tails, side in ((high, counts > mean), (low, counts < mean)):
        runs = _runs(side & far & (tails <= unlikely))
        alarms = side & far & ((tails <= extreme) | (runs >= row))
        found += [(int(n), float(tails[n]), max(1, int(runs[n]))) for n in np.flatnonzero(alarms)]
    return tuple(
        UnusualDay(series.when(first + n), int(counts[n]), float(mean[n]), tail, run)
        for n, tail, run in sorted(found)
    )


def _runs(marked: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """How many marked places end at each place without a break."""
    places = np.arange(1, marked.size + 1)
    return places - np.maximum.accumulate(np.where(marked, 0, places))
