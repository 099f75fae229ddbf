"""Others are called in: other skills, other rank, or everybody."""

from typing import assert_never

from tocsin.domain.incident.events import (
    IncidentEscalated,
    MajorIncidentDeclared,
    MajorIncidentStoodDown,
)
from tocsin.domain.incident.record import Incident
from tocsin.domain.incident.values import EscalationKind
from tocsin.domain.kernel import replace

Chapter = IncidentEscalated | MajorIncidentDeclared | MajorIncidentStoodDown


def fold(incident: Incident, event: Chapter) -> Incident:
    """The incident after an event of this chapter."""
    match event:
        case IncidentEscalated(kind=EscalationKind.HIERARCHICAL, manager=manager):
            times = incident.hierarchical_escalations + 1
            return replace(incident, hierarchical_escalations=times, escalated_to=manager)
        case IncidentEscalated(group=group, level=level):
            times = incident.functional_escalations + 1
            after = replace(incident, functional_escalations=times, level=level or incident.level)
            return after if group is None else replace(after.moved_to(group), assignee=None)
        case MajorIncidentDeclared(incident_manager=manager, meeting_place=place):
            return replace(incident, major=True, incident_manager=manager, meeting_place=place)
        case MajorIncidentStoodDown():
            return replace(incident, major=False, incident_manager=None, meeting_place=None)
        case unknown:
            assert_never(unknown)


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case IncidentEscalated():
            return _escalated(event)
        case MajorIncidentDeclared(incident_manager=manager, meeting_place=place):
            return f"Declared a major incident, run by {manager}; responders meet at {place}."
        case MajorIncidentStoodDown(reason=reason):
            return f"No longer a major incident: {reason}"
        case unknown:
            assert_never(unknown)


def _escalated(event: IncidentEscalated) -> str:
    up = event.kind is EscalationKind.HIERARCHICAL
    way = "up the management line" if up else "to other skills"
    level = f"level {event.level}" if event.level else None
    whom = ", ".join(part for part in (event.manager, event.group, level) if part)
    escalated = f"Escalated {way} ({event.kind})" + (f": {whom}." if whom else ".")
    return f"{escalated} {event.reason}".rstrip()
