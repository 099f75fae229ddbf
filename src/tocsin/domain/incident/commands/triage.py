"""Somebody takes the incident on, says what it is, what comes first, and who holds it."""

from collections.abc import Iterator

from tocsin.domain.incident.command import IncidentCommand, Level
from tocsin.domain.incident.events import (
    IncidentAcknowledged,
    IncidentAssigned,
    IncidentCategorised,
    IncidentEvent,
    IncidentPrioritised,
)
from tocsin.domain.incident.refusals import PriorityUnclear
from tocsin.domain.incident.state import Incident
from tocsin.domain.incident.values import WORKABLE, Impact, Priority, Status, Urgency
from tocsin.domain.kernel import Line, Name
from tocsin.domain.policy import Policy

ASSESSABLE = WORKABLE | {Status.RESOLVED}
"""What an incident was is often known best once service is back."""


class Acknowledge(IncidentCommand, path="acknowledge", during=WORKABLE):
    """Take it on."""

    @classmethod
    def useful(cls, incident: Incident) -> bool:
        return incident.acknowledged_at is None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if incident.acknowledged_at is not None:
            return
        incident.allow(self)
        yield IncidentAcknowledged()


class Categorise(IncidentCommand, path="categorise", during=ASSESSABLE):
    """Say what kind of trouble it is."""

    category: Name
    subcategory: Name | None = None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        if (incident.category, incident.subcategory) == (self.category, self.subcategory):
            return
        incident.allow(self)
        yield IncidentCategorised(category=self.category, subcategory=self.subcategory)


class Prioritise(IncidentCommand, path="prioritise", during=ASSESSABLE):
    """Say what comes first: by impact and urgency, or by hand with a reason."""

    impact: Impact | None = None
    urgency: Urgency | None = None
    priority: Priority | None = None
    override_reason: Line | None = None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        event = self._prioritised(policy)
        after = (event.priority, event.override_reason, event.impact, event.urgency)
        before = (incident.priority, incident.override_reason, incident.impact, incident.urgency)
        # An override leaves impact and urgency as they are.
        said = 2 if event.impact is None else 4
        if after[:said] == before[:said]:
            return
        incident.allow(self)
        yield event

    def _prioritised(self, policy: Policy) -> IncidentPrioritised:
        match self:
            case Prioritise(
                impact=Impact() as impact,
                urgency=Urgency() as urgency,
                priority=None,
                override_reason=None,
            ):
                priority = policy.priority(impact, urgency)
                return IncidentPrioritised(
                    priority=priority.value,
                    impact=impact,
                    urgency=urgency,
                    policy_version=policy.version,
                )
            case Prioritise(
                impact=None,
                urgency=None,
                priority=Priority() as priority,
                override_reason=str(reason),
            ):
                return IncidentPrioritised(priority=priority.value, override_reason=reason)
        raise PriorityUnclear


class Assign(IncidentCommand, path="assign", during=WORKABLE):
    """Say who holds it. Group and level stay as they are unless named; without an assignee it
    waits in the queue of the group."""

    group: Name | None = None
    assignee: Name | None = None
    level: Level | None = None

    def decide(self, incident: Incident, policy: Policy) -> Iterator[IncidentEvent]:
        group, level = self.group or incident.group, self.level or incident.level
        held = (incident.group, incident.assignee, incident.level)
        if held == (group, self.assignee, level):
            return
        incident.allow(self)
        yield IncidentAssigned(group=group, assignee=self.assignee, level=level)
