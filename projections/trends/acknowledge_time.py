"""How long it took until somebody acknowledged an incident.

From the report to the first acknowledgement, in the period of that acknowledgement. Incidents that
were cancelled or dismissed are left out.
"""

from tocsin.trends import Part, Trend
from tocsin.trends.measures import times, total

VERSION = 1
TREND = Trend(
    title="Time to acknowledge",
    parts={
        "acknowledged": Part(
            table="incidents",
            moment="acknowledged_us",
            rows=lambda t: ~t.void,
            lasted=("reported_us", "acknowledged_us"),
        )
    },
    measures=(
        total("acknowledged", "acknowledged", "Incidents that were acknowledged."),
        *times("acknowledged", what="it took to acknowledge"),
    ),
)
