"""The figures of the real history, counted from events alone: each the fold of its events."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any
from uuid import UUID, uuid5

from tocsin.domain.incident.events import (
    IncidentAcknowledged,
    IncidentAssigned,
    IncidentCategorised,
    IncidentClosed,
    IncidentEscalated,
    IncidentEvent,
    IncidentHeld,
    IncidentImported,
    IncidentLinked,
    IncidentNoted,
    IncidentPrioritised,
    IncidentReopened,
    IncidentReported,
    IncidentResolved,
    IncidentResumed,
    SlaMarkedBreached,
)
from tocsin.domain.incident.values import EscalationKind, LinkKind
from tocsin.domain.kernel import Recorded
from tocsin.importers.servicenow_rows import HOLD_REASONS
from tocsin.importers.storing import NAMESPACE
from tocsin.store.log import Log

PAGE = 10_000
OVER = ("Resolved", "Closed")
MOST_ROWS = 100
"""Of one incident: the longest has 58."""
RANKS = {"high": "1 - High", "medium": "2 - Medium", "low": "3 - Low"}
PRIORITIES = {1: "1 - Critical", 2: "2 - High", 3: "3 - Moderate", 4: "4 - Low"}
STATES = {reason: state for state, reason in HOLD_REASONS.items()}

Past = Recorded[IncidentEvent]


@dataclass
class One:
    """What the figures need to know of one incident."""

    first: UUID
    state: str = ""
    since: datetime | None = None
    priority: int | None = None
    group: str | None = None
    assignee: str | None = None
    reopened: int = 0
    breached: bool = False
    code: str | None = None
    linked: set[LinkKind] = field(default_factory=set)


class Figures:
    """All figures, after all events."""

    def __init__(self, log: Log) -> None:
        self.count: Counter[str] = Counter()
        self.waits: dict[str, list[int]] = defaultdict(list)
        self.waited: dict[str, set[UUID]] = defaultdict(set)
        self.raised: set[UUID] = set()
        self.problems: set[str] = set()
        self.incidents: dict[UUID, One] = {}
        for past in every(log):
            one = self.incidents.setdefault(past.stream, One(past.command_id))
            self.fold(one, past)

    def fold(self, one: One, past: Past) -> None:
        """Count one event."""
        on_first_row = past.command_id == one.first
        self.count[past.event.event_name] += 1
        match past.event:
            case IncidentImported(foreign_status=state, attributes=attributes):
                one.breached = attributes["made_sla"] == "false"
                self.count["beyond new"] += state != "New"
            case IncidentHeld():
                self.count["reason changed" if one.state in HOLD_REASONS else "held"] += 1
            case IncidentClosed(closure_code=code):
                one.code = code
                self.count["closed unresolved"] += not (on_first_row or one.state in OVER)
            case IncidentReopened():
                one.reopened += 1
                self.count[f"reopened from {one.state}"] += 1
            case IncidentCategorised():
                self.count["recategorised"] += not on_first_row
            case IncidentPrioritised(priority=priority):
                self._prioritised(one, priority)
            case IncidentAssigned():
                self._assigned(one, past.event, on_first_row)
            case IncidentEscalated(kind=kind):
                self.count[kind] += 1
                if kind is EscalationKind.HIERARCHICAL:
                    self.raised.add(past.stream)
            case IncidentLinked(kind=kind, target=target):
                self.count[kind] += 1
                one.linked.add(kind)
                if kind is LinkKind.PROBLEM:
                    self.problems.add(target)
            case SlaMarkedBreached():
                one.breached = True
        self._move(one, past)

    def _prioritised(self, one: One, priority: int) -> None:
        if one.priority is not None:
            self.count["priority changed"] += priority != one.priority
            self.count["priority lowered"] += priority > one.priority
            self.count["raised to critical"] += priority == 1 < one.priority
        one.priority = priority

    def _assigned(self, one: One, event: IncidentAssigned, on_first_row: bool) -> None:
        self.count["group"] += event.group != one.group
        self.count["assignee"] += event.assignee != one.assignee
        if not on_first_row:
            self.count["group later"] += event.group != one.group
            self.count["assignee later"] += event.assignee != one.assignee
        one.group, one.assignee = event.group, event.assignee

    def _move(self, one: One, past: Past) -> None:
        state = reached(past.event)
        if state is None or state == one.state:
            return
        if one.state in HOLD_REASONS and one.since is not None:
            self.waits[one.state].append(round((past.occurred_at - one.since).total_seconds() / 60))
            self.waited[one.state].add(past.stream)
        one.state, one.since = state, past.occurred_at

    def holds(self) -> list[dict[str, Any]]:
        """Episodes of waiting, by what was waited for."""
        return [
            {
                "st": state,
                "episodes": len(minutes),
                "incidents": len(self.waited[state]),
                "total_minutes": sum(minutes),
                "median_h": rounded(median(minutes) / 60),
            }
            for state, minutes in sorted(self.waits.items(), key=lambda each: -len(each[1]))
        ]


def every(log: Log) -> Iterator[Past]:
    """All events of a log."""
    after = 0
    while page := log.page(after, PAGE):
        yield from page
        after = page[-1].position


def rounded(hours: float) -> float:
    """Half up at four places, as DuckDB does."""
    return math.floor(hours * 10_000 + 0.5) / 10_000


def reached(event: IncidentEvent) -> str | None:
    """The ServiceNow state in which an event leaves the incident, if it changes it."""
    match event:
        case IncidentImported(foreign_status=state):
            return state if state in ("New", "Active") else None
        case IncidentAcknowledged() | IncidentResumed() | IncidentReopened():
            return "Active"
        case IncidentHeld(reason=reason):
            return STATES[reason]
        case IncidentResolved():
            return "Resolved"
        case IncidentClosed():
            return "Closed"
        case _:
            return None


def story(history: list[Past], number: str) -> list[dict[str, Any]]:
    """One incident's history in the words of the golden incidents, in the order of its rows."""
    commands = {uuid5(NAMESPACE, f"servicenow:{number}:{n}"): n for n in range(1, MOST_ROWS)}
    told: list[dict[str, Any]] = []
    one = One(history[0].command_id)
    for past in history:
        for words in _words(one, past, history):
            at = past.occurred_at.strftime("%Y-%m-%dT%H:%M")
            told.append({"at": at, "by": past.actor, "row": commands[past.command_id], **words})
    return in_order(told)


def in_order(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By row; what one row says has no order that anybody knows."""
    return sorted(told, key=lambda each: (each["row"], each["type"]))


def _words(one: One, past: Past, history: list[Past]) -> Iterator[dict[str, Any]]:
    match past.event:
        case IncidentReported():
            yield {"type": "reported_and_logged", **_first(history)}
        case IncidentAssigned(group=group, assignee=assignee):
            if group != one.group:
                yield {"type": "group_set", "old": one.group, "new": group}
            if assignee != one.assignee:
                yield {"type": "assignee_set", "old": one.assignee, "new": assignee}
            one.group, one.assignee = group, assignee
        case IncidentPrioritised(priority=priority):
            if one.priority is not None and one.priority != priority:
                yield {
                    "type": "priority_changed",
                    "old": PRIORITIES[one.priority],
                    "new": PRIORITIES[priority],
                }
            one.priority = priority
        case IncidentAcknowledged():
            yield {"type": "work_started"}
        case IncidentHeld(reason=reason):
            yield {"type": "put_on_hold", "reason": STATES[reason]}
        case IncidentResumed():
            yield {"type": "resumed"}
        case IncidentReopened(reason=reason):
            before, _, after = reason.removeprefix("ServiceNow: ").partition(" to ")
            yield {"type": "reopened", "from_state": before, "to_state": after}
        case IncidentResolved():
            yield {"type": "resolved"}
        case IncidentClosed(closure_code=code):
            yield {"type": "closed", "code": code}
        case SlaMarkedBreached():
            yield {"type": "sla_marked_breached"}
        case IncidentLinked(kind=kind, target=target):
            yield {"type": f"linked_to_{kind}", "ref": target}
        case IncidentNoted(text=text):
            yield {"type": "unknown_state", "state": text.split()[2]}


def _first(history: list[Past]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for past in history:
        match past.event:
            case IncidentReported(reporter=caller):
                said |= {"caller": caller}
            case IncidentImported(attributes=attributes):
                said |= {"contact_type": attributes["contact_type"]}
            case IncidentCategorised(category=category, subcategory=subcategory):
                said |= {"category": category, "subcategory": subcategory}
            case IncidentPrioritised(impact=impact, urgency=urgency, priority=priority):
                said |= {
                    "impact": RANKS[impact or ""],
                    "urgency": RANKS[urgency or ""],
                    "priority": PRIORITIES[priority],
                }
        if past.command_id != history[0].command_id:
            break
    return said
