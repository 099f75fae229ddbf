"""Made-up histories of which the truth is known: nothing happens in them but what was planted."""

from datetime import date

import numpy as np

from tocsin.signals.recurrences import DAY, Occurrence
from tocsin.signals.series import Floats, Grain, Series

START = date(2024, 1, 1)
"""A Monday."""
WEEK = np.array([1.25, 1.15, 1.1, 1.05, 1.0, 0.25, 0.2])
"""What a weekday is worth: an office's week."""


def drawn(dice: np.random.Generator, means: Floats, dispersion: float = 1.0) -> Floats:
    """Counts of these means: Poisson, or negative binomial of variance `dispersion` x mean."""
    if dispersion > 1.0:
        means = dice.gamma(np.maximum(means, 1e-9) / (dispersion - 1.0)) * (dispersion - 1.0)
    return dice.poisson(means).astype(np.float64)


def series(counts: Floats, grain: Grain = "day", start: date = START) -> Series:
    return Series(start, grain, counts.astype(np.int64))


def flat(periods: int, mean: float) -> Floats:
    return np.full(periods, mean)


def office(days: int, mean: float) -> Floats:
    """A flat year of an office: weekdays, and nothing else."""
    return mean * WEEK[np.arange(days) % 7]


def drifting(dice: np.random.Generator, means: Floats, step: float) -> Floats:
    """The same with a level that wanders, by `step` of itself in each period."""
    drifted: Floats = means * np.exp(np.cumsum(dice.normal(0.0, step, means.size)))
    return drifted


def remembering(dice: np.random.Generator, means: Floats, memory: float, spread: float) -> Floats:
    """The same with good and bad times: each period remembers the one before (AR(1))."""
    steps = dice.normal(0.0, spread * np.sqrt(1.0 - memory**2), means.size)
    state = np.zeros(means.size)
    for n in range(1, means.size):
        state[n] = memory * state[n - 1] + steps[n]
    remembered: Floats = means * np.exp(state)
    return remembered


def category_weeks(
    dice: np.random.Generator, keys: int, growth: float, dispersion: float
) -> dict[str, Series]:
    """Thirty weeks of many categories, large and small; the last four weeks grow together."""
    sizes = np.exp(dice.normal(1.0, 1.2, keys))
    weeks = np.r_[flat(26, 1.0), flat(4, growth)]
    return {
        f"category {n}": series(drawn(dice, size * weeks, dispersion), "week")
        for n, size in enumerate(sizes)
    }


def occurrences(
    dice: np.random.Generator, kinds: int, days: int, planted: int = 0
) -> list[Occurrence]:
    """Incidents of many kinds, each at its own constant rate, and a heap of one more kind."""
    rates = np.exp(dice.normal(-5.0, 1.5, kinds))
    times = [(n, at) for n, rate in enumerate(rates) for at in _poisson(dice, rate, days)]
    made = [_occurrence(at, f"item {n}") for n, at in times]
    start = dice.uniform(60, days - 30)
    return made + [_occurrence(start + dice.uniform(0, 30), "planted") for _ in range(planted)]


def _poisson(dice: np.random.Generator, rate: float, days: int) -> list[float]:
    at: list[float] = dice.uniform(0, days, dice.poisson(rate * days)).tolist()
    return at


def _occurrence(at: float, item: str) -> Occurrence:
    name = f"{item} {at:.5f}"
    return Occurrence(name, name, int(at * DAY), "service", item, "category", False)
