"""What the log says that time did, and how promises stand, in the words of the stories."""

from collections.abc import Iterable
from typing import Any

from tests.life.rules import shown
from tocsin.domain.clock import events as c
from tocsin.domain.clock.timer import Timer
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.incident.events import IncidentClosed, IncidentEscalated
from tocsin.domain.incident.values import EscalationKind
from tocsin.domain.kernel import Recorded

FIRST_VERSION = 2
"""Of the policy that holds in the first week: version 1 is the one that Tocsin brings along."""


def acts(history: Iterable[Recorded[Any]]) -> list[str]:
    """All that time did to an incident, in the order in which it was due."""
    done = [each for each in history if each.actor == TIMEKEEPER]
    done.sort(key=lambda each: (each.occurred_at, each.position))
    return [_line(each) for each in done]


def _line(recorded: Recorded[Any]) -> str:
    event = recorded.event
    line = f"{shown(recorded.occurred_at)} {_words(event)}{_under(event)}"
    late = recorded.recorded_at != recorded.occurred_at
    return f"{line} | known {shown(recorded.recorded_at)}" if late else line


def _words(event: Any) -> str:
    match event:
        case c.TargetWarned():
            return f"warned: {event.target}, {event.percent} %"
        case c.TargetBreached():
            return f"breached: {event.target}"
        case c.BreachWithdrawn():
            return f"withdrawn: {event.target} of {shown(event.breached_at)}"
        case c.AcknowledgementMissed():
            return f"unacknowledged: {event.escalation}, step {event.step}"
        case c.EscalationFellDue():
            again = f", again {event.repetition}" if event.repetition else ""
            return f"due: {event.escalation}, step {event.step}{again}, to {_whom(event)}"
        case c.UpdateReminded():
            return "update due"
        case c.WorkaroundExpired():
            return f"workaround {event.workaround} expired"
        case c.HoldLapsed():
            return "hold lapsed"
        case c.ClosingFellDue():
            return f"due: closing after {event.days} days"
        case IncidentEscalated():
            person = event.manager if event.kind is EscalationKind.HIERARCHICAL else None
            return f"escalated to {person or _skills(event.level, event.group)}"
        case IncidentClosed():
            return "closed"
    raise AssertionError(f"time does no such thing: {event}")


def _whom(event: c.EscalationFellDue) -> str:
    if event.kind is EscalationKind.HIERARCHICAL:
        return event.person or "nobody"
    return _skills(event.level, event.group)


def _skills(level: int | None, group: str | None) -> str:
    return group or f"level {level}"


def _under(event: Any) -> str:
    version = getattr(event, "policy_version", FIRST_VERSION)
    return "" if version == FIRST_VERSION else f" (v{version})"


def stood(timer: Timer) -> str:
    """How a promise stands."""
    return f"{timer.target}, {timer.cycle}: {timer.state}{_under(timer)}"
