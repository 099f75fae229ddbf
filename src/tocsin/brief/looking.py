"""What the lake says around one incident."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tocsin.analysis.asked import Asked
from tocsin.analysis.counts import counts
from tocsin.analysis.likeness import UnknownIncident, shared, similar
from tocsin.analysis.recurrences import occurrences
from tocsin.brief.norms import norms
from tocsin.brief.surroundings import Alike, Recurrence, Surroundings, Trending
from tocsin.domain.incident.state import Incident
from tocsin.signals import Match, recurring, rising
from tocsin.trends import Question
from tocsin.trends.asking import named

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

SHOWN = 5
"""Similar incidents, and references of a cluster, that a brief names."""
TERMS = 6
WINDOW_DAYS = 30
LOOKED_BACK_DAYS = 400
"""How far back a cluster is looked for."""


def looked_around(
    lake: "Lake", incident: Incident, as_of: datetime, zone: str = "UTC"
) -> Surroundings:
    """Everything a brief says of the rest of history, as far as the lake has come.

    Clusters are those up to a window after the incident was reported, trends those before its day.
    """
    reported = incident.reported_at or as_of
    about = {"category": incident.category, "service": next(iter(incident.services), None)}
    return Surroundings(
        position=lake.position,
        as_of=lake.as_of,
        norms=norms(lake, incident),
        similar=alike(lake, incident),
        recurring=recurrence(lake, incident, reported),
        trending=tuple(
            each
            for dimension, value in about.items()
            if value is not None
            for each in trending(lake, dimension, value, reported, zone)
        ),
    )


def alike(lake: "Lake", incident: Incident) -> tuple[Alike, ...]:
    """The incidents that read most like this one."""
    try:
        _, matches = similar(lake, str(incident.incident_id), SHOWN)
    except UnknownIncident:
        return ()
    parts = shared(lake, str(incident.incident_id), matches)
    return tuple(_alike(match, *parts[match.incident_id]) for match in matches)


def _alike(match: Match, share: float, resolution: str) -> Alike:
    same = {
        "category": match.same_category,
        "service": match.same_service,
        "item": match.same_item,
    }
    return Alike(
        incident_id=match.incident_id,
        reference=match.reference,
        title=match.title,
        score_percent=round(100 * share),
        terms=tuple(term for term, _ in match.terms[:TERMS]),
        shares=tuple(name for name, is_same in same.items() if is_same),
        resolution=resolution,
    )


def recurrence(lake: "Lake", incident: Incident, reported: datetime) -> Recurrence | None:
    """The cluster that the incident is one of, if the signals find one."""
    day = reported.date()
    question = Question(
        trend="volume",
        since=day - timedelta(days=LOOKED_BACK_DAYS),
        until=day + timedelta(days=WINDOW_DAYS + 1),
    )
    for cluster in recurring(occurrences(lake, Asked(question=question)), WINDOW_DAYS):
        if str(incident.incident_id) in cluster.incident_ids:
            return Recurrence(
                service=cluster.service,
                item=cluster.item,
                category=cluster.category,
                incidents=cluster.count,
                window_days=WINDOW_DAYS,
                expected=f"{cluster.usual_per_window:.2f}",
                references=cluster.references[-SHOWN:],
                linked_to_problem=cluster.linked > 0,
            )
    return None


def trending(
    lake: "Lake", dimension: str, value: str, reported: datetime, zone: str
) -> Iterator[Trending]:
    """Whether what the incident is about was on the rise when it was reported."""
    day = reported.astimezone(ZoneInfo(zone)).date()
    question = Question(trend="volume", by=(dimension,), zone=zone, until=day)
    known = counts(lake, named(lake, "volume"), Asked(question=question))
    for each in rising(known.series) if known is not None else ():
        if each.key == value and known is not None:
            weeks = 7 * each.recent_weeks
            series = known.series[value]
            yield Trending(
                dimension=dimension,
                value=value,
                kind="rising",
                since=series.when(max(len(series) - weeks, 0)),
                words=(
                    f"{each.recent} in the {each.recent_weeks} weeks up to its report, where "
                    f"{each.expected:.1f} were to be expected (false discovery rate "
                    f"{each.false_discovery:.3f})."
                ),
            )
