"""When a step of an escalation falls due, others are called in: other skills, or other rank."""

from collections.abc import Iterator
from uuid import UUID

from tocsin.domain.clock.events import EscalationFellDue
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.incident.commands.escalation import EscalateUnasked
from tocsin.domain.incident.values import EscalationKind
from tocsin.domain.kernel import Recorded
from tocsin.reactions.reaction import Asked


def react(recorded: Recorded[EscalationFellDue]) -> Iterator[Asked]:
    """Escalate as the step says. Where nobody stands so far up the line, nobody is called."""
    due = recorded.event
    hierarchical = due.kind is EscalationKind.HIERARCHICAL
    if (due.person if hierarchical else due.level or due.group) is None:
        return
    command = EscalateUnasked(
        occurred_at=recorded.occurred_at,
        actor=TIMEKEEPER,
        kind=due.kind,
        level=None if hierarchical else due.level,
        group=None if hierarchical else due.group,
        manager=due.person if hierarchical else None,
        reason=reason(due),
    )
    yield Asked(command, UUID(due.incident_id))


def reason(due: EscalationFellDue) -> str:
    """Which rule wanted it."""
    again = f" for the {due.repetition + 1}. time" if due.repetition else ""
    return (
        f"Step {due.step} of escalation {due.escalation} fell due{again}"
        f" (policy version {due.policy_version})."
    )
