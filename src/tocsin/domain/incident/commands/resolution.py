"""Service is back, people agree, and the record ends; or not."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from annotated_types import Interval

from tocsin.domain.incident.command import IncidentCommand
from tocsin.domain.incident.events import (
    IncidentCancelled,
    IncidentClosed,
    IncidentEvent,
    IncidentReopened,
    IncidentResolved,
    ResolutionConfirmed,
    ResolutionRejected,
    ResolutionTested,
)
from tocsin.domain.incident.refusals import NotAffected, ResolutionNotConfirmed
from tocsin.domain.incident.state import Incident
from tocsin.domain.incident.values import KNOWN, OPEN, WORKABLE, Outcome, Source, Stage, Status
from tocsin.domain.kernel import Line, Name, Note, Text
from tocsin.domain.policy import Policy

RESOLVED = frozenset({Status.RESOLVED})


class Resolve(IncidentCommand, path="resolve", during=WORKABLE):
    """Say that service is restored, and how."""

    resolution_code: Name
    resolution: Text

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.status is Status.RESOLVED:
            return
        incident.allow(self)
        yield IncidentResolved(resolution_code=self.resolution_code, resolution=self.resolution)


class RecordTest(IncidentCommand, path="record-test", during=WORKABLE | RESOLVED):
    """Keep whether a resolution works: tried in staging before, in production after."""

    tested: Text
    stage: Stage
    outcome: Outcome
    evidence: Note = ""

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        tested = ResolutionTested(
            tested=self.tested, stage=self.stage, outcome=self.outcome, evidence=self.evidence
        )
        yield from self.say(incident, tested)


class Confirm(IncidentCommand, path="confirm", during=RESOLVED):
    """Agree that service is back. Somebody else may pass on who agreed; a score may come later."""

    confirmed_by: Name | None = None
    satisfaction: Annotated[int, Interval(ge=1, le=5)] | None = None
    comment: Note = ""

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.confirmed and self.satisfaction in (None, incident.satisfaction):
            return
        incident.allow(self)
        confirmed_by = self.confirmed_by or self.actor
        assert confirmed_by is not None, "the desk says who acts before it asks"
        affected = {incident.reporter, *incident.users} - {None}
        if affected and confirmed_by not in affected:
            raise NotAffected(confirmed_by)
        yield ResolutionConfirmed(
            confirmed_by=confirmed_by, satisfaction=self.satisfaction, comment=self.comment
        )


class RejectResolution(IncidentCommand, path="reject-resolution", during=RESOLVED):
    """Say that it is not solved. Work goes on."""

    reason: Text

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        rejected = ResolutionRejected(reason=self.reason)
        if incident.status in OPEN and incident.heard(rejected, self.actor):
            return
        incident.allow(self)
        yield rejected
        yield IncidentReopened(reason=self.reason)


class Reopen(IncidentCommand, path="reopen", during=KNOWN - OPEN):
    """Go on with what was thought to be over."""

    reason: Text

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.status in OPEN:
            return
        incident.allow(self)
        yield IncidentReopened(reason=self.reason)


class Close(IncidentCommand, path="close", during=RESOLVED):
    """Make the record final."""

    closure_code: Name
    detection: Source | None = None
    """How it was detected, in hindsight."""
    steps_taken: Note = ""
    lessons: Note = ""

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.status is Status.CLOSED:
            return
        incident.allow(self)
        if policy.confirmation_required and not incident.confirmed:
            raise ResolutionNotConfirmed(incident.reporter)
        yield IncidentClosed(
            closure_code=self.closure_code,
            detection=self.detection,
            steps_taken=self.steps_taken,
            lessons=self.lessons,
        )


class CloseUnasked(Close):
    """Make the record final because nobody has said anything for so long: silence is consent, also
    where somebody would have had to confirm. Nobody can ask for it: it has no path.

    By the time that it comes, the incident may have been opened again. Then it yields nothing.
    """

    resolved_by: datetime
    """It must have been resolved by then. A later resolution has a time of its own."""

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.status not in self.statuses:
            return
        if incident.resolved_at is None or incident.resolved_at <= self.resolved_by:
            yield IncidentClosed(
                closure_code=self.closure_code,
                detection=self.detection,
                steps_taken=self.steps_taken,
                lessons=self.lessons,
            )


class Cancel(IncidentCommand, path="cancel", during=OPEN):
    """Say that it will not be worked on: a duplicate, a request, a mistake."""

    reason: Line

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.status is Status.CANCELLED:
            return
        incident.allow(self)
        yield IncidentCancelled(reason=self.reason)
