"""Others are called in: other skills, other rank, or everybody."""

from collections.abc import Iterator

from tocsin.domain.incident.command import IncidentCommand, Level
from tocsin.domain.incident.events import (
    IncidentEscalated,
    IncidentEvent,
    MajorIncidentDeclared,
    MajorIncidentStoodDown,
)
from tocsin.domain.incident.refusals import MixedEscalation, NotHigher
from tocsin.domain.incident.state import Incident
from tocsin.domain.incident.values import WORKABLE, EscalationKind, Status
from tocsin.domain.kernel import Line, Name, Note
from tocsin.domain.policy import Policy

FIRST_LINE = 1
"""Where an incident is that was never assigned to a level."""


class Escalate(IncidentCommand, path="escalate", during=WORKABLE):
    """Call for help: functional from a level or group, hierarchical from a manager."""

    kind: EscalationKind
    level: Level | None = None
    group: Name | None = None
    manager: Name | None = None
    reason: Note = ""

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        functional = self.kind is EscalationKind.FUNCTIONAL
        to_skills = self.level is not None or self.group is not None
        if to_skills != functional or (self.manager is None) != functional:
            raise MixedEscalation
        if self._is_there(incident):
            return
        incident.allow(self)
        current = incident.level or FIRST_LINE
        if self.level is not None and self.level < current:
            raise NotHigher(self.level, current)
        yield IncidentEscalated(
            kind=self.kind,
            level=self.level,
            group=self.group,
            manager=self.manager,
            reason=self.reason,
        )

    def _is_there(self, incident: Incident) -> bool:
        if self.manager is not None:
            return self.manager == incident.escalated_to
        same_level = self.level in (None, incident.level or FIRST_LINE)
        return same_level and self.group in (None, incident.group)


class EscalateUnasked(Escalate):
    """Call for help because a step of an escalation fell due.

    Nobody can ask for it: it has no path. By the time that it comes, somebody may have ended the
    incident or called for more. Then it yields nothing; there is nobody to whom to refuse it.
    """

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        lower = self.level is not None and self.level < (incident.level or FIRST_LINE)
        if incident.status in self.statuses and not lower:
            yield from super().decide(incident, policy)


class DeclareMajor(IncidentCommand, path="declare-major", during=WORKABLE):
    """Run it as a major incident. Declared again, it has another manager or meeting place."""

    incident_manager: Name
    meeting_place: Line

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        run_by = (incident.incident_manager, incident.meeting_place)
        if incident.major and run_by == (self.incident_manager, self.meeting_place):
            return
        incident.allow(self)
        yield MajorIncidentDeclared(
            incident_manager=self.incident_manager, meeting_place=self.meeting_place
        )


class StandDown(IncidentCommand, path="stand-down", during=WORKABLE | {Status.RESOLVED}):
    """Run it as an ordinary incident again. One that is closed as major stays one."""

    reason: Line

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return incident.major

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if not incident.major:
            return
        incident.allow(self)
        yield MajorIncidentStoodDown(reason=self.reason)
