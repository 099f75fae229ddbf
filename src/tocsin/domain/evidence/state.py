"""How the events of a piece of evidence add up."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never
from uuid import UUID

from tocsin.domain.evidence.events import (
    EvidenceAccessed,
    EvidenceAttached,
    EvidenceChecked,
    EvidenceDiscarded,
    EvidenceEvent,
    EvidenceTransferred,
)
from tocsin.domain.evidence.record import Evidence, Handover
from tocsin.domain.evidence.values import Custody, evidence_stream
from tocsin.domain.kernel import Aggregate, Claim, Event, Recorded, replace

__all__ = ["EVIDENCE", "Evidence", "evidence_stream", "evolve"]


def evolve(evidence: Evidence, recorded: Recorded[EvidenceEvent]) -> Evidence:
    """Return the piece of evidence as it stands after one more event."""
    event, at, actor = recorded.event, recorded.occurred_at, recorded.actor
    match event:
        case EvidenceAttached():
            after = _attached(evidence, event, at, actor)
        case EvidenceAccessed():
            count = evidence.accesses + 1
            after = replace(evidence, accesses=count, accessed_at=at, accessed_by=actor)
        case EvidenceTransferred(to=to, reason=reason):
            link = Handover(to=to, by=actor, at=at, reason=reason)
            after = replace(evidence, custodian=to, chain=(*evidence.chain, link))
        case EvidenceChecked(condition=condition):
            after = replace(evidence, condition=condition, checked_at=at)
        case EvidenceDiscarded(reason=reason):
            after = replace(
                evidence,
                status=Custody.DISCARDED,
                discarded_at=at,
                discarded_by=actor,
                discarded_because=reason,
            )
        case unknown:
            assert_never(unknown)
    return replace(after, version=recorded.version)


def _attached(evidence: Evidence, event: EvidenceAttached, at: datetime, actor: str) -> Evidence:
    said = {name: value for name, value in vars(event).items() if name != "incident_id"}
    return replace(
        evidence,
        **said,
        status=Custody.KEPT,
        incident_id=UUID(event.incident_id),
        attached_at=at,
        attached_by=actor,
        custodian=actor,
        chain=(Handover(to=actor, by=event.collected_by or actor, at=at),),
    )


def _unattached(stream: UUID) -> Evidence:
    return Evidence(evidence_id=stream)


def _claims(_: Evidence, __: Event) -> Iterator[Claim]:
    """It holds no names: its number among the incident's evidence is enough."""
    return iter(())


EVIDENCE = Aggregate(
    name="evidence",
    initial=_unattached,
    evolve=evolve,
    claims=_claims,
    known_by=("incident_id", "reference", "number"),
)
