"""How figures of several runs are said."""

from collections.abc import Sequence
from statistics import median


def spread(figures: Sequence[float], digits: int = 0) -> str:
    """The median, and in brackets the least and the most, unless there is only one."""
    if not figures:
        return "-"
    middle, least, most = (f"{f(figures):,.{digits}f}" for f in (median, min, max))
    return middle if len(figures) == 1 else f"{middle} ({least} to {most})"


def at_percent(figures: Sequence[float], percent: float) -> float:
    """The figure that so many per cent do not exceed."""
    ranked = sorted(figures)
    return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))] if ranked else 0.0
