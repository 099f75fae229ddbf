"""Somebody looks into the incident, asks, and waits."""

from collections.abc import Iterator
from datetime import datetime

from tocsin.domain.incident.command import IncidentCommand, Names
from tocsin.domain.incident.events import (
    IncidentDiagnosed,
    IncidentEvent,
    IncidentHeld,
    IncidentNoted,
    IncidentResumed,
    InformationProvided,
    InformationRequested,
)
from tocsin.domain.incident.refusals import NoOpenQuestion
from tocsin.domain.incident.state import Incident
from tocsin.domain.incident.values import (
    KNOWN,
    OPEN,
    WORKABLE,
    HoldReason,
    Status,
    Visibility,
)
from tocsin.domain.kernel import Name, Text
from tocsin.domain.kernel import Note as Remark
from tocsin.domain.policy import Policy


class Note(IncidentCommand, path="note", during=KNOWN - {Status.CLOSED}):
    """Keep something worth knowing."""

    text: Text
    visibility: Visibility = Visibility.INTERNAL

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        yield from self.say(incident, IncidentNoted(text=self.text, visibility=self.visibility))


class Diagnose(IncidentCommand, path="diagnose", during=WORKABLE):
    """Keep what an investigation found, what it suspects, and where it looked."""

    findings: Text
    hypothesis: Remark = ""
    examined: Names = ()

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        diagnosed = IncidentDiagnosed(
            findings=self.findings, hypothesis=self.hypothesis, examined=self.examined
        )
        yield from self.say(incident, diagnosed)


class RequestInformation(IncidentCommand, path="request-information", during=OPEN):
    """Ask somebody for what the work needs. The latest question is the one that is open."""

    question: Text
    of: Name | None = None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if (incident.open_question, incident.question_of) == (self.question, self.of):
            return
        incident.allow(self)
        yield InformationRequested(question=self.question, of=self.of)


class ProvideInformation(IncidentCommand, path="provide-information", during=OPEN):
    """Answer the open question."""

    answer: Text

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return incident.open_question is not None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        provided = InformationProvided(answer=self.answer)
        if incident.open_question is None and incident.heard(provided, self.actor):
            return
        incident.allow(self)
        if incident.open_question is None:
            raise NoOpenQuestion
        yield provided


class Hold(IncidentCommand, path="hold", during=WORKABLE):
    """Stop work until somebody else has done something."""

    reason: HoldReason
    until: datetime | None = None
    detail: Remark = ""

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        held = (incident.hold_reason, incident.hold_until, incident.hold_detail)
        if held == (self.reason, self.until, self.detail):
            return
        incident.allow(self)
        self.is_ahead("until", self.until)
        yield IncidentHeld(reason=self.reason, until=self.until, detail=self.detail)


class Resume(IncidentCommand, path="resume", during=frozenset({Status.ON_HOLD})):
    """Go on with the work."""

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.status in (Status.NEW, Status.IN_PROGRESS):
            return
        incident.allow(self)
        yield IncidentResumed()
