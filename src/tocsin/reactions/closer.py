"""When an incident has been resolved for so long that silence counts as consent, it is closed."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from tocsin.domain.clock.events import ClosingFellDue
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.incident.commands.resolution import CloseUnasked
from tocsin.domain.kernel import Recorded
from tocsin.reactions.reaction import Asked

CODE = "closed-automatically"


def react(recorded: Recorded[ClosingFellDue]) -> Iterator[Asked]:
    """Close it, unless it was opened again, or resolved once more and not so long ago."""
    due = recorded.event
    command = CloseUnasked(
        occurred_at=recorded.occurred_at,
        actor=TIMEKEEPER,
        closure_code=CODE,
        steps_taken=(
            f"Nobody objected within {due.days} days of the resolution"
            f" (policy version {due.policy_version})."
        ),
        resolved_by=recorded.occurred_at - timedelta(days=due.days),
    )
    yield Asked(command, UUID(due.incident_id))
