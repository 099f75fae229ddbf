"""How does an answer look? Charts that need no network, and no eye that tells red from green.

Nothing is drawn when this is imported: what draws is large, and is fetched when a chart is made.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tocsin.charts.inputs import Mark, Panel, Spell
from tocsin.charts.libraries import NEEDED, NoCharts, NothingToDraw, check

if TYPE_CHECKING:
    from tocsin.charts.picture import Chart
    from tocsin.trends import Answer

__all__ = [
    "NEEDED",
    "Mark",
    "NoCharts",
    "NothingToDraw",
    "Panel",
    "Spell",
    "chart",
    "check",
    "gantt",
    "side_by_side",
]


def chart(answer: "Answer", *, definition: str = "", measure: str = "") -> "Chart":
    """The chart that suits an answer, with the definition in words under its title: of the measure
    that is asked for, or of the one that the trend is about.

    Raises:
        NoCharts: the libraries for it are not installed.
        NothingToDraw: the answer has no number that could be drawn, or none of that name.
    """
    check()
    from tocsin.charts.answers import drawn

    return drawn(answer, definition, measure)


def gantt(
    rows: Sequence[Spell],
    marks: Sequence[Mark] = (),
    *,
    title: str = "",
    definition: str = "",
    zone: str = "UTC",
    footer: Sequence[str] = (),
) -> "Chart":
    """What lasted from when to when, lane by lane in the order given, and what happened at a
    moment. Instants have their zone; they are shown by the clocks of `zone`.

    Raises:
        NoCharts: the libraries for it are not installed.
        NothingToDraw: there is neither a spell nor a mark.
    """
    check()
    from tocsin.charts.timeline import drawn

    return drawn(rows, marks, title=title, definition=definition, zone=zone, footer=footer)


def side_by_side(panels: Sequence[Panel], sides: Sequence[str], **words: Any) -> "Chart":
    """Two columns or more for each category: `tocsin.charts.columns.drawn` says how.

    Raises:
        NoCharts: the libraries for it are not installed.
    """
    check()
    from tocsin.charts.columns import drawn

    return drawn(panels, sides, **words)
