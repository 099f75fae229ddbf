"""How long it took until the record of an incident was final.

From the report to the closure, in the period of the closure. Incidents that were cancelled or
dismissed are left out.
"""

from tocsin.trends import USUAL, Part, Trend, columns
from tocsin.trends.measures import times, total

VERSION = 1
TREND = Trend(
    title="Time to close",
    parts={
        "closed": Part(
            table="incidents",
            moment="closed_us",
            rows=lambda t: ~t.void,
            lasted=("reported_us", "closed_us"),
        )
    },
    measures=(
        total("closed", "closed", "Incidents that were closed."),
        *times("closed", what="it took to close"),
    ),
    dimensions=(*USUAL, *columns("incidents", "closure_code")),
)
