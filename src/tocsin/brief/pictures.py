"""The course of an incident at a glance: in which state, whose hands and which hold it was when."""

from datetime import datetime, timedelta

from tocsin.brief.brief import Brief
from tocsin.brief.passing import Stretch
from tocsin.charts import NoCharts, NothingToDraw, gantt
from tocsin.documents.document import Picture
from tocsin.lake.spells import GROUP, HOLD, MAJOR, STATE

LANES = {STATE: "State", GROUP: "Group", HOLD: "On hold", MAJOR: "Major"}
LEAST = timedelta(seconds=1)
"""What took no time is still to be seen."""
MOMENTS = ("impact_began", "detected", "reported", "acknowledged", "mitigated", "resolved")


def pictures(brief: Brief) -> tuple[Picture, ...]:
    """The drawings of a brief; none where the libraries that draw are not installed, or where
    there is nothing to draw."""
    try:
        return (_course(brief),)
    except (NoCharts, NothingToDraw):
        return ()


def _course(brief: Brief) -> Picture:
    shown = [each for each in brief.spent if each.what in LANES]
    rows = [
        (
            LANES[each.what],
            _said(each),
            each.since,
            max(each.until or brief.as_of, each.since + LEAST),
        )
        for each in shown
    ]
    title = f"The course of {brief.incident.reference or brief.incident.incident_id}"
    drawn = gantt(rows, _marks(brief), title=title)
    words = "States, groups and holds over time, with what happened and what was missed."
    return Picture("course", drawn.svg(), words)


def _said(each: Stretch) -> str:
    return str(each.value or LANES[each.what]).replace("-", " ")


def _marks(brief: Brief) -> list[tuple[str, str, datetime]]:
    moments = ((name, getattr(brief.incident, f"{name}_at")) for name in MOMENTS)
    missed = ((each["target"], each["breached_at"]) for each in brief.clocks)
    return [
        *(("Moments", name.replace("_", " "), at) for name, at in moments if at is not None),
        *(("Missed", target, at) for target, at in missed if at is not None),
    ]
