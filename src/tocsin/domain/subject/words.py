"""What happened to a subject, in words: one sentence for each event."""

from typing import assert_never

from tocsin.domain.subject.events import (
    HoldLifted,
    HoldPlaced,
    SubjectEvent,
    SubjectForgotten,
    SubjectPurged,
)
from tocsin.domain.subject.values import SubjectKind

WHAT = {SubjectKind.PERSON: "A person", SubjectKind.TEXTS: "The texts of an incident"}


def words(event: SubjectEvent) -> str:
    """The event as one sentence, without who and when: those are in its envelope."""
    match event:
        case SubjectForgotten(kind=kind, basis=basis, request=request, values=values):
            because = basis.replace("-", " ")
            verb = "is" if kind is SubjectKind.PERSON else "are"
            return (
                f"{WHAT[kind]} {verb} forgotten on request {request} ({because}):"
                f" {values} stored values, the last of them at position {event.until}."
            )
        case HoldPlaced(kind=kind, hold=hold, reason=reason):
            verb = "stands" if kind is SubjectKind.PERSON else "stand"
            return f"{WHAT[kind]} {verb} under legal hold {hold}: {reason}"
        case HoldLifted(hold=hold, reason=reason):
            return f"Legal hold {hold} is lifted: {reason}"
        case SubjectPurged(places=places):
            return f"Gone from: {', '.join(places)}."
        case unknown:
            assert_never(unknown)
