"""How many incidents were reported, resolved and closed in each period.

An incident counts as reported in the period of its report, as resolved when it was resolved for
good as far as is known, and as closed when it was closed. One that was cancelled, or dismissed as a
false positive, counts as reported, and as void in the same period.
"""

from tocsin.trends import USUAL, Part, Trend, columns
from tocsin.trends.measures import percent, total

VERSION = 1
TREND = Trend(
    title="Volume",
    parts={
        "reported": Part(
            table="incidents", moment="reported_us", sums={"void": "void", "major": "major"}
        ),
        "resolved": Part(table="incidents", moment="resolved_us"),
        "closed": Part(table="incidents", moment="closed_us"),
    },
    measures=(
        total("reported", "reported", "Incidents that were reported."),
        total("resolved", "resolved", "Incidents that were resolved."),
        total("closed", "closed", "Incidents that were closed."),
        total("void", "reported", "Of those reported, cancelled or dismissed since.", of="void"),
        percent("void_percent", ("reported", "void"), ("reported", "n"), "Of those reported."),
    ),
    dimensions=(
        *USUAL,
        *columns(
            "incidents",
            "status",
            "impact",
            "urgency",
            "first_category",
            "first_priority",
            "resolution_code",
            "closure_code",
            "system",
        ),
    ),
)
