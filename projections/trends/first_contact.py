"""How many incidents the first group resolved, without passing them on.

Of the incidents that were resolved in a period: those that never left their first group, were not
escalated to other skills, and were not reopened. Those that were cancelled or dismissed are left
out.
"""

from tocsin.trends import Part, Trend
from tocsin.trends.measures import percent, total

VERSION = 1
TREND = Trend(
    title="First-contact resolution",
    parts={
        "resolved": Part(
            table="incidents",
            moment="resolved_us",
            rows=lambda t: ~t.void,
            sums={"first_contact": "first_contact"},
        )
    },
    measures=(
        total("resolved", "resolved", "Incidents that were resolved."),
        total("first_contact", "resolved", "Of those, at first contact.", of="first_contact"),
        percent(
            "first_contact_percent", ("resolved", "first_contact"), ("resolved", "n"), "Of those."
        ),
    ),
)
