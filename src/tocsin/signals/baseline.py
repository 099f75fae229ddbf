"""What would a day be like, were it like the days before it?

A weekday's share times a level that moves slowly, from the last twelve weeks; days that stood out
count for less, as in the algorithm by which health authorities watch for outbreaks (Farrington
et al., "A statistical algorithm for the early detection of outbreaks of infectious disease", JRSS A
159, 1996; the weights are those of Noufaily et al., Statistics in Medicine 32, 2013).
"""

from collections.abc import Collection
from datetime import date

import numpy as np
import numpy.typing as npt

from tocsin.signals.series import Floats, Series

WEEKS = 12
BLOCK = 28
"""Days that share one level."""
WINDOW = 7 * WEEKS
BLOCKS = WINDOW // BLOCK
SUNDAY = 6
ROUNDS = 4
"""Of weighing days down by how far they are from what the others let one expect."""
OUTLYING = 2.58
"""Residual from which on a day counts for less: 1 in 100 of a normal one."""
PORTION = 1_000
"""Days judged at a time, each with its window: it bounds the memory."""


def expectations(series: Series, holidays: Collection[date], first: int) -> tuple[Floats, Floats]:
    """Mean and variance of the count of each day from place `first` on, by the days before it.

    The variance is that of the count around a mean that is itself uncertain: the estimates of the
    weekday and of the level are worth as many incidents as they are made from.
    """
    kinds = _kinds(series, holidays)
    windows = np.lib.stride_tricks.sliding_window_view
    # Before the series there is nothing, and nothing has no weight.
    counts = windows(np.r_[np.zeros(WINDOW), series.counts.astype(np.float64)], WINDOW)
    before = windows(np.r_[np.full(WINDOW, -1), kinds], WINDOW)
    parts = [
        _expected(counts[n:stop], before[n:stop], kinds[n:stop])
        for n in range(first, len(series), PORTION)
        for stop in [min(n + PORTION, len(series))]
    ]
    means, variances = zip(*parts, strict=True)
    return np.concatenate(means), np.concatenate(variances)


def _kinds(series: Series, holidays: Collection[date]) -> npt.NDArray[np.int64]:
    """The weekday of each day from Monday = 0 on; a holiday is a Sunday."""
    kinds = (series.start.weekday() + np.arange(len(series))) % 7
    for day in holidays:
        place = (day - series.start).days
        if 0 <= place < len(series):
            kinds[place] = SUNDAY
    return kinds


def _expected(
    counts: Floats, before: npt.NDArray[np.int64], kinds: npt.NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """One row per day that is judged: its window, the kinds of days in it, and its own kind."""
    there = (before >= 0).astype(np.float64)
    weights = there
    for _ in range(ROUNDS):
        fit = _Fit(counts, before, weights)
        weights = there * fit.weights(counts)
    fit = _Fit(counts, before, weights)
    rows = np.arange(len(kinds))
    level, weekday = fit.levels[:, -1], fit.weekdays[rows, kinds]
    mean = level * weekday
    worth = 1.0 / (fit.counted[rows, kinds] + 0.5) + 1.0 / (fit.counted_lately + 0.5)
    return mean, fit.dispersion * mean * (1.0 + mean * worth)


class _Fit:
    """Weekdays and levels of many windows at a time, by weighted means.

    Each weekday's mean leans on that of all days, and each level on 1, by the worth of one
    incident, so that a window with nothing in it still says something.
    """

    def __init__(self, counts: Floats, kinds: npt.NDArray[np.int64], weights: Floats) -> None:
        weighted = counts * weights
        of_kind = [kinds == kind for kind in range(7)]
        days = np.stack([np.where(each, weights, 0.0).sum(axis=1) for each in of_kind], axis=1)
        self.counted = np.stack(
            [np.where(each, weighted, 0.0).sum(axis=1) for each in of_kind], axis=1
        )
        overall = (weighted.sum(axis=1) + 0.5) / np.maximum(weights.sum(axis=1), 1.0)
        self.weekdays = (self.counted + 1.0) / (days + 1.0 / overall[:, np.newaxis])
        shape = (len(counts), BLOCKS, BLOCK)
        by_weekday = np.take_along_axis(self.weekdays, np.maximum(kinds, 0), axis=1)
        expected = (by_weekday * weights).reshape(shape).sum(axis=2)
        counted = weighted.reshape(shape).sum(axis=2)
        self.counted_lately = counted[:, -1]
        self.levels = (counted + 1.0) / (expected + 1.0)
        self.means = by_weekday * np.repeat(self.levels, BLOCK, axis=1)
        freedom = np.maximum(weights.sum(axis=1) - 7.0 - BLOCKS + 1.0, 1.0)
        squares = weights * (counts - self.means) ** 2 / self.means
        self.dispersion = np.maximum(squares.sum(axis=1) / freedom, 1.0)

    def weights(self, counts: Floats) -> Floats:
        """What each day is worth: 1, or less the farther it is out (Anscombe residuals)."""
        steps = 2.0 * (np.sqrt(counts + 0.375) - np.sqrt(self.means + 0.375))
        far = np.abs(steps) / np.sqrt(self.dispersion)[:, np.newaxis]
        kept: Floats = np.minimum(1.0, (OUTLYING / np.maximum(far, OUTLYING)) ** 2)
        return kept
