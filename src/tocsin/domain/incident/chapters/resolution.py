"""Service is back, people agree, and the record ends; or not."""

from datetime import datetime
from typing import assert_never

from tocsin.domain.incident.events import (
    IncidentCancelled,
    IncidentClosed,
    IncidentReopened,
    IncidentResolved,
    ResolutionConfirmed,
    ResolutionRejected,
    ResolutionTested,
)
from tocsin.domain.incident.record import Incident
from tocsin.domain.kernel import replace

Chapter = (
    IncidentResolved
    | ResolutionTested
    | ResolutionConfirmed
    | ResolutionRejected
    | IncidentReopened
    | IncidentClosed
    | IncidentCancelled
)


def fold(incident: Incident, event: Chapter, at: datetime, actor: str) -> Incident:
    """The incident after an event of this chapter."""
    match event:
        case IncidentResolved():
            return _resolved(incident, event, at)
        case ResolutionTested(outcome=outcome):
            tested = replace(incident, tests=incident.tests + 1, last_test=outcome)
            return tested.said(event, actor)
        case ResolutionConfirmed(confirmed_by=by, satisfaction=satisfaction):
            return replace(incident, confirmed=True, confirmed_by=by, satisfaction=satisfaction)
        case ResolutionRejected():
            return _unconfirmed(incident).said(event, actor)
        case IncidentReopened():
            return _reopened(incident)
        case IncidentClosed(closure_code=code):
            return replace(incident.waiting_for_nobody(), closure_code=code, closed_at=at)
        case IncidentCancelled():
            return incident.waiting_for_nobody()
        case unknown:
            assert_never(unknown)


def _resolved(incident: Incident, event: IncidentResolved, at: datetime) -> Incident:
    return replace(
        incident.waiting_for_nobody(),
        resolution_code=event.resolution_code,
        resolution=event.resolution,
        resolved_at=at,
        mitigated_at=incident.mitigated_at or at,
    )


def _unconfirmed(incident: Incident) -> Incident:
    return replace(incident, confirmed=False, confirmed_by=None, satisfaction=None)


def _reopened(incident: Incident) -> Incident:
    reopened = replace(
        _unconfirmed(incident.waiting_for_nobody()),
        resolved_at=None,
        closed_at=None,
        resolution_code=None,
        resolution=None,
        last_test=None,
        closure_code=None,
        reopen_count=incident.reopen_count + 1,
    )
    return reopened.relief_checked()


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case IncidentResolved(resolution_code=code, resolution=resolution):
            how = f"Resolved ({code})" if code else "Resolved"
            return f"{how}: {resolution}" if resolution else f"{how}."
        case ResolutionTested(tested=tested, stage=stage, outcome=outcome, evidence=evidence):
            return f"Tested in {stage}, {outcome}: {tested}" + (
                f" ({evidence})" if evidence else ""
            )
        case ResolutionConfirmed():
            return _confirmed(event)
        case ResolutionRejected(reason=reason):
            return f"Resolution rejected: {reason}"
        case IncidentReopened(reason=reason):
            return f"Reopened: {reason}"
        case IncidentClosed():
            return _closed(event)
        case IncidentCancelled(reason=reason):
            return f"Cancelled: {reason}"
        case unknown:
            assert_never(unknown)


def _confirmed(event: ResolutionConfirmed) -> str:
    score = f" (satisfaction {event.satisfaction} of 5)" if event.satisfaction else ""
    comment = f": {event.comment}" if event.comment else "."
    return f"Resolution confirmed by {event.confirmed_by}{score}{comment}"


def _closed(event: IncidentClosed) -> str:
    parts = (
        f"Closed ({event.closure_code})." if event.closure_code else "Closed.",
        f"Detected by {event.detection}." if event.detection else "",
        f"Steps taken: {event.steps_taken}" if event.steps_taken else "",
        f"Lessons: {event.lessons}" if event.lessons else "",
    )
    return " ".join(part for part in parts if part)
