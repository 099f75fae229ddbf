"""An incident becomes known, and turns out to be real or not."""

from collections.abc import Iterator
from datetime import datetime

from tocsin.domain.incident.command import IncidentCommand, Names
from tocsin.domain.incident.events import (
    IncidentDismissed,
    IncidentEvent,
    IncidentLogged,
    IncidentReported,
    IncidentVerified,
)
from tocsin.domain.incident.state import Incident
from tocsin.domain.incident.values import OPEN, Source, Status
from tocsin.domain.kernel import Line, Name, Note
from tocsin.domain.policy import Policy


class Report(IncidentCommand, path="report", during=frozenset({Status.UNREPORTED}), creates=True):
    """Say that a service is not as it should be."""

    filled_by_desk = ("reference",)

    title: Line
    description: Note = ""
    source: Source
    reporter: Name | None = None
    services: Names = ()
    configuration_items: Names = ()
    users: Names = ()
    impact_began_at: datetime | None = None
    detected_at: datetime | None = None
    dedup_key: Name | None = None
    """Two open incidents never have the same one: an alarm that rings again is the same alarm."""
    log: bool = True
    """Whether it goes on record at once, or somebody looks first whether it should."""
    reference: Name | None = None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        incident.allow(self)
        self.has_come("impact_began_at", self.impact_began_at)
        self.has_come("detected_at", self.detected_at)
        yield IncidentReported(
            title=self.title,
            description=self.description,
            source=self.source,
            reporter=self.reporter,
            services=self.services,
            configuration_items=self.configuration_items,
            users=self.users,
            impact_began_at=self.impact_began_at,
            detected_at=self.detected_at,
            dedup_key=self.dedup_key,
        )
        if self.log:
            yield _logged(self.reference)


class Log(IncidentCommand, path="log", during=frozenset({Status.REPORTED})):
    """Put a report on record, under the reference that people use from then on."""

    filled_by_desk = ("reference",)

    reference: Name | None = None

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return incident.reference is None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.reference is not None:
            return
        incident.allow(self)
        yield _logged(self.reference)


def _logged(reference: str | None) -> IncidentLogged:
    assert reference is not None, "the desk finds a free reference before it asks"
    return IncidentLogged(reference=reference)


class Verify(IncidentCommand, path="verify", during=OPEN):
    """Say that a second source confirms it."""

    source: Source
    evidence: Note = ""

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return not incident.verified

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.verified:
            return
        incident.allow(self)
        yield IncidentVerified(source=self.source, evidence=self.evidence)


class Dismiss(IncidentCommand, path="dismiss", during=OPEN):
    """Say that it was a false positive."""

    reason: Line

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.status is Status.DISMISSED:
            return
        incident.allow(self)
        yield IncidentDismissed(reason=self.reason)
