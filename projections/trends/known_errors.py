"""How many incidents had a cause that was known, or were tied to a problem or a change.

An incident counts in the period of its report, as what it is linked to now: a known error that it
is linked to or whose fix was used, a problem record, a change. Those that were cancelled or
dismissed are left out.
"""

from tocsin.trends import Part, Trend
from tocsin.trends.measures import percent, total

VERSION = 1
TREND = Trend(
    title="Known errors",
    parts={
        "reported": Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: ~t.void,
            sums={
                "known": lambda t: t.known_errors > 0,
                "problems": lambda t: t.problems > 0,
                "changes": lambda t: t.changes > 0,
            },
        )
    },
    measures=(
        total("incidents", "reported", "Incidents that were reported."),
        total("known", "reported", "Of those, with a known error.", of="known"),
        percent("known_percent", ("reported", "known"), ("reported", "n"), "Of all."),
        total("with_problem", "reported", "Of those, with a problem record.", of="problems"),
        total("with_change", "reported", "Of those, with a change.", of="changes"),
    ),
)
