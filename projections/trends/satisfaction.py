"""What the people affected say of how their incident was handled.

Of the incidents that were resolved in a period: how many of them were confirmed to be resolved, how
many of those with a mark, and which. 1 is very dissatisfied, 5 very satisfied; 4 and 5 count as
satisfied. What a reopening or a rejection takes back is not in it.
"""

from tocsin.trends import USUAL, Dimension, Part, Trend
from tocsin.trends.measures import average, percent, total

VERSION = 1
TREND = Trend(
    title="Satisfaction",
    parts={
        "resolved": Part(
            table="incidents",
            moment="resolved_us",
            rows=lambda t: ~t.void,
            sums={
                "confirmed": "confirmed",
                "marked": lambda t: t.satisfaction.notnull(),
                "marks": lambda t: t.satisfaction.fill_null(0),
                "satisfied": lambda t: t.satisfaction.fill_null(0) >= 4,
                "dissatisfied": lambda t: t.satisfaction.fill_null(5) <= 2,
            },
        )
    },
    measures=(
        total("resolved", "resolved", "Incidents that were resolved."),
        total("confirmed", "resolved", "Of those, confirmed by those affected.", of="confirmed"),
        percent("confirmed_percent", ("resolved", "confirmed"), ("resolved", "n"), "Of those."),
        total("marked", "resolved", "Incidents with a mark.", of="marked"),
        average(
            "mean_mark",
            ("resolved", "marks"),
            ("resolved", "marked"),
            "The mean of all marks, from 1 to 5.",
            unit="mark",
        ),
        percent(
            "satisfied_percent",
            ("resolved", "satisfied"),
            ("resolved", "marked"),
            "Marks of 4 and 5, of all marks.",
        ),
        percent(
            "dissatisfied_percent",
            ("resolved", "dissatisfied"),
            ("resolved", "marked"),
            "Marks of 1 and 2, of all marks.",
        ),
    ),
    dimensions=(*USUAL, Dimension("mark", "The mark that was given.", "number", "satisfaction")),
)
