"""How unlikely is a count? Tails, dispersion, and what to do when many are asked at a time.

A count whose expectation is itself estimated is negative binomial: a Poisson count whose rate is
gamma distributed has just that law. Where the variance is not above the mean it is Poisson.
"""

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, gammainc, gammaincc

from tocsin.signals.series import Floats

POISSON = 1.0 + 1e-6
"""Variance by mean up to which a count is taken for Poisson; nearer to 1 the size overflows."""
TINY = 1e-12


def at_least(observed: npt.ArrayLike, mean: npt.ArrayLike, variance: npt.ArrayLike) -> Floats:
    """P(X >= observed), element by element, for a count of this mean and variance."""
    count, middle, size, share = _shape(observed, mean, variance)
    poisson = gammainc(np.maximum(count, TINY), middle)
    negative = betainc(np.maximum(count, TINY), size, 1.0 - share)
    return _pick(np.where(count <= 0, 1.0, np.where(share < 1.0, negative, poisson)))


def at_most(observed: npt.ArrayLike, mean: npt.ArrayLike, variance: npt.ArrayLike) -> Floats:
    """P(X <= observed), element by element, for a count of this mean and variance."""
    count, middle, size, share = _shape(observed, mean, variance)
    poisson = gammaincc(count + 1.0, middle)
    negative = betainc(size, count + 1.0, np.minimum(share, 1.0))
    return _pick(np.where(share < 1.0, negative, poisson))


def _shape(
    observed: npt.ArrayLike, mean: npt.ArrayLike, variance: npt.ArrayLike
) -> tuple[Floats, Floats, Floats, Floats]:
    """Count, mean, and the two parameters of the negative binomial; a share of 1 is Poisson."""
    count = np.asarray(observed, dtype=np.float64)
    middle = np.maximum(np.asarray(mean, dtype=np.float64), TINY)
    spread = np.maximum(np.asarray(variance, dtype=np.float64), middle)
    wide = spread > middle * POISSON
    size = np.where(wide, middle**2 / np.where(wide, spread - middle, 1.0), 1.0)
    return count, middle, size, np.where(wide, middle / spread, 1.0)


def _pick(values: Floats) -> Floats:
    return np.clip(values, 0.0, 1.0)


def dispersions(observed: Floats, expected: Floats) -> Floats:
    """Variance by mean of each row of counts around what was expected (Pearson).

    No less than that of all rows together, and than the 1 of Poisson: a row of few incidents shows
    little of its own. McCullagh and Nelder, "Generalized Linear Models", 1989, section 6.2.
    """
    freedom = max(observed.shape[1] - 1, 1)
    each = ((observed - expected) ** 2 / np.maximum(expected, TINY)).sum(axis=1) / freedom
    filled = expected.sum(axis=1) > 0
    together = float(each[filled].mean()) if filled.any() else 1.0
    return np.maximum(np.where(filled, each, 1.0), max(together, 1.0))


def adjusted(p_values: Floats) -> Floats:
    """What share of false discoveries each p-value stands for, in the order given.

    Benjamini and Hochberg, "Controlling the false discovery rate", JRSS B 57, 1995.
    """
    order = np.argsort(p_values, kind="stable")
    ranked = p_values[order] * p_values.size / np.arange(1, p_values.size + 1)
    smallest = np.minimum.accumulate(ranked[::-1])[::-1]
    shares = np.empty_like(smallest)
    shares[order] = np.minimum(smallest, 1.0)
    return shares
