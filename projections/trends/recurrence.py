"""How many incidents were ones that had come before.

An incident comes again if another one of the same service, item and category was reported on the
same day, or within so many days before. Of several on one day, the first is no other's repetition.
It counts in the period of its report; incidents of which neither service nor item is known, and
those that were cancelled or dismissed, are left out.
"""

from tocsin.trends import USUAL, Grain, Part, Trend
from tocsin.trends.again import recurring
from tocsin.trends.cells import Cells, gathered
from tocsin.trends.measures import percent, total
from tocsin.trends.scene import Partials, Scene

VERSION = 1
WINDOWS = (7, 30, 90)
"""Days."""
SAME = ("service", "item", "category")


def _cells(partials: Partials, scene: Scene) -> Cells:
    return gathered({"reported": recurring(partials["reported"], scene, WINDOWS)}, scene)


TREND = Trend(
    title="Recurrence",
    parts={
        "reported": Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: ~t.void & (t.service.notnull() | t.item.notnull()),
            keys={name: name for name in SAME},
            grain=Grain.DAY,
        )
    },
    measures=(
        total("incidents", "reported", "Incidents that were reported."),
        *(
            measure
            for days in WINDOWS
            for measure in (
                total(
                    f"again_{days}d",
                    "reported",
                    f"Of those, within {days} days of another.",
                    of=f"again_{days}",
                ),
                percent(
                    f"again_{days}d_percent",
                    ("reported", f"again_{days}"),
                    ("reported", "n"),
                    "Of all.",
                ),
            )
        ),
    ),
    dimensions=tuple(each for each in USUAL if each.name in SAME),
    cells=_cells,
)
