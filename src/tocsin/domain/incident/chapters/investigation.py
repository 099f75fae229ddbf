"""Somebody looks into the incident, asks, and waits."""

from datetime import datetime
from typing import assert_never

from tocsin.domain.incident.events import (
    IncidentDiagnosed,
    IncidentHeld,
    IncidentNoted,
    IncidentResumed,
    InformationProvided,
    InformationRequested,
)
from tocsin.domain.incident.record import Incident
from tocsin.domain.kernel import moment, replace

Chapter = (
    IncidentNoted
    | IncidentDiagnosed
    | InformationRequested
    | InformationProvided
    | IncidentHeld
    | IncidentResumed
)


def fold(incident: Incident, event: Chapter, at: datetime, actor: str) -> Incident:
    """The incident after an event of this chapter."""
    match event:
        case IncidentNoted() | IncidentDiagnosed():
            return incident.said(event, actor)
        case InformationRequested(question=question, of=of):
            return replace(incident, open_question=question, question_of=of)
        case InformationProvided():
            answered = replace(incident, open_question=None, question_of=None)
            return answered.said(event, actor)
        case IncidentHeld(reason=reason, until=until, detail=detail):
            return replace(
                incident,
                hold_reason=reason,
                hold_until=until,
                hold_detail=detail,
                held_since=at,
            )
        case IncidentResumed():
            return incident.not_held()
        case unknown:
            assert_never(unknown)


def words(event: Chapter) -> str:
    """The event as one sentence."""
    match event:
        case IncidentNoted(text=text, visibility=visibility):
            return f"Noted ({visibility}): {text}"
        case IncidentDiagnosed():
            return _diagnosed(event)
        case InformationRequested(question=question, of=of):
            return f"Asked {of or 'for information'}: {question}"
        case InformationProvided(answer=answer):
            return f"Answered: {answer}"
        case IncidentHeld():
            return _held(event)
        case IncidentResumed():
            return "Resumed."
        case unknown:
            assert_never(unknown)


def _diagnosed(event: IncidentDiagnosed) -> str:
    examined = f" after a look at {', '.join(event.examined)}" if event.examined else ""
    hypothesis = f" Suspected: {event.hypothesis}" if event.hypothesis else ""
    return f"Diagnosed{examined}: {event.findings}{hypothesis}"


def _held(event: IncidentHeld) -> str:
    until = f" until {moment(event.until)}" if event.until else ""
    detail = f": {event.detail}" if event.detail else "."
    return f"On hold{until}, {event.reason.replace('-', ' ')}{detail}"
