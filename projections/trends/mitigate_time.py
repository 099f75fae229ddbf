"""How long users were without a way to work.

From the report until they could work again: since a workaround that is still in effect was applied,
or since the resolution, whichever came first. In the period of that moment. Incidents that were
cancelled or dismissed are left out.
"""

from tocsin.trends import Part, Trend
from tocsin.trends.measures import times, total

VERSION = 1
TREND = Trend(
    title="Time to mitigate",
    parts={
        "mitigated": Part(
            table="incidents",
            moment="mitigated_us",
            rows=lambda t: ~t.void,
            lasted=("reported_us", "mitigated_us"),
        )
    },
    measures=(
        total("mitigated", "mitigated", "Incidents whose users could work again."),
        *times("mitigated", what="it took to mitigate"),
    ),
)
