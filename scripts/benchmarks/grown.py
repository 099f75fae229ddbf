"""The picture of growing: each figure as times of what it is on the smallest log."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import altair
from drawn import told_apart

from tocsin.charts.picture import Chart, framed

FLAT = 1.5


def picture(found: Sequence[Mapping[str, Any]], figures: Mapping[str, str]) -> Chart:
    """A line for each figure over the number of incidents, and the bound of what counts as flat."""
    sizes = sorted({each["incidents"] for each in found})
    points = []
    for name, said in figures.items():
        by = {s: median([each[name] for each in found if each["incidents"] == s]) for s in sizes}
        series = said.partition(",")[0]
        points += [
            {"series": series, "incidents": size, "times": by[size] / by[sizes[0]]}
            for size in sizes
        ]
    names = list(dict.fromkeys(point["series"] for point in points))
    base = altair.Chart(altair.InlineData(values=points)).encode(
        x=altair.X(
            "incidents:Q",
            title="incidents in the log",
            scale=altair.Scale(type="log", nice=False),
            axis=altair.Axis(values=sizes, format=",.0f"),
        ),
        y=altair.Y("times:Q", title="times of the smallest log", scale=altair.Scale(zero=True)),
    )
    lines, dots = told_apart(base, names)
    bound = altair.Chart(altair.InlineData(values=[{"flat": FLAT}])).mark_rule(
        strokeDash=[2, 2], color="#666666"
    )
    return framed(
        altair.layer(bound.encode(y="flat:Q"), lines, dots).properties(width=720, height=300),
        title="What growing costs",
        definition="Medians, each beside its own on the smallest log. Up to the dotted line counts"
        " as flat.",
        footer=["One made-up history of eight events an incident, at three lengths."],
    )
