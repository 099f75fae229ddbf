"""How an incident stands: what decisions about it need, and what somebody who opens it sees.

It is bounded in size, however long the history: notes, findings and messages stay in the events.
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import ClassVar, Protocol
from uuid import UUID

from tocsin.domain.incident.events import IncidentEvent
from tocsin.domain.incident.refusals import NotPossibleWhile
from tocsin.domain.incident.values import (
    HoldReason,
    Impact,
    LinkKind,
    Outcome,
    Risk,
    Source,
    Status,
    Urgency,
    WorkaroundStatus,
)
from tocsin.domain.kernel import COMMANDS, replace


class Attempt(Protocol):
    """What the lifecycle needs to know of a command."""

    path: ClassVar[str]
    statuses: ClassVar[frozenset[Status]]


@dataclass(frozen=True, kw_only=True)
class Workaround:
    """A way for users to work while the cause is still there."""

    name: str
    description: str
    cost: int
    risk: Risk
    approval_required: bool
    proposer: str
    status: WorkaroundStatus = WorkaroundStatus.PROPOSED
    known_error: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Related:
    """That it belongs together with another record."""

    kind: LinkKind
    target: str


@dataclass(frozen=True, kw_only=True)
class Incident:
    """An incident as it stands after some of its history."""

    incident_id: UUID
    version: int = 0
    status: Status = Status.UNREPORTED
    reference: str | None = None

    title: str = ""
    description: str = ""
    source: Source | None = None
    reporter: str | None = None
    services: tuple[str, ...] = ()
    configuration_items: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    dedup_key: str | None = None
    imported_from: str | None = None
    verified: bool = False

    impact_began_at: datetime | None = None
    detected_at: datetime | None = None
    reported_at: datetime | None = None
    acknowledged_at: datetime | None = None
    """The first time that somebody took it on."""
    mitigated_at: datetime | None = None
    """Since when users can work: by a workaround, or because service is back. Unknown again once
    it reopens, or the last workaround in effect is withdrawn, before service is back."""
    resolved_at: datetime | None = None
    closed_at: datetime | None = None

    category: str | None = None
    subcategory: str | None = None
    impact: Impact | None = None
    urgency: Urgency | None = None
    priority: int | None = None
    override_reason: str | None = None
    group: str | None = None
    assignee: str | None = None
    level: int | None = None
    """Of support, from 1. An incident that nobody assigned is with the first line."""
    reassignment_count: int = 0
    """How often it went from one group to another."""

    hold_reason: HoldReason | None = None
    hold_detail: str = ""
    held_since: datetime | None = None
    """Since when it waits for this."""
    hold_until: datetime | None = None
    open_question: str | None = None
    question_of: str | None = None

    functional_escalations: int = 0
    hierarchical_escalations: int = 0
    escalated_to: str | None = None
    """The manager who was involved last."""
    major: bool = False
    incident_manager: str | None = None
    meeting_place: str | None = None
    next_update_due: datetime | None = None
    """When those who were told how it stands expect to hear again."""

    cause: str | None = None
    workarounds: dict[str, Workaround] = field(default_factory=dict)
    resolution_code: str | None = None
    resolution: str | None = None
    tests: int = 0
    last_test: Outcome | None = None
    """What the last test of the current resolution showed."""
    confirmed: bool = False
    confirmed_by: str | None = None
    satisfaction: int | None = None
    closure_code: str | None = None
    reopen_count: int = 0
    sla_marked_breached: bool = False
    links: tuple[Related, ...] = ()

    last_said: dict[str, str] = field(default_factory=dict)
    """A digest of the last thing of each kind that may be said more than once, with who said it:
    how a repeated request is told from a new note. Of no use to a reader."""

    def earliest(self) -> datetime | None:
        """The moment before which nothing can have happened to it, if it has begun."""
        times = (self.impact_began_at, self.detected_at, self.reported_at)
        return min((time for time in times if time is not None), default=None)

    def possible(self) -> tuple[str, ...]:
        """The paths of the commands that could record something now."""
        paths = (
            path
            for (kind, path), ask in COMMANDS.items()
            if kind == "incident" and ask.possible(self)
        )
        return tuple(sorted(paths))

    def allow(self, attempt: Attempt) -> None:
        """Let an attempt pass that the lifecycle has a step for.

        Raises:
            NotPossibleWhile: it has none from where the incident stands.
        """
        if self.status not in attempt.statuses:
            raise NotPossibleWhile(attempt.path, self.status)

    def heard(self, event: IncidentEvent, actor: str | None) -> bool:
        """Whether the last thing of this kind was the same words from the same mouth."""
        return self.last_said.get(event.event_name) == digest(event, actor)

    def has(self, *statuses: WorkaroundStatus) -> bool:
        """Whether a workaround stands so."""
        return any(workaround.status in statuses for workaround in self.workarounds.values())

    def said(self, event: IncidentEvent, actor: str) -> "Incident":
        """After somebody said something that may be said more than once."""
        return replace(self, last_said={**self.last_said, event.event_name: digest(event, actor)})

    def not_held(self) -> "Incident":
        """After waiting is over."""
        return replace(self, hold_reason=None, hold_until=None, hold_detail="", held_since=None)

    def waiting_for_nobody(self) -> "Incident":
        """After waiting is over and no answer is needed any more."""
        return replace(self.not_held(), open_question=None, question_of=None)

    def moved_to(self, group: str | None) -> "Incident":
        """After it went to a group; the first that it goes to is no reassignment."""
        again = self.group is not None and group != self.group
        return replace(self, group=group, reassignment_count=self.reassignment_count + again)

    def relief_checked(self) -> "Incident":
        """After something was taken back: users can work only while service is back or a
        workaround is in effect."""
        if self.resolved_at is not None or self.has(WorkaroundStatus.APPLIED):
            return self
        return replace(self, mitigated_at=None)


def digest(event: IncidentEvent, actor: str | None) -> str:
    """Sixteen bytes that stand for who said what: the text may be long, and a state stays small."""
    return blake2b(repr((actor, event)).encode(), digest_size=16).hexdigest()
