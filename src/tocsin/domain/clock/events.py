"""What time does to an incident. This is the storage format: a name, a field and its meaning never
change. Add an event, or raise `schema` and write an upcaster with a fixture of the old bytes.

They stand on the clock's own stream, so that no person's version of the incident gets stale by the
passing of time. `occurred_at` is when it was due, also when nobody was there to see it.
`incident_version` is how much of the incident's history it rests on; `since` is the version of the
event there that began this run of the clock.
"""

from datetime import datetime

from tocsin.domain.incident.values import EscalationKind
from tocsin.domain.kernel import Event
from tocsin.domain.personal import Who
from tocsin.domain.policy.values import Measure, Trigger


class TargetWarned(Event, name="clock.warned"):
    """So much of the time for a target is used up, and what it promises is not there yet."""

    incident_id: str
    incident_version: int
    measure: Measure
    target: str
    group: str | None = None  # whose promise it is, of a group's target
    since: int
    percent: int
    goal_seconds: int
    policy_version: int


class TargetBreached(Event, name="clock.breached"):
    """The time for a target is used up, and what it promises is not there."""

    incident_id: str
    incident_version: int
    measure: Measure
    target: str
    group: str | None = None
    since: int
    goal_seconds: int
    policy_version: int


class BreachWithdrawn(Event, name="clock.breach-withdrawn"):
    """What was learnt later shows that there was no breach at that time after all."""

    incident_id: str
    incident_version: int
    measure: Measure
    target: str
    group: str | None = None
    since: int
    breached_at: datetime  # as it was recorded


class AcknowledgementMissed(Event, name="clock.acknowledgement-missed"):
    """Nobody has taken the incident on within the time of an escalation's step."""

    incident_id: str
    incident_version: int
    escalation: str
    step: int
    waited_seconds: int  # of the escalation's calendar's working time
    policy_version: int


class EscalationFellDue(Event, name="clock.escalation-fell-due"):
    """A step of an escalation is due. Whether it changed anything, the incident's history says."""

    incident_id: str
    incident_version: int
    escalation: str
    trigger: Trigger
    since: int
    step: int  # from 1
    repetition: int = 0  # of the last step
    kind: EscalationKind
    level: int | None = None
    group: str | None = None
    person: Who | None = None  # none when nobody stands so far up the line
    policy_version: int


class UpdateReminded(Event, name="clock.update-reminded"):
    """Those who were told when they would hear again have not heard."""

    incident_id: str
    incident_version: int
    since: int  # the update that promised it


class WorkaroundExpired(Event, name="clock.workaround-expired"):
    """A workaround was good until now, and is still in effect."""

    incident_id: str
    incident_version: int
    workaround: str
    since: int


class HoldLapsed(Event, name="clock.hold-lapsed"):
    """The incident was to wait until now, and still does."""

    incident_id: str
    incident_version: int
    since: int


class ClosingFellDue(Event, name="clock.closing-fell-due"):
    """It has been resolved for so long that silence counts as consent."""

    incident_id: str
    incident_version: int
    since: int  # the resolution
    days: int
    policy_version: int


# fmt: off
ClockEvent = (
    TargetWarned | TargetBreached | BreachWithdrawn | AcknowledgementMissed | EscalationFellDue |
    UpdateReminded | WorkaroundExpired | HoldLapsed | ClosingFellDue
)
