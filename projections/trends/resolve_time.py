"""How long it took to resolve an incident: for good, and for the first time.

From the report to the resolution, in the period of that resolution. The last one counts, as far as
is known: a reopening takes a resolution back. The first one is measured beside it, in the period in
which that was. Incidents that are still open are not in it, which makes recent periods look better
than they are: `survival` says how long it takes with those counted.
"""

from tocsin.trends import USUAL, Part, Trend, columns
from tocsin.trends.measures import times, total

VERSION = 1
TREND = Trend(
    title="Time to resolve",
    parts={
        "resolved": Part(
            table="incidents",
            moment="resolved_us",
            rows=lambda t: ~t.void,
            lasted=("reported_us", "resolved_us"),
        ),
        "first": Part(
            table="incidents",
            moment="first_resolved_us",
            rows=lambda t: ~t.void,
            lasted=("reported_us", "first_resolved_us"),
        ),
    },
    measures=(
        total("resolved", "resolved", "Incidents that were resolved."),
        *times("resolved", what="it took to resolve"),
        total("first_resolved", "first", "Incidents that were resolved for the first time."),
        *times("first", prefix="first", what="it took to resolve for the first time"),
    ),
    dimensions=(*USUAL, *columns("incidents", "resolution_code", "impact", "urgency")),
)
