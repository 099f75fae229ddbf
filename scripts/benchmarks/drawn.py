"""How the series of a benchmark are told apart in a picture, with and without colours."""

from collections.abc import Sequence
from typing import Any

import altair

from tocsin.charts.palette import styles


def told_apart(base: Any, names: Sequence[str]) -> tuple[Any, Any]:
    """A line and its dots for each of these series of a chart."""
    looks = styles(len(names), others=False)
    kinds = base.encode(color=_told("Color", names, [look.colour for look in looks]))
    lines = kinds.mark_line().encode(
        strokeDash=_told("StrokeDash", names, [list(look.dash) or [1, 0] for look in looks])
    )
    dots = kinds.mark_point(filled=True, size=70).encode(
        shape=_told("Shape", names, [look.shape for look in looks])
    )
    return lines, dots


def _told(channel: str, names: Sequence[str], looks: Sequence[Any]) -> Any:
    scale = altair.Scale(domain=[*names], range=[*looks])
    return getattr(altair, channel)("series:N", title=None, scale=scale, sort=None)
