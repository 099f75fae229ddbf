"""The measures that most trends are made of: totals, shares, means and percentiles."""

from collections.abc import Callable

import numpy as np

from tocsin.trends.cells import Array, Cells
from tocsin.trends.definition import Measure

HOUR = 3600
PERCENTILES = ((0.5, "p50"), (0.9, "p90"), (0.99, "p99"))


def ratio(part: Array, whole: Array, digits: int = 3, factor: float = 1.0) -> Array:
    """One through the other, row by row; NaN where the other is nothing."""
    divided = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole != 0)
    found: Array = np.round(divided * factor, digits)
    return found


def total(name: str, part: str, doc: str, *, of: str = "n", unit: str = "incidents") -> Measure:
    """A sum as it is."""
    return Measure(name, unit, doc, lambda cells: cells.total(part, of))


def percent(name: str, part: tuple[str, str], whole: tuple[str, str], doc: str) -> Measure:
    """One sum as percent of another."""
    return Measure(
        name, "percent", doc, lambda c: ratio(c.total(*part), c.total(*whole), factor=100)
    )


def average(
    name: str, part: tuple[str, str], whole: tuple[str, str], doc: str, *, unit: str = "count"
) -> Measure:
    """One sum through another."""
    return Measure(name, unit, doc, lambda c: ratio(c.total(*part), c.total(*whole)))


def hours(name: str, part: str, doc: str, *, of: str = "seconds") -> Measure:
    """A sum of seconds, in hours."""
    return Measure(name, "hours", doc, lambda c: np.round(c.total(part, of) / HOUR, 3))


def times(part: str, *, prefix: str = "", what: str = "it took") -> tuple[Measure, ...]:
    """Mean and percentiles of how long things lasted."""
    before = f"{prefix}_" if prefix else ""
    mean = Measure(
        f"{before}mean_seconds",
        "seconds",
        f"How long {what} on average: exact, whatever the resolution.",
        lambda c: ratio(c.total(part, "seconds"), c.total(part)),
    )
    return (mean, *(_percentile(part, before, share, name, what) for share, name in PERCENTILES))


def _percentile(part: str, before: str, share: float, name: str, what: str) -> Measure:
    return Measure(
        f"{before}{name}_seconds",
        "seconds",
        f"How long {what} in {share:.0%} of the cases at most.",
        _quantile(part, share),
    )


def _quantile(part: str, share: float) -> Callable[[Cells], Array]:
    def worked_out(cells: Cells) -> Array:
        lengths = cells.lengths.get(part)
        return np.full(cells.size, np.nan) if lengths is None else lengths.quantile(share)

    return worked_out
