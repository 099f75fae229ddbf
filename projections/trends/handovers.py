"""How often incidents went from one group to the next, and back again.

An incident counts in the period of its report. A handover is from one group to another; a
reassignment is also one from a group to nobody; and a return is to a group that had had it before:
an incident with returns was played back and forth. Those that were cancelled or dismissed are left
out.
"""

from tocsin.trends import USUAL, Dimension, Part, Trend
from tocsin.trends.measures import average, percent, total

VERSION = 1
TREND = Trend(
    title="Handovers",
    parts={
        "reported": Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: ~t.void,
            sums={
                "handed_over": lambda t: t.handovers > 0,
                "handovers": "handovers",
                "reassignments": "reassignments",
                "returned": lambda t: t.returns > 0,
                "returns": "returns",
                "groups": "groups",
            },
        )
    },
    measures=(
        total("incidents", "reported", "Incidents that were reported."),
        total("handed_over", "reported", "Of those, handed over at least once.", of="handed_over"),
        percent("handed_over_percent", ("reported", "handed_over"), ("reported", "n"), "Of all."),
        total("handovers", "reported", "From group to group.", of="handovers", unit="count"),
        average("handovers_each", ("reported", "handovers"), ("reported", "n"), "On average."),
        total(
            "reassignments",
            "reported",
            "On from a group, be it to another one or to nobody.",
            of="reassignments",
            unit="count",
        ),
        total("returned", "reported", "Incidents that came back to a group.", of="returned"),
        percent("returned_percent", ("reported", "returned"), ("reported", "n"), "Of all."),
        total("returns", "reported", "How often they came back.", of="returns", unit="count"),
        average("groups_each", ("reported", "groups"), ("reported", "n"), "Groups that had it."),
    ),
    dimensions=(
        *USUAL,
        Dimension("times", "How often it was handed over.", "number", "handovers"),
    ),
)
