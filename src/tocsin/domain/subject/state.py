"""How the events of a subject add up."""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never
from uuid import UUID

from tocsin.domain.kernel import Aggregate, Claim, Event, Recorded, replace
from tocsin.domain.subject.events import (
    HoldLifted,
    HoldPlaced,
    SubjectEvent,
    SubjectForgotten,
    SubjectPurged,
)
from tocsin.domain.subject.record import Hold, Subject


def evolve(subject: Subject, recorded: Recorded[SubjectEvent]) -> Subject:
    """Return the subject as it stands after one more event."""
    event, at, actor = recorded.event, recorded.occurred_at, recorded.actor
    match event:
        case SubjectForgotten():
            after = _forgotten(subject, event, recorded)
        case HoldPlaced(hold=name, reason=reason):
            hold = Hold(hold=name, reason=reason, placed_at=at, placed_by=actor)
            known = _of(event.incident_id)
            after = replace(
                subject,
                kind=event.kind,
                incident_id=known,
                holds={**subject.holds, name: hold},
            )
        case HoldLifted():
            after = _lifted(subject, event, at, actor)
        case SubjectPurged(places=places):
            after = replace(subject, purged_at=at, places=places)
        case unknown:
            assert_never(unknown)
    return replace(after, version=recorded.version)


def _forgotten(
    subject: Subject, event: SubjectForgotten, recorded: Recorded[SubjectEvent]
) -> Subject:
    return replace(
        subject,
        kind=event.kind,
        incident_id=_of(event.incident_id),
        forgotten=recorded.version,
        forgotten_at=recorded.occurred_at,
        forgotten_by=recorded.actor,
        basis=event.basis,
        request=event.request,
        values=event.values,
        until=event.until,
        purged_at=None,
        places=(),
    )


def _lifted(subject: Subject, event: HoldLifted, at: datetime, actor: str) -> Subject:
    hold = subject.holds.get(event.hold)
    if hold is None:
        return subject
    lifted = replace(hold, lifted_at=at, lifted_by=actor, lifted_because=event.reason)
    return replace(subject, holds={**subject.holds, event.hold: lifted})


def _of(incident_id: str | None) -> UUID | None:
    return UUID(incident_id) if incident_id else None


def _known(stream: UUID) -> Subject:
    return Subject(subject_id=stream)


def _claims(_: Subject, __: Event) -> Iterator[Claim]:
    """A subject holds no names: that is the point of it."""
    return iter(())


SUBJECT = Aggregate(
    name="subject",
    initial=_known,
    evolve=evolve,
    claims=_claims,
    always=True,
    known_by=("incident_id",),
)
