"""A series in the height of one line: eight steps from nothing to the most there is."""

from collections.abc import Sequence

STEPS = "▁▂▃▄▅▆▇█"
GAP = " "
"""Where there is no number."""
WIDEST = 60


def sparkline(values: Sequence[float | None], widest: int = WIDEST) -> str:
    """The values from 0 to the largest; of more than fit, neighbours are shown by their mean."""
    shown = _fitted(values, widest)
    most = max((value for value in shown if value is not None), default=0.0)
    return "".join(_step(value, most) for value in shown)


def _step(value: float | None, most: float) -> str:
    if value is None:
        return GAP
    if most <= 0 or value <= 0:
        return STEPS[0]
    # Whatever is more than nothing is seen to be.
    return STEPS[max(1, round(value / most * (len(STEPS) - 1)))]


def _fitted(values: Sequence[float | None], widest: int) -> list[float | None]:
    if len(values) <= widest:
        return [*values]
    fitted: list[float | None] = []
    for column in range(widest):
        first, end = column * len(values) // widest, (column + 1) * len(values) // widest
        known = [value for value in values[first:end] if value is not None]
        fitted.append(sum(known) / len(known) if known else None)
    return fitted
