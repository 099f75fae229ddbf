"""The cause is found, and users work again while it is still there."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from annotated_types import Interval

from tocsin.domain.incident.command import IncidentCommand
from tocsin.domain.incident.events import (
    CauseIdentified,
    IncidentEvent,
    WorkaroundApplied,
    WorkaroundApproved,
    WorkaroundProposed,
    WorkaroundRejected,
    WorkaroundWithdrawn,
)
from tocsin.domain.incident.refusals import (
    AwaitingApproval,
    NoSuchWorkaround,
    NotEntitled,
    SelfApproval,
    TooMany,
    WorkaroundStands,
)
from tocsin.domain.incident.state import Incident, Workaround
from tocsin.domain.incident.values import WORKABLE, Risk, Status
from tocsin.domain.incident.values import WorkaroundStatus as Stands
from tocsin.domain.kernel import Line, Name, Note, Text
from tocsin.domain.policy import Policy

MAX_WORKAROUNDS = 100
"""Of one incident: more is no search for relief any more, and a state stays small."""
ON_OFFER = (Stands.PROPOSED, Stands.APPROVED, Stands.APPLIED)


class IdentifyCause(IncidentCommand, path="identify-cause", during=WORKABLE | {Status.RESOLVED}):
    """Say why it happened."""

    cause: Text

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.cause == self.cause:
            return
        incident.allow(self)
        yield CauseIdentified(cause=self.cause)


class ProposeWorkaround(IncidentCommand, path="propose-workaround", during=WORKABLE):
    """Offer a way for users to work again. The policy says whether somebody has to approve it."""

    description: Text
    cost: Annotated[int, Interval(ge=0, le=1_000_000_000)] = 0
    risk: Risk

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if any(self._is(workaround) for workaround in incident.workarounds.values()):
            return
        incident.allow(self)
        if len(incident.workarounds) >= MAX_WORKAROUNDS:
            raise TooMany("workarounds", MAX_WORKAROUNDS)
        yield WorkaroundProposed(
            workaround=f"W{len(incident.workarounds) + 1}",
            description=self.description,
            cost=self.cost,
            risk=self.risk,
            approval_required=policy.approval_required(self.risk, self.cost),
            policy_version=policy.version,
        )

    def _is(self, known: Workaround) -> bool:
        same = (known.description, known.cost, known.risk)
        return known.status in ON_OFFER and same == (self.description, self.cost, self.risk)


class ApproveWorkaround(IncidentCommand, path="approve-workaround", during=WORKABLE):
    """Accept its cost and its risk: four eyes, so never one's own. The policy may say whose."""

    workaround: Name
    comment: Note = ""

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return incident.has(Stands.PROPOSED)

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if stands(incident, self.workaround) is Stands.APPROVED:
            return
        incident.allow(self)
        known = named(incident, self.workaround)
        if known.status is not Stands.PROPOSED:
            raise WorkaroundStands("approve", known.name, known.status)
        if known.proposer == self.actor:
            raise SelfApproval(known.name, known.proposer)
        self._entitled(known, policy.approvers(known.risk, known.cost, incident.group))
        yield WorkaroundApproved(workaround=known.name, comment=self.comment)

    def _entitled(self, known: Workaround, approvers: frozenset[str] | None) -> None:
        """Let those approve whom the policy names, if it names any."""
        if approvers is not None and self.actor not in approvers:
            raise NotEntitled(known.name, self.actor or "", tuple(sorted(approvers)))


class RejectWorkaround(IncidentCommand, path="reject-workaround", during=WORKABLE):
    """Do not accept its cost or its risk."""

    workaround: Name
    reason: Line

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return incident.has(Stands.PROPOSED)

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if stands(incident, self.workaround) is Stands.REJECTED:
            return
        incident.allow(self)
        known = named(incident, self.workaround)
        if known.status is not Stands.PROPOSED:
            raise WorkaroundStands("reject", known.name, known.status)
        yield WorkaroundRejected(workaround=known.name, reason=self.reason)


class ApplyWorkaround(IncidentCommand, path="apply-workaround", during=WORKABLE):
    """Put it in effect. Applied again, it has another expiry or known error."""

    workaround: Name
    known_error: Name | None = None
    expires_at: datetime | None = None

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return incident.has(*ON_OFFER)

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if self._is_in_effect(incident):
            return
        incident.allow(self)
        known = named(incident, self.workaround)
        if known.status not in ON_OFFER:
            raise WorkaroundStands("apply", known.name, known.status)
        if known.status is Stands.PROPOSED and known.approval_required:
            raise AwaitingApproval(known.name)
        self.is_ahead("expires_at", self.expires_at)
        yield WorkaroundApplied(
            workaround=known.name, known_error=self.known_error, expires_at=self.expires_at
        )

    def _is_in_effect(self, incident: Incident) -> bool:
        if stands(incident, self.workaround) is not Stands.APPLIED:
            return False
        known = incident.workarounds[self.workaround]
        return (known.known_error, known.expires_at) == (self.known_error, self.expires_at)


class WithdrawWorkaround(
    IncidentCommand, path="withdraw-workaround", during=WORKABLE | {Status.RESOLVED}
):
    """Take it back, or out of effect: often once service is back."""

    workaround: Name
    reason: Line

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return incident.has(*ON_OFFER)

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if stands(incident, self.workaround) is Stands.WITHDRAWN:
            return
        incident.allow(self)
        known = named(incident, self.workaround)
        if known.status is Stands.REJECTED:
            raise WorkaroundStands("withdraw", known.name, known.status)
        yield WorkaroundWithdrawn(workaround=known.name, reason=self.reason)


def stands(incident: Incident, name: str) -> Stands | None:
    """Where a workaround stands, if there is one of that name."""
    known = incident.workarounds.get(name)
    return known.status if known else None


def named(incident: Incident, name: str) -> Workaround:
    """The workaround of that name.

    Raises:
        NoSuchWorkaround: there is none.
    """
    known = incident.workarounds.get(name)
    if known is None:
        raise NoSuchWorkaround(name)
    return known
