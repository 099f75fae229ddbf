"""How the events of an incident add up, and which names it holds meanwhile.

The fold is lenient: histories from other systems skip steps (closed without resolved, held from
new, reopened after closed, a time that goes back), and whatever happened, happened. What may
happen is for the commands to decide.
"""

from collections.abc import Iterator
from typing import assert_never
from uuid import UUID

from tocsin.domain.incident.chapters import (
    escalation,
    investigation,
    keeping,
    reporting,
    resolution,
    triage,
    workarounds,
)
from tocsin.domain.incident.events import (
    IncidentCancelled,
    IncidentClosed,
    IncidentDismissed,
    IncidentEvent,
    IncidentImported,
    IncidentLogged,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
)
from tocsin.domain.incident.record import Incident, Related, Workaround
from tocsin.domain.incident.status import status_after
from tocsin.domain.incident.values import OPEN
from tocsin.domain.kernel import Aggregate, Claim, Event, Recorded, replace

__all__ = ["INCIDENT", "Incident", "Related", "Workaround", "claims", "evolve"]


def evolve(incident: Incident, recorded: Recorded[IncidentEvent]) -> Incident:
    """Return the incident as it stands after one more event."""
    event, at, actor = recorded.event, recorded.occurred_at, recorded.actor
    if isinstance(event, reporting.Chapter):
        after = reporting.fold(incident, event, at)
    elif isinstance(event, triage.Chapter):
        after = triage.fold(incident, event, at)
    elif isinstance(event, investigation.Chapter):
        after = investigation.fold(incident, event, at, actor)
    elif isinstance(event, escalation.Chapter):
        after = escalation.fold(incident, event)
    elif isinstance(event, workarounds.Chapter):
        after = workarounds.fold(incident, event, at, actor)
    elif isinstance(event, resolution.Chapter):
        after = resolution.fold(incident, event, at, actor)
    elif isinstance(event, keeping.Chapter):
        after = keeping.fold(incident, event, actor)
    else:
        assert_never(event)
    logged = incident.reference is not None
    status = status_after(incident.status, logged=logged, event=event)
    return replace(after, status=status, version=recorded.version)


def claims(incident: Incident, event: Event) -> Iterator[Claim]:
    """The names that an event takes or gives back, seen from the state before it.

    A reference is never given back. A deduplication key is held while the incident is open, so
    that the next alarm of its kind begins a new one; reopened, it takes the key again unless
    somebody else holds it by then.
    """
    match event:
        case IncidentReported(dedup_key=str(key)):
            yield Claim("dedup", key)
        case IncidentLogged(reference=reference):
            yield Claim("reference", reference)
        case IncidentImported(system=system, foreign_id=foreign_id):
            yield Claim("foreign", f"{system}:{foreign_id}")
        case IncidentResolved() | IncidentClosed() | IncidentCancelled() | IncidentDismissed():
            if incident.dedup_key is not None and incident.status in OPEN:
                yield Claim("dedup", incident.dedup_key, take=False, firm=False)
        case IncidentReopened():
            if incident.dedup_key is not None and incident.status not in OPEN:
                yield Claim("dedup", incident.dedup_key, firm=False)


def _unknown(stream: UUID) -> Incident:
    return Incident(incident_id=stream)


INCIDENT = Aggregate(
    name="incident", initial=_unknown, evolve=evolve, claims=claims, known_by=("reference",)
)
