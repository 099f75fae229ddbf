"""What happened to a piece of evidence, in words: one sentence for each event."""

from typing import assert_never

from tocsin.domain.evidence.events import (
    EvidenceAccessed,
    EvidenceAttached,
    EvidenceChecked,
    EvidenceDiscarded,
    EvidenceEvent,
    EvidenceTransferred,
)
from tocsin.domain.evidence.values import Condition
from tocsin.domain.kernel import moment

FOUND = {
    Condition.INTACT: "it is what was attached",
    Condition.ALTERED: "it is NOT what was attached",
    Condition.MISSING: "it is not there",
    Condition.FORGOTTEN: "nobody can open it any more",
}


def words(event: EvidenceEvent) -> str:
    """The event as one sentence, without who and when: those are in its envelope."""
    match event:
        case EvidenceAttached():
            return _attached(event)
        case EvidenceAccessed(purpose=purpose):
            return f"Content handed over: {purpose}"
        case EvidenceTransferred(to=to, reason=reason):
            return f"Handed on to {to}: {reason}"
        case EvidenceChecked(condition=condition):
            return f"Checked: {FOUND[condition]} ({condition})."
        case EvidenceDiscarded(reason=reason):
            return f"Discarded: {reason}"
        case unknown:
            assert_never(unknown)


def _attached(event: EvidenceAttached) -> str:
    said = f"Attached as number {event.number}: {event.name} ({event.media_type}, {event.size} B)"
    if event.collected_by or event.collected_at:
        by = f" by {event.collected_by}" if event.collected_by else ""
        at = f" at {moment(event.collected_at)}" if event.collected_at else ""
        said += f", collected{by}{at}"
    if event.source:
        said += f", from {event.source}"
    return f"{said}: {event.description}" if event.description else f"{said}."
