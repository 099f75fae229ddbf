"""An incident becomes known, and turns out to be real or not."""

from datetime import datetime
from typing import assert_never

from tocsin.domain.incident.events import (
    IncidentDismissed,
    IncidentImported,
    IncidentLogged,
    IncidentReported,
    IncidentVerified,
)
from tocsin.domain.incident.record import Incident
from tocsin.domain.kernel import replace

Chapter = (
    IncidentReported | IncidentLogged | IncidentImported | IncidentVerified | IncidentDismissed
)


def fold(incident: Incident, event: Chapter, at: datetime) -> Incident:
    """The incident after an event of this chapter."""
    match event:
        case IncidentReported():
            return _reported(incident, event, at)
        case IncidentLogged(reference=reference):
            return replace(incident, reference=reference)
        case IncidentImported(system=system, foreign_id=foreign_id):
            return replace(incident, imported_from=f"{system}:{foreign_id}")
        case IncidentVerified():
            return replace(incident, verified=True)
        case IncidentDismissed():
            return replace(incident.waiting_for_nobody(), verified=False)
        case unknown:
            assert_never(unknown)


def _reported(incident: Incident, event: IncidentReported, at: datetime) -> Incident:
    return replace(
        incident,
        title=event.title,
        description=event.description,
        source=event.source,
        reporter=event.reporter,
        services=event.services,
        configuration_items=event.configuration_items,
        users=event.users,
        dedup_key=event.dedup_key,
        impact_began_at=event.impact_began_at,
        detected_at=event.detected_at,
        reported_at=at,
    )


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case IncidentReported(title=title, source=source, reporter=None):
            return f"Reported ({source}): {title}"
        case IncidentReported(title=title, source=source, reporter=reporter):
            return f"Reported by {reporter} ({source}): {title}"
        case IncidentLogged(reference=reference):
            return f"Logged as {reference}."
        case IncidentImported(system=system, foreign_id=foreign_id, foreign_status=status):
            return f"Taken over from {system}, where it was {foreign_id} and {status}."
        case IncidentVerified(source=source, evidence=evidence):
            return f"Verified by a second source ({source})" + (
                f": {evidence}" if evidence else "."
            )
        case IncidentDismissed(reason=reason):
            return f"Dismissed as a false positive: {reason}"
        case unknown:
            assert_never(unknown)
