"""How long incidents waited for somebody else, and for whom.

Every wait that is over counts in the period in which it ended. An incident that is held for another
reason has one wait for each. Waits that have not ended are not in it.
"""

from tocsin.trends import USUAL, Dimension, Part, Trend
from tocsin.trends.measures import hours, times, total

VERSION = 1
TREND = Trend(
    title="Holds",
    parts={
        "ended": Part(
            table="spells",
            moment="ended_us",
            rows=lambda t: t.spell == "hold",
            lasted=("began_us", "ended_us"),
        )
    },
    measures=(
        total("holds", "ended", "Waits that ended.", unit="count"),
        hours("hours", "ended", "How long they were, all together."),
        *times("ended", what="a wait was"),
    ),
    dimensions=(Dimension("reason", "Why it was held.", column="value"), *USUAL),
    always=("reason",),
)
