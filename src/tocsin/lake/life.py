"""One incident, as far as its events have been read: what the tables of the lake tell of it.

The same definitions as the read model of incidents has, folded from stored fields: a correction
sets right what it corrects, and what a reopening takes back is taken back.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tocsin.domain.clock.happening import Happening
from tocsin.domain.clock.happening import told as heard
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.incident.status import ALWAYS, OTHERWISE, led
from tocsin.domain.incident.values import EscalationKind, Fact, LinkKind, Status
from tocsin.domain.kernel import EVENTS
from tocsin.lake.tables import NOTHING, Statements
from tocsin.lake.telling import Told, when

Data = Mapping[str, Any]
IMPORTED = "incident.imported"
_KINDS: dict[str, Any] = {**EVENTS}
LEADING = {name: ALWAYS[kind] for name, kind in _KINDS.items() if kind in ALWAYS}
LED = {name: kind for name, kind in _KINDS.items() if kind in OTHERWISE}


_EMPTY = (
    "acknowledged_us", "assignee", "category", "closed_us", "closure_code", "detected_us",
    "first_category", "first_priority", "first_resolved_us", "group", "impact", "impact_began_us",
    "item", "logged_us", "mitigated_us", "priority", "reference", "reported_us",
    "resolution_code", "resolved_us", "satisfaction", "service", "source", "subcategory", "system",
    "urgency",
)  # fmt: skip
_COUNTS = (
    "escalations_functional", "escalations_hierarchical", "handovers", "holds", "lowered",
    "raised", "reassignments", "rejections", "reopens", "returns", "updates",
    "workarounds_applied", "workarounds_proposed",
)  # fmt: skip
_FLAGS = ("confirmed", "major", "marked_breached")
_SETS = ("actors", "assignees", "groups", "in_effect", "known_errors", "links")


class Life:
    """What became of one incident so far."""

    __slots__ = (*_EMPTY, *_COUNTS, *_FLAGS, *_SETS, "happenings", "heard_us", "incident_id",
                 "last", "now", "past", "position", "status")  # fmt: skip
    acknowledged_us: int | None
    assignee: str | None
    category: str | None
    closed_us: int | None
    closure_code: str | None
    detected_us: int | None
    first_category: str | None
    first_priority: int | None
    first_resolved_us: int | None
    group: str | None
    impact: str | None
    impact_began_us: int | None
    item: str | None
    logged_us: int | None
    mitigated_us: int | None
    priority: int | None
    reference: str | None
    reported_us: int | None
    resolution_code: str | None
    resolved_us: int | None
    satisfaction: int | None
    service: str | None
    source: str | None
    subcategory: str | None
    system: str | None
    urgency: str | None
    escalations_functional: int
    escalations_hierarchical: int
    handovers: int
    holds: int
    lowered: int
    raised: int
    reassignments: int
    rejections: int
    reopens: int
    returns: int
    updates: int
    workarounds_applied: int
    workarounds_proposed: int
    confirmed: bool
    major: bool
    marked_breached: bool
    actors: frozenset[str]
    assignees: frozenset[str]
    groups: frozenset[str]
    in_effect: frozenset[str]
    known_errors: frozenset[str]
    links: frozenset[tuple[str, str]]

    def __init__(self, incident_id: str) -> None:
        self.incident_id = incident_id
        self.status = Status.UNREPORTED
        self.position = self.heard_us = 0
        """Of the last event of its own or of its clock's, and when that was recorded."""
        self.last: tuple[str, int] | None = None
        """Name and time of its own last event."""
        self.happenings: list[Happening] = []
        self.past = NOTHING
        """What the lake says of it so far."""
        self.now: Statements | None = NOTHING
        """What is to be said of it now, if that was worked out since something happened."""
        for names, value in ((_EMPTY, None), (_COUNTS, 0), (_FLAGS, False), (_SETS, frozenset())):
            for name in names:
                setattr(self, name, value)

    def hear(self, position: int, recorded_us: int) -> None:
        """Take note that something happened to it, or to its clock."""
        self.position, self.heard_us, self.now = position, recorded_us, None

    def take(self, event: Told, policy: int) -> None:
        """Take in one event of its history, decided under this policy."""
        name, data, at = event.name, event.data, event.occurred_us
        if self.reported_us is None:
            self.reported_us = at
        if event.actor != TIMEKEEPER and event.actor not in self.actors:
            self.actors |= {event.actor}
        if reader := READERS.get(name):
            reader(self, data, at)
        self._lead(name, data)
        known = heard(name, data, at, event.recorded_us, event.version, policy)
        if known is not None:
            self.happenings.append(known)
        self.last = (name, at)

    def _lead(self, name: str, data: Data) -> None:
        status = LEADING.get(name)
        if status is None:
            kind = LED.get(name)
            if kind is None:
                return
            imported = Status(data["status"]) if name == IMPORTED else self.status
            logged = self.logged_us is not None and name != "incident.logged"
            status = led(self.status, logged=logged, kind=kind, imported=imported)
        self.status = status

    def _reported(self, data: Data, at: int) -> None:
        self.source, self.reported_us = data["source"], at
        self.service = next(iter(data["services"]), None)
        self.item = next(iter(data["configuration_items"]), None)
        self.impact_began_us = when(data["impact_began_at"])
        self.detected_us = when(data["detected_at"])

    def _logged(self, data: Data, at: int) -> None:
        self.reference, self.logged_us = data["reference"], at

    def _taken_over(self, data: Data, at: int) -> None:
        self.system = data["system"]

    def _acknowledged(self, data: Data, at: int) -> None:
        if self.acknowledged_us is None:
            self.acknowledged_us = at

    def _categorised(self, data: Data, at: int) -> None:
        self.category, self.subcategory = data["category"], data["subcategory"]
        self.first_category = self.first_category or self.category

    def _prioritised(self, data: Data, at: int) -> None:
        now, before = data["priority"], self.priority
        if before is None:
            self.first_priority = now
        else:
            self.raised += now < before
            self.lowered += now > before
        self.priority = now
        self.impact, self.urgency = data["impact"] or self.impact, data["urgency"] or self.urgency

    def _assigned(self, data: Data, at: int) -> None:
        self._move(data["group"])
        self.assignee = data["assignee"]
        if self.assignee is not None:
            self.assignees |= {self.assignee}

    def _move(self, group: str | None) -> None:
        if group == self.group:
            return
        if self.group is not None:
            self.reassignments += 1
            if group is not None:
                self.handovers += 1
        if group is not None:
            self.returns += group in self.groups
            self.groups |= {group}
        self.group = group

    def _held(self, data: Data, at: int) -> None:
        self.holds += 1

    def _escalated(self, data: Data, at: int) -> None:
        if data["kind"] == EscalationKind.HIERARCHICAL:
            self.escalations_hierarchical += 1
            return
        self.escalations_functional += 1
        if data["group"] is not None:
            self._move(data["group"])
            self.assignee = None

    def _declared(self, data: Data, at: int) -> None:
        self.major = True

    def _proposed(self, data: Data, at: int) -> None:
        self.workarounds_proposed += 1

    def _applied(self, data: Data, at: int) -> None:
        self.workarounds_applied += 1
        self.in_effect |= {data["workaround"]}
        if data["known_error"] is not None:
            self.known_errors |= {data["known_error"]}
        if self.mitigated_us is None:
            self.mitigated_us = at

    def _withdrawn(self, data: Data, at: int) -> None:
        self.in_effect -= {data["workaround"]}
        if not self.in_effect and self.resolved_us is None:
            self.mitigated_us = None

    def _resolved(self, data: Data, at: int) -> None:
        self.resolution_code, self.resolved_us = data["resolution_code"], at
        if self.first_resolved_us is None:
            self.first_resolved_us = at
        if self.mitigated_us is None:
            self.mitigated_us = at

    def _agreed(self, data: Data, at: int) -> None:
        self.confirmed, self.satisfaction = True, data["satisfaction"]

    def _rejected(self, data: Data, at: int) -> None:
        self.rejections += 1
        self.confirmed, self.satisfaction = False, None

    def _reopened(self, data: Data, at: int) -> None:
        self.reopens += 1
        self.confirmed, self.satisfaction = False, None
        self.resolved_us = self.closed_us = self.resolution_code = self.closure_code = None
        if not self.in_effect:
            self.mitigated_us = None

    def _closed(self, data: Data, at: int) -> None:
        self.closure_code, self.closed_us = data["closure_code"], at

    def _linked(self, data: Data, at: int) -> None:
        self.links |= {(data["kind"], data["target"])}

    def _unlinked(self, data: Data, at: int) -> None:
        self.links -= {(data["kind"], data["target"])}

    def _updated(self, data: Data, at: int) -> None:
        self.updates += 1

    def _corrected(self, data: Data, at: int) -> None:
        fact, now = data["fact"], data["now"]
        if fact in MOMENTS:
            setattr(self, MOMENTS[fact], when(now))
        elif fact == Fact.SOURCE:
            self.source = now

    def _marked(self, data: Data, at: int) -> None:
        self.marked_breached = True

    def linked(self, kind: LinkKind) -> set[str]:
        """What it is linked to, of one kind."""
        return {target for of, target in self.links if of == kind}


MOMENTS = {fact.value: fact.value.removesuffix("_at") + "_us" for fact in Fact if fact.is_time}
"""The column of each moment that a correction can move."""
READERS: dict[str, Callable[[Life, Data, int], None]] = {
    "incident.reported": Life._reported,
    "incident.logged": Life._logged,
    "incident.imported": Life._taken_over,
    "incident.acknowledged": Life._acknowledged,
    "incident.categorised": Life._categorised,
    "incident.prioritised": Life._prioritised,
    "incident.assigned": Life._assigned,
    "incident.held": Life._held,
    "incident.escalated": Life._escalated,
    "incident.major-declared": Life._declared,
    "incident.workaround-proposed": Life._proposed,
    "incident.workaround-applied": Life._applied,
    "incident.workaround-withdrawn": Life._withdrawn,
    "incident.resolved": Life._resolved,
    "incident.confirmed": Life._agreed,
    "incident.resolution-rejected": Life._rejected,
    "incident.reopened": Life._reopened,
    "incident.closed": Life._closed,
    "incident.linked": Life._linked,
    "incident.unlinked": Life._unlinked,
    "incident.update-posted": Life._updated,
    "incident.corrected": Life._corrected,
    "incident.sla-marked-breached": Life._marked,
}
"""What of each event the tables tell. The others are told by their row in `events` alone."""
assert READERS.keys() <= EVENTS.keys(), "every reader reads an event that there is"
