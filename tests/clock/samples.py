"""One of each event of a clock."""

from typing import Any

from tests.clock.kit import INCIDENT
from tocsin.domain.clock import events as c
from tocsin.domain.incident.values import EscalationKind
from tocsin.domain.openings import instant
from tocsin.domain.policy.values import Measure, Trigger

ABOUT: dict[str, Any] = {"incident_id": str(INCIDENT), "incident_version": 4}
OF: dict[str, Any] = {**ABOUT, "measure": Measure.RESOLUTION, "target": "Done", "since": 1}
WARNED = c.TargetWarned(**OF, percent=75, goal_seconds=14_400, policy_version=2)
BROKEN = c.TargetBreached(**OF, goal_seconds=14_400, policy_version=2)
WITHDRAWN = c.BreachWithdrawn(**OF, breached_at=instant(0))
MISSED = c.AcknowledgementMissed(
    **ABOUT, escalation="Silence", step=1, waited_seconds=600, policy_version=2
)
ESCALATED = c.EscalationFellDue(
    **ABOUT,
    escalation="Silence",
    trigger=Trigger.UNACKNOWLEDGED,
    since=1,
    step=1,
    kind=EscalationKind.FUNCTIONAL,
    level=2,
    policy_version=2,
)
REMINDED = c.UpdateReminded(**ABOUT, since=3)
EXPIRED = c.WorkaroundExpired(**ABOUT, workaround="W1", since=3)
LAPSED = c.HoldLapsed(**ABOUT, since=3)
CLOSING = c.ClosingFellDue(**ABOUT, since=3, days=14, policy_version=1)
