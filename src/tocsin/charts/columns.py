"""Sides against each other: for each category one column a side, one panel under the other."""

from collections.abc import Sequence
from typing import Any

import altair

from tocsin.charts.inputs import Panel
from tocsin.charts.palette import styles
from tocsin.charts.picture import Chart, framed

HEIGHT, STEP = 200, 16


def drawn(
    panels: Sequence[Panel],
    sides: Sequence[str],
    *,
    title: str,
    definition: str = "",
    footer: Sequence[str] = (),
    number: str,
    legend: str,
) -> Chart:
    """The panels; `number` says what is counted, `legend` what the sides are."""
    bodies = [_panel(each, sides, number, legend) for each in panels]
    body = altair.vconcat(*bodies)
    return framed(body, title=title, definition=definition, footer=footer)


def _panel(panel: Panel, sides: Sequence[str], number: str, legend: str) -> Any:
    values = [
        {"category": category, "side": side, "number": count}
        for category, counts in panel["rows"]
        for side, count in zip(sides, counts, strict=True)
    ]
    colours = [style.colour for style in styles(len(sides), others=False)]
    angle = -90 if panel["upright"] else 0
    return (
        altair.Chart(altair.InlineData(values=values), title=panel["title"])
        .mark_bar()
        .encode(
            x=altair.X(
                "category:O",
                title=panel["category"],
                sort=None,
                axis=altair.Axis(labelAngle=angle),
            ),
            xOffset=altair.XOffset("side:N", sort=[*sides]),
            y=altair.Y("number:Q", title=number, axis=altair.Axis(tickMinStep=1)),
            color=altair.Color(
                "side:N",
                title=legend,
                sort=[*sides],
                scale=altair.Scale(domain=[*sides], range=colours),
            ),
        )
        .properties(height=HEIGHT, width=altair.Step(STEP))
    )
