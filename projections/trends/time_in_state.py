"""How long incidents stayed in each state.

Every stay that is over counts in the period in which it ended; an incident that comes back to a
state stays there again. States that were passed through in no time are left out, and so are closed,
cancelled and dismissed ones, in which nothing is waited for.
"""

from tocsin.trends import USUAL, Dimension, Part, Trend
from tocsin.trends.measures import hours, times, total

VERSION = 1
TREND = Trend(
    title="Time in each state",
    parts={
        "ended": Part(
            table="spells",
            moment="ended_us",
            rows=lambda t: t.spell == "state",
            lasted=("began_us", "ended_us"),
        )
    },
    measures=(
        total("stays", "ended", "Stays that ended.", unit="count"),
        hours("hours", "ended", "How long they were, all together."),
        *times("ended", what="a stay was"),
    ),
    dimensions=(Dimension("state", "The state.", column="value"), *USUAL),
    always=("state",),
)
