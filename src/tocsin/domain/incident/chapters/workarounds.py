"""The cause is found, and users work again while it is still there."""

from datetime import datetime
from typing import Any, assert_never

from tocsin.domain.incident.events import (
    CauseIdentified,
    WorkaroundApplied,
    WorkaroundApproved,
    WorkaroundProposed,
    WorkaroundRejected,
    WorkaroundWithdrawn,
)
from tocsin.domain.incident.record import Incident, Workaround
from tocsin.domain.incident.values import WorkaroundStatus as Stands
from tocsin.domain.kernel import moment, replace

Chapter = (
    CauseIdentified
    | WorkaroundProposed
    | WorkaroundApproved
    | WorkaroundRejected
    | WorkaroundApplied
    | WorkaroundWithdrawn
)


def fold(incident: Incident, event: Chapter, at: datetime, actor: str) -> Incident:
    """The incident after an event of this chapter."""
    match event:
        case CauseIdentified(cause=cause):
            return replace(incident, cause=cause)
        case WorkaroundProposed():
            return _with(incident, _proposed(event, actor))
        case WorkaroundApproved(workaround=name):
            return _stands(incident, name, status=Stands.APPROVED)
        case WorkaroundRejected(workaround=name):
            return _stands(incident, name, status=Stands.REJECTED)
        case WorkaroundApplied(workaround=name, known_error=known_error, expires_at=expires_at):
            after = replace(incident, mitigated_at=incident.mitigated_at or at)
            return _stands(
                after, name, status=Stands.APPLIED, known_error=known_error, expires_at=expires_at
            )
        case WorkaroundWithdrawn(workaround=name):
            return _stands(incident, name, status=Stands.WITHDRAWN).relief_checked()
        case unknown:
            assert_never(unknown)


def _proposed(event: WorkaroundProposed, proposer: str) -> Workaround:
    return Workaround(
        name=event.workaround,
        description=event.description,
        cost=event.cost,
        risk=event.risk,
        approval_required=event.approval_required,
        proposer=proposer,
    )


def _with(incident: Incident, workaround: Workaround) -> Incident:
    return replace(incident, workarounds={**incident.workarounds, workaround.name: workaround})


def _stands(incident: Incident, name: str, **changes: Any) -> Incident:
    known = incident.workarounds.get(name)
    return incident if known is None else _with(incident, replace(known, **changes))


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case CauseIdentified(cause=cause):
            return f"Cause identified: {cause}"
        case WorkaroundProposed():
            approval = ", awaiting approval" if event.approval_required else ""
            worth = f"{event.risk} risk, cost {event.cost:,}{approval}"
            return f"Workaround {event.workaround} proposed ({worth}): {event.description}"
        case WorkaroundApproved(workaround=name, comment=comment):
            return f"Workaround {name} approved" + (f": {comment}" if comment else ".")
        case WorkaroundRejected(workaround=name, reason=reason):
            return f"Workaround {name} rejected: {reason}"
        case WorkaroundApplied():
            return _applied(event)
        case WorkaroundWithdrawn(workaround=name, reason=reason):
            return f"Workaround {name} withdrawn: {reason}"
        case unknown:
            assert_never(unknown)


def _applied(event: WorkaroundApplied) -> str:
    error = f" (known error {event.known_error})" if event.known_error else ""
    until = f" until {moment(event.expires_at)}" if event.expires_at else ""
    return f"Workaround {event.workaround}{error} applied{until}: users can work."
