"""How many may come next? An interval that has kept its word on this very series, or none at all.

The forecast is the season before, which in measurements on such series nothing better beat. Its
interval is conformal: as wide as the errors that it made on this series so far (Vovk, Gammerman and
Shafer, "Algorithmic Learning in a Random World", 2005). Exchangeability, on which the theory's
promise rests, is not to be had in time; so the promise is tested: at each of many past days the
interval is made from what was known then, and has to hold what came as often as it says.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt

from tocsin.signals.limits import between
from tocsin.signals.series import Floats, Grain, Series

SEASON: dict[Grain, int] = {"day": 7, "week": 1}
LEARNT = 40
"""Errors that an interval is made from, at least."""
FOLDS = 40
"""Intervals that are tried, at least, each from another last period."""
REMEMBERED = 364
"""Errors that an interval is made from, at most, the last ones."""


@dataclass(frozen=True)
class Expected:
    """What a period may bring: `low` to `high` with the forecast's `nominal` probability."""

    when: date
    point: int
    low: int
    high: int


@dataclass(frozen=True)
class Forecast:
    """`coverage` is the share of `tried` intervals of the past that held what came."""

    expected: tuple[Expected, ...]
    nominal: float
    coverage: float
    worst_coverage: float
    tried: int


@dataclass(frozen=True)
class NoForecast:
    """There is none, and why; false, so that `if forecast(...)` asks whether there is one."""

    reason: str
    coverage: float | None = None
    tried: int = 0

    def __bool__(self) -> Literal[False]:
        return False


def forecast(
    series: Series, horizon: int, *, nominal: float = 0.8, tolerance: float = 0.06
) -> Forecast | NoForecast:
    """The next `horizon` periods, if intervals like these have been right so far.

    They have when, over at least 40 past days or weeks, the share of intervals that held what came
    is within `tolerance` of `nominal`; and for no single distance ahead farther than twice that.
    `worst_coverage` is that of the distance that is farthest off.

    Raises:
        BadParameter: `horizon` is not from 1 to 28, `nominal` from 0.5 to 0.95, or `tolerance` from
            0.01 to 0.2.
    """
    between("horizon", horizon, 1, 28)
    between("nominal", nominal, 0.5, 0.95)
    between("tolerance", tolerance, 0.01, 0.2)
    season = SEASON[series.grain]
    needed = season + LEARNT + FOLDS + 2 * horizon
    if len(series) < needed:
        return NoForecast(f"{len(series):,} {series.grain}s are too few: {needed} are needed.")
    level = 2.0 * np.sqrt(series.counts.astype(np.float64) + 0.375)
    folds = min(REMEMBERED, len(series) - needed + FOLDS)
    steps = range(1, horizon + 1)
    kept = np.column_stack([_kept(level, season, step, nominal, folds) for step in steps])
    by_step = kept.mean(axis=0)
    coverage, tried = float(kept.mean()), int(kept.shape[0])
    worst = float(by_step[np.abs(by_step - nominal).argmax()])
    for what, share, most in (("", coverage, 1.0), ("the worst distance ", worst, 2.0)):
        if abs(share - nominal) > most * tolerance + 1e-9:
            sentence = f"{what}intervals of {nominal:.0%} held {share:.0%} of {tried} past folds."
            return NoForecast(sentence[0].upper() + sentence[1:], coverage, tried)
    expected = tuple(_next(series, level, season, n, nominal) for n in steps)
    return Forecast(expected, nominal, coverage, worst, tried)


def _errors(level: Floats, season: int, step: int) -> Floats:
    """How far each period was from what was forecast `step` periods before, where one could be."""
    back = season * -(-step // season)
    errors: Floats = np.abs(level[back:] - level[:-back])
    return errors


def _width(errors: Floats, nominal: float) -> float:
    """The conformal quantile: the next of n + 1 exchangeable errors is no larger this often."""
    rank = int(np.ceil((errors.size + 1) * nominal))
    return float(np.sort(errors)[min(rank, errors.size) - 1])


def _kept(
    level: Floats, season: int, step: int, nominal: float, folds: int
) -> npt.NDArray[np.bool_]:
    """For each of the last periods, whether the interval of what was known then held what came.

    When a period is forecast `step` before, the errors of the `step` - 1 before it are not known.
    """
    errors = _errors(level, season, step)
    return np.array(
        [
            errors[n] <= _width(errors[max(0, n - step + 1 - REMEMBERED) : n - step + 1], nominal)
            for n in range(errors.size - folds, errors.size)
        ],
        dtype=np.bool_,
    )


def _next(series: Series, level: Floats, season: int, step: int, nominal: float) -> Expected:
    back = season * -(-step // season)
    place = len(series) + step - 1
    middle = float(level[place - back])
    width = _width(_errors(level, season, step)[-REMEMBERED:], nominal)
    low, high = (max(value, 0.0) ** 2 / 4.0 - 0.375 for value in (middle - width, middle + width))
    # Whole numbers that are in it; what is exactly at an end has been counted as held.
    return Expected(
        series.when(place),
        int(series.counts[place - back]),
        max(int(np.ceil(low - 1e-6)), 0),
        int(np.floor(high + 1e-6)),
    )
