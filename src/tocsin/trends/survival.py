"""Kaplan and Meier's estimate (1958) of how long it takes, with those counted that still wait.

Whoever still waits is known to take longer than so far, and is left out of the count only from
there on. Intervals are those of Greenwood's variance on the log-log scale, at 95 %.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tocsin.trends.lengths import Lengths, Real, Whole

NORMAL_95 = 1.959963984540054
_NOTHING_LEFT = -1_000.0
"""The logarithm of a share that is nothing: as good as minus infinity, and it can be added up."""


@dataclass(frozen=True, eq=False)
class Curves:
    """Of each row of an answer, the share that still waits after each length."""

    first: Whole
    """Where the curve of each row begins; one more at the end."""
    seconds: Real
    left: Real
    """The share that waits longer than that."""
    variance: Real
    """Greenwood's sum, of which the variance of the share is that many times its square."""

    def quantile(self, share: float) -> Real:
        """After how many seconds that share does not wait any more; NaN where it never came to
        that."""
        found = np.full(len(self.first) - 1, np.nan)
        rows = np.repeat(np.arange(len(found)), np.diff(self.first))
        reached = np.flatnonzero(self.left <= 1 - share + 1e-12)
        where, place = np.unique(rows[reached], return_index=True)
        found[where] = self.seconds[reached[place]]
        return found

    def done(self, seconds: float) -> tuple[Real, Real, Real]:
        """The share that is done after so many seconds, and between which it lies; NaN for rows
        without anybody."""
        place = self._place(seconds)
        there = place >= 0
        left = np.where(there, self.left[place], 1.0)
        spread = np.where(there, np.sqrt(self.variance[place]), 0.0)
        left[np.diff(self.first) == 0] = np.nan
        with np.errstate(divide="ignore", invalid="ignore"):
            bend = np.exp(NORMAL_95 * spread / np.log(left))
            low, high = left ** (1 / bend), left**bend
        sure = (left <= 0) | (left >= 1)
        low, high = np.where(sure, left, low), np.where(sure, left, high)
        return 1 - left, 1 - high, 1 - low

    def _place(self, seconds: float) -> Whole:
        """Of each row, the last length that is no longer than that; -1 where there is none."""
        short = np.concatenate([[0], np.cumsum(self.seconds <= seconds)])
        count = short[self.first[1:]] - short[self.first[:-1]]
        found: Whole = np.where(count > 0, self.first[:-1] + count - 1, -1)
        return found


@lru_cache(maxsize=1)
def curves(done: Lengths, waiting: Lengths) -> Curves:
    """The curves of all rows, from how long it took and how long others have waited so far."""
    size = done.size
    rows = np.concatenate([done.rows, waiting.rows])
    marks = np.concatenate([done.marks, waiting.marks])
    ended = np.concatenate([done.counts, np.zeros(len(waiting.counts), np.int64)])
    gone = np.concatenate([done.counts, waiting.counts])
    order = np.lexsort((marks, rows))
    rows, marks, ended, gone = (each[order] for each in (rows, marks, ended, gone))
    new = np.ones(len(rows), np.bool_)
    new[1:] = (rows[1:] != rows[:-1]) | (marks[1:] != marks[:-1])
    starts = np.flatnonzero(new)
    rows, marks = rows[starts], marks[starts]
    ended, gone = (_sums(each, starts) for each in (ended, gone))
    first = np.searchsorted(rows, np.arange(size + 1))
    there = np.cumsum(gone) - gone
    number = np.zeros(size, np.int64)
    np.add.at(number, rows, gone)
    at_risk = number[rows] - (there - there[first[:-1]][rows] if len(rows) else there)
    rest = at_risk - ended
    with np.errstate(divide="ignore"):
        steps = np.where(rest > 0, np.log(rest / at_risk), _NOTHING_LEFT)
        spread = np.where(rest > 0, ended / (at_risk * np.maximum(rest, 1)), 0.0)
    return Curves(
        first,
        Lengths(rows, marks, gone, size, done.exact).seconds,
        np.exp(_running(steps, first, rows)),
        _running(spread, first, rows),
    )


def _sums(values: Whole, starts: Whole) -> Whole:
    found: Whole = np.add.reduceat(values, starts) if len(starts) else values
    return found


def _running(values: NDArray[np.float64], first: Whole, rows: Whole) -> Real:
    """Running sums that begin anew with each row."""
    reached = np.concatenate([[0.0], np.cumsum(values)])
    found: Real = reached[1:] - reached[first[:-1]][rows]
    return found
