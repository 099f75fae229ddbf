"""How long it takes to resolve an incident, with those counted that are still open.

Of the incidents that were reported in a period: after how long half of them, and nine of ten, are
resolved, and how many are within some hours, by Kaplan and Meier's estimate. An open incident is
known to take longer than so far, and counts as that; so recent periods do not look better than they
are, as they do where only resolved ones count. An incident that was closed without being resolved
counts as resolved then. Those that were cancelled or dismissed are left out. The intervals hold at
95 % (Greenwood). A share of which too few are resolved yet has no percentile.
"""

from collections.abc import Callable

import numpy as np

from tocsin.trends import Measure, Part, Trend
from tocsin.trends.cells import Array, Cells, gathered
from tocsin.trends.lengths import measured
from tocsin.trends.scene import Partials, Scene
from tocsin.trends.survival import curves

VERSION = 1
SECOND_US = 1_000_000
HOURS = (4, 24, 168, 720)
DONE, WAITING = "resolved", "open"


def _cells(partials: Partials, scene: Scene) -> Cells:
    """Those that wait, with how long they have waited so far."""
    waiting = measured(partials[WAITING], "k_reported_second", scene)
    return gathered({DONE: partials[DONE], WAITING: waiting}, scene)


def _incidents(cells: Cells) -> Array:
    return cells.total(DONE) + cells.total(WAITING)


def _quantile(share: float) -> Callable[[Cells], Array]:
    return lambda cells: curves(cells.lengths[DONE], cells.lengths[WAITING]).quantile(share)


def _within(hours: int, which: int) -> Callable[[Cells], Array]:
    def worked_out(cells: Cells) -> Array:
        found = curves(cells.lengths[DONE], cells.lengths[WAITING]).done(hours * 3600)
        rounded: Array = np.round(100 * found[which], 3)
        return rounded

    return worked_out


TREND = Trend(
    title="Survival",
    parts={
        DONE: Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: ~t.void,
            lasted=("reported_us", lambda t: t.resolved_us.fill_null(t.closed_us)),
        ),
        WAITING: Part(
            table="incidents",
            moment="reported_us",
            rows=lambda t: ~t.void & t.resolved_us.isnull() & t.closed_us.isnull(),
            keys={"reported_second": lambda t: t.reported_us // SECOND_US},
        ),
    },
    measures=(
        Measure("incidents", "incidents", "Incidents that were reported.", _incidents),
        Measure("open", "incidents", "Of those, still open.", lambda c: c.total(WAITING)),
        Measure("p50_seconds", "seconds", "After that, half are resolved.", _quantile(0.5)),
        Measure("p90_seconds", "seconds", "After that, 90 % are resolved.", _quantile(0.9)),
        *(
            Measure(f"within_{hours}h{end}", "percent", doc.format(hours), _within(hours, which))
            for hours in HOURS
            for which, end, doc in (
                (0, "", "Resolved within {} hours."),
                (1, "_low", "At least so many are resolved within {} hours."),
                (2, "_high", "At most so many are resolved within {} hours."),
            )
        ),
    ),
    cells=_cells,
)
