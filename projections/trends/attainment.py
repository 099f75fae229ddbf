"""How many promises were kept: service levels (SLA), and those of groups to each other (OLA).

Every promise on which there is a verdict counts, in the period of the verdict: when it was kept, or
when it was broken. Of incidents that were taken over from another system, what that one said of
their service level counts beside these as the agreement `elsewhere`, in the period of their
closure.
"""

import ibis

from tocsin.trends import USUAL, Dimension, Measure, Part, Trend, columns
from tocsin.trends.cells import Array, Cells
from tocsin.trends.measures import ratio

VERSION = 1
OURS, ELSEWHERE = "timers", "elsewhere"


def _met(cells: Cells) -> Array:
    return cells.total(OURS, "met") + cells.total(ELSEWHERE, "met")


def _breached(cells: Cells) -> Array:
    return cells.total(OURS, "breached") + cells.total(ELSEWHERE, "breached")


def _met_percent(cells: Cells) -> Array:
    met = _met(cells)
    return ratio(met, met + _breached(cells), factor=100)


TREND = Trend(
    title="Attainment",
    parts={
        OURS: Part(
            table="timers",
            moment="verdict_us",
            sums={"met": lambda t: t.verdict == "met", "breached": lambda t: t.verdict != "met"},
        ),
        ELSEWHERE: Part(
            table="incidents",
            moment="closed_us",
            rows=lambda t: t.system.notnull(),
            sums={"met": lambda t: ~t.marked_breached, "breached": "marked_breached"},
            dims={
                "agreement": lambda _: ibis.literal(ELSEWHERE),
                "measure": lambda _: ibis.literal("resolution"),
                "target": lambda _: ibis.literal(None, "string"),
                "holder": "group",
                "cycle": lambda t: t.reopens + 1,
                "policy_version": lambda _: ibis.literal(None, "int64"),
            },
        ),
    },
    measures=(
        Measure("met", "count", "Promises that were kept.", _met),
        Measure("breached", "count", "Promises that were broken.", _breached),
        Measure("met_percent", "percent", "Kept ones, of all.", _met_percent),
    ),
    dimensions=(
        Dimension("agreement", "`SLA`, `OLA`, or `elsewhere` for another system's verdict."),
        *columns("timers", "measure", "target", "holder", "cycle", "policy_version"),
        *USUAL,
    ),
    always=("agreement", "measure"),
)
