"""Somebody takes the incident on, says what it is, what comes first, and who holds it."""

from datetime import datetime
from typing import assert_never

from tocsin.domain.incident.events import (
    IncidentAcknowledged,
    IncidentAssigned,
    IncidentCategorised,
    IncidentPrioritised,
)
from tocsin.domain.incident.record import Incident
from tocsin.domain.kernel import replace

Chapter = IncidentAcknowledged | IncidentCategorised | IncidentPrioritised | IncidentAssigned


def fold(incident: Incident, event: Chapter, at: datetime) -> Incident:
    """The incident after an event of this chapter."""
    match event:
        case IncidentAcknowledged():
            return replace(incident, acknowledged_at=incident.acknowledged_at or at)
        case IncidentCategorised(category=category, subcategory=subcategory):
            return replace(incident, category=category, subcategory=subcategory)
        case IncidentPrioritised():
            return replace(
                incident,
                priority=event.priority,
                impact=event.impact or incident.impact,
                urgency=event.urgency or incident.urgency,
                override_reason=event.override_reason,
            )
        case IncidentAssigned(group=group, assignee=assignee, level=level):
            return replace(incident.moved_to(group), assignee=assignee, level=level)
        case unknown:
            assert_never(unknown)


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case IncidentAcknowledged():
            return "Acknowledged."
        case IncidentCategorised():
            kind = event.category or "nothing in particular"
            return f"Categorised as {kind}{f' / {event.subcategory}' if event.subcategory else ''}."
        case IncidentPrioritised():
            return _prioritised(event)
        case IncidentAssigned():
            return _assigned(event)
        case unknown:
            assert_never(unknown)


def _prioritised(event: IncidentPrioritised) -> str:
    if event.override_reason is not None:
        return f"Priority set to {event.priority} by hand: {event.override_reason}"
    if event.impact is None or event.urgency is None:
        return f"Priority set to {event.priority}."
    return f"Priority set to {event.priority}: {event.impact} impact, {event.urgency} urgency."


def _assigned(event: IncidentAssigned) -> str:
    level = f"level {event.level}" if event.level else None
    holders = [part for part in (event.assignee, event.group, level) if part]
    return f"Assigned to {', '.join(holders)}." if holders else "Assigned to nobody."
