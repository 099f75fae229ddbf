"""What people were told and promised, and which workarounds were proposed, approved and used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.domain.incident.events import (
    UpdatePosted,
    WorkaroundApplied,
    WorkaroundApproved,
    WorkaroundProposed,
    WorkaroundRejected,
    WorkaroundWithdrawn,
)
from tocsin.domain.incident.values import Audience
from tocsin.domain.kernel import Recorded, replace

OVER = {
    "incident.resolved", "incident.closed", "incident.cancelled", "incident.dismissed",
}  # fmt: skip
"""After these nobody waits for the update that was promised."""


@dataclass(frozen=True, kw_only=True)
class Update:
    """Something that people were told."""

    at: datetime
    actor: str
    audience: str
    message: str
    promised: datetime | None
    """By when the one before had promised to tell more."""
    late_seconds: int
    """How much after that it came."""


@dataclass(frozen=True, kw_only=True)
class Silence:
    """A promised update that did not come at all."""

    promised: datetime
    late_seconds: int
    """Up to the end of the incident, or up to now."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """All that was said to people outside the team, and what was not."""

    updates: tuple[Update, ...]
    missed: tuple[Silence, ...]


@dataclass(frozen=True, kw_only=True)
class Way:
    """A workaround, from its proposal to its end."""

    name: str
    description: str
    cost: int
    risk: str
    proposed_by: str
    proposed_at: datetime
    approval_required: bool
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision: str | None = None
    """`approved`, or `rejected` with its reason."""
    waited_seconds: int | None = None
    """From the proposal to the decision."""
    applied_at: datetime | None = None
    withdrawn_at: datetime | None = None
    known_error: str | None = None


def told(history: Sequence[Recorded[Any]], as_of: datetime) -> Told:
    """The updates of an incident, and the promises of one that nobody kept."""
    promised: datetime | None = None
    updates: list[Update] = []
    missed: list[Silence] = []
    for each in sorted(history, key=lambda each: (each.occurred_at, each.version)):
        at = each.occurred_at
        if isinstance(each.event, UpdatePosted):
            updates.append(_update(each, promised))
            promised = each.event.next_update_due
        elif each.event.event_name in OVER and promised is not None:
            missed += _missed(promised, at)
            promised = None
    if promised is not None:
        missed += _missed(promised, as_of)
    return Told(updates=tuple(updates), missed=tuple(missed))


def _missed(promised: datetime, end: datetime) -> list[Silence]:
    late = int((end - promised).total_seconds())
    return [Silence(promised=promised, late_seconds=late)] if late > 0 else []


def _update(recorded: Recorded[UpdatePosted], promised: datetime | None) -> Update:
    late = 0 if promised is None else int((recorded.occurred_at - promised).total_seconds())
    return Update(
        at=recorded.occurred_at,
        actor=recorded.actor,
        audience=Audience(recorded.event.audience).value,
        message=recorded.event.message,
        promised=promised,
        late_seconds=max(late, 0),
    )


def ways(history: Sequence[Recorded[Any]]) -> list[Way]:
    """Every workaround of an incident, in the order in which they came up."""
    found: dict[str, Way] = {}
    for each in history:
        event, at = each.event, each.occurred_at
        match event:
            case WorkaroundProposed():
                found[event.workaround] = Way(
                    name=event.workaround,
                    description=event.description,
                    cost=event.cost,
                    risk=event.risk.value,
                    proposed_by=each.actor,
                    proposed_at=at,
                    approval_required=event.approval_required,
                )
            case WorkaroundApproved() | WorkaroundRejected() if event.workaround in found:
                way = found[event.workaround]
                found[event.workaround] = replace(
                    way,
                    decided_by=each.actor,
                    decided_at=at,
                    decision=_decision(event),
                    waited_seconds=int((at - way.proposed_at).total_seconds()),
                )
            case WorkaroundApplied() if event.workaround in found:
                found[event.workaround] = replace(
                    found[event.workaround], applied_at=at, known_error=event.known_error
                )
            case WorkaroundWithdrawn() if event.workaround in found:
                found[event.workaround] = replace(found[event.workaround], withdrawn_at=at)
    return list(found.values())


def _decision(event: WorkaroundApproved | WorkaroundRejected) -> str:
    if isinstance(event, WorkaroundRejected):
        return f"rejected: {event.reason}"
    return "approved"
