"""How long incidents were in the hands of each group.

Every stay that is over counts in the period in which it ended, for the group that had the incident
then, not the one that has it now. A group has it in its hands only while it is open.
"""

from tocsin.trends import USUAL, Dimension, Part, Trend
from tocsin.trends.measures import hours, times, total

VERSION = 1
TREND = Trend(
    title="Time in each group",
    parts={
        "ended": Part(
            table="spells",
            moment="ended_us",
            rows=lambda t: t.spell == "group",
            lasted=("began_us", "ended_us"),
        )
    },
    measures=(
        total("stays", "ended", "Stays that ended.", unit="count"),
        hours("hours", "ended", "How long they were, all together."),
        *times("ended", what="a stay was"),
    ),
    dimensions=(
        Dimension("group", "In whose hands it was.", column="value"),
        *(each for each in USUAL if each.name != "group"),
    ),
    always=("group",),
)
