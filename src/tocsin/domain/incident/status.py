"""Where an incident stands after an event.

Apart from the rest of the fold, because many read models need to know this and nothing else.
"""

from tocsin.domain.incident.events import (
    IncidentAcknowledged,
    IncidentCancelled,
    IncidentClosed,
    IncidentDismissed,
    IncidentEvent,
    IncidentHeld,
    IncidentImported,
    IncidentLogged,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
    IncidentResumed,
)
from tocsin.domain.incident.values import Status

ALWAYS: dict[type[IncidentEvent], Status] = {
    IncidentHeld: Status.ON_HOLD,
    IncidentResumed: Status.IN_PROGRESS,
    IncidentResolved: Status.RESOLVED,
    IncidentClosed: Status.CLOSED,
    IncidentCancelled: Status.CANCELLED,
    IncidentDismissed: Status.DISMISSED,
}
"""Events that lead to one status from wherever the incident stood."""
OTHERWISE = frozenset(
    {IncidentReported, IncidentLogged, IncidentImported, IncidentAcknowledged, IncidentReopened}
)
"""Events that lead somewhere depending on where the incident stood."""
UNLOGGED = (Status.UNREPORTED, Status.REPORTED)


def status_after(status: Status, *, logged: bool, event: IncidentEvent) -> Status:
    """The status after an event; `logged` says whether the incident had a reference before it."""
    kind = type(event)
    if kind not in OTHERWISE:
        return ALWAYS.get(kind, status)
    imported = event.status if isinstance(event, IncidentImported) else status
    return led(status, logged=logged, kind=kind, imported=imported)


def led(status: Status, *, logged: bool, kind: type[IncidentEvent], imported: Status) -> Status:
    """Where an event of a kind that is one of `OTHERWISE` leads from a status.

    Reopened, work goes on; or, for a report that was never logged, somebody decides whether to.
    """
    if kind is IncidentReported and status is Status.UNREPORTED:
        return Status.REPORTED
    if kind is IncidentLogged and status in UNLOGGED:
        return Status.NEW
    if kind is IncidentImported:
        return imported
    if kind is IncidentAcknowledged and (status in UNLOGGED or status is Status.NEW):
        return Status.IN_PROGRESS
    if kind is IncidentReopened:
        return Status.IN_PROGRESS if logged else Status.REPORTED
    return status
