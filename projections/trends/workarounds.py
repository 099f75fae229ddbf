"""How many incidents were made bearable by a workaround before they were resolved.

An incident counts in the period of its report. How long users were without a way to work is what
`mitigate-time` measures. Those that were cancelled or dismissed are left out.
"""

from tocsin.trends import Part, Trend
from tocsin.trends.measures import percent, total

VERSION = 1
TREND = Trend(
    title="Workarounds",
    parts={
        "reported": Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: ~t.void,
            sums={
                "offered": lambda t: t.workarounds_proposed > 0,
                "helped": lambda t: t.workarounds_applied > 0,
                "proposed": "workarounds_proposed",
                "applied": "workarounds_applied",
            },
        )
    },
    measures=(
        total("incidents", "reported", "Incidents that were reported."),
        total("offered", "reported", "Of those, with a workaround proposed.", of="offered"),
        total("helped", "reported", "Of those, with a workaround applied.", of="helped"),
        percent("helped_percent", ("reported", "helped"), ("reported", "n"), "Of all."),
        total("proposed", "reported", "Workarounds proposed.", of="proposed", unit="count"),
        total("applied", "reported", "Workarounds applied.", of="applied", unit="count"),
    ),
)
