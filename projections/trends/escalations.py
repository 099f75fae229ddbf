"""How many incidents needed other skills or other rank.

An incident counts in the period of its report. A functional escalation asks for other skills, a
hierarchical one for other rank; priorities that were made more or less urgent stand beside them.
Those that were cancelled or dismissed are left out.
"""

from tocsin.trends import USUAL, Part, Trend, columns
from tocsin.trends.measures import percent, total

VERSION = 1
TREND = Trend(
    title="Escalations",
    parts={
        "reported": Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: ~t.void,
            sums={
                "escalated": lambda t: (t.escalations_functional + t.escalations_hierarchical) > 0,
                "functional": "escalations_functional",
                "hierarchical": "escalations_hierarchical",
                "raised_incidents": lambda t: t.raised > 0,
                "raised": "raised",
                "lowered": "lowered",
            },
        )
    },
    measures=(
        total("incidents", "reported", "Incidents that were reported."),
        total("escalated", "reported", "Of those, escalated in any way.", of="escalated"),
        percent("escalated_percent", ("reported", "escalated"), ("reported", "n"), "Of all."),
        total("functional", "reported", "To other skills.", of="functional", unit="count"),
        total("hierarchical", "reported", "To other rank.", of="hierarchical", unit="count"),
        total(
            "raised_incidents",
            "reported",
            "Incidents whose priority was made more urgent.",
            of="raised_incidents",
        ),
        total("raised", "reported", "How often it was, in all.", of="raised", unit="count"),
        total(
            "lowered",
            "reported",
            "How often a priority was made less urgent.",
            of="lowered",
            unit="count",
        ),
    ),
    dimensions=(*USUAL, *columns("incidents", "first_priority", "first_category")),
)
