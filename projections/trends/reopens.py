"""How many of those that were done with had to be opened again.

An incident counts in the period in which it was first resolved, or closed without that: then its
work was said to be done. `times` slices by how often it was reopened.
"""

from tocsin.trends import USUAL, Dimension, Part, Trend, columns
from tocsin.trends.measures import percent, total

VERSION = 1
TREND = Trend(
    title="Reopens",
    parts={
        "done": Part(
            table="incidents",
            moment=lambda t: t.first_resolved_us.fill_null(t.closed_us),
            rows=lambda t: ~t.void,
            sums={
                "reopened": lambda t: t.reopens > 0,
                "reopens": "reopens",
                "rejections": "rejections",
            },
        )
    },
    measures=(
        total("done", "done", "Incidents that were resolved, or closed, for the first time."),
        total("reopened", "done", "Of those, how many were reopened since.", of="reopened"),
        percent("reopened_percent", ("done", "reopened"), ("done", "n"), "Of those."),
        total("reopens", "done", "How often, all together.", of="reopens", unit="count"),
        total(
            "rejections",
            "done",
            "How often the person affected said that service was not back.",
            of="rejections",
            unit="count",
        ),
    ),
    dimensions=(
        *USUAL,
        Dimension("times", "How often it was reopened.", "number", "reopens"),
        *columns("incidents", "resolution_code"),
    ),
)
