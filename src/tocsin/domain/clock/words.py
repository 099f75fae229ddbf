"""What time did, as one sentence each, for those who are on call."""

from typing import assert_never

from tocsin.domain.clock import events
from tocsin.domain.clock.events import ClockEvent
from tocsin.domain.kernel import moment


def words(event: ClockEvent) -> str:
    """The event as one sentence."""
    match event:
        case events.TargetWarned(target=target, percent=percent):
            return f"{percent} % of the time for “{target}”{_of(event.group)} is used up."
        case events.TargetBreached(target=target):
            return f"“{target}”{_of(event.group)} is breached."
        case events.BreachWithdrawn(target=target, breached_at=at):
            return f"“{target}”{_of(event.group)} was not breached at {moment(at)} after all."
        case events.AcknowledgementMissed(escalation=escalation):
            return f"Nobody has acknowledged it in time ({escalation})."
        case events.EscalationFellDue():
            return _escalation(event)
        case events.UpdateReminded():
            return "The update that people were promised is due."
        case events.WorkaroundExpired(workaround=workaround):
            return f"Workaround {workaround} has expired, and is still in effect."
        case events.HoldLapsed():
            return "It was to wait until now, and still waits."
        case events.ClosingFellDue(days=days):
            return f"It has been resolved for {days} days, and nobody has objected."
        case unknown:
            assert_never(unknown)


def _of(group: str | None) -> str:
    return f" of {group}" if group is not None else ""


def _escalation(event: events.EscalationFellDue) -> str:
    level = f"level {event.level}" if event.level is not None else None
    whom = event.group or event.person or level or "nobody: the line of managers ends before"
    again = f", again ({event.repetition})" if event.repetition else ""
    return f"{event.escalation}, step {event.step}{again}: {event.kind} to {whom}."
