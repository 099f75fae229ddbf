"""How long it took until it was noticed, taken on, relieved, resolved and closed."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tocsin.domain.incident.state import Incident


class Norm(NamedTuple):
    """How long the same thing took with other incidents of its kind."""

    kind: dict[str, str]
    """What they have in common with this one, by dimension; nothing for all incidents."""
    incidents: int
    """With how many of them it has come so far."""
    percentile: int
    """With how many of a hundred it took no longer than here, rounded."""
    median_seconds: int
    p90_seconds: int


class Measure(NamedTuple):
    """One of the times of an incident. Names are fields of an incident without `_at`."""

    name: str
    since: str
    until: str
    doc: str


MEASURES = (
    Measure("detection", "impact_began", "detected", "From the impact until it was noticed."),
    Measure("acknowledgement", "reported", "acknowledged", "From the report until taken on."),
    Measure("mitigation", "reported", "mitigated", "From the report until users could work."),
    Measure("resolution", "reported", "resolved", "From the report until service was restored."),
    Measure("closure", "reported", "closed", "From the report until the record was final."),
)


@dataclass(frozen=True, kw_only=True)
class Time:
    """What one measure says of one incident."""

    measure: str
    doc: str
    since: datetime | None
    until: datetime | None
    seconds: int | None
    """None while it has not come, or where nobody told when it began. Negative where what is on
    record says that the end came first."""
    norm: Norm | None = None


def moments(incident: Incident) -> dict[str, datetime | None]:
    """When what happened. What nobody noticed before it was reported was noticed then."""
    found = {
        name: getattr(incident, f"{name}_at")
        for name in (
            "impact_began", "detected", "reported", "acknowledged", "mitigated", "resolved",
            "closed",
        )
    }  # fmt: skip
    if found["impact_began"] is not None and found["detected"] is None:
        found["detected"] = found["reported"]
    return found


def times(incident: Incident) -> list[Time]:
    """Every measure of an incident, in the order of its life."""
    at = moments(incident)
    return [_time(each, at[each.since], at[each.until]) for each in MEASURES]


def _time(measure: Measure, since: datetime | None, until: datetime | None) -> Time:
    known = since is not None and until is not None
    return Time(
        measure=measure.name,
        doc=measure.doc,
        since=since,
        until=until,
        seconds=int((until - since).total_seconds()) if known else None,  # type: ignore[operator]
    )
