"""An incident's past in the words of OCEL 2.0: events, objects, and how they belong together.

Objects are what work is about and who does it as a team. People are no objects: they stay
attributes of events, so that leaving them out takes one column.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from tocsin.domain.clock.events import BreachWithdrawn, TargetBreached, TargetWarned
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import LinkKind
from tocsin.domain.kernel import Event, Recorded, utc
from tocsin.exports.format import Counts
from tocsin.exports.reading import Happened, Past, Source
from tocsin.exports.values import LASTING, STANDING, Value, lasting, said, standing

INITIAL = "1970-01-01T00:00:00.000000Z"
"""From when attributes hold that say nothing of a time."""
LINKED: Mapping[LinkKind, str] = {
    LinkKind.PROBLEM: "problem",
    LinkKind.CHANGE: "change",
    LinkKind.KNOWN_ERROR: "known-error",
    LinkKind.RELATED_INCIDENT: "incident",
    LinkKind.CAUSED_BY: "change",
}
"""What stands at the other end of a link."""
NAMED: Mapping[str, type] = {"name": str}
OBJECT_TYPES: Mapping[str, Mapping[str, type]] = {
    "incident": {**LASTING, **STANDING},
    **dict.fromkeys(("asset", "change", "group", "known-error", "problem", "service"), NAMED),
}
"""The attributes of the objects of each type."""


class Thing(NamedTuple):
    """An object, by its type and its name there."""

    type: str
    name: str

    @property
    def id(self) -> str:
        """Its id: no two objects have the same, of whichever types they are."""
        return f"{self.type}:{self.name}"


class Change(NamedTuple):
    """An attribute of an object got a value; None is taken away."""

    at: datetime
    name: str
    value: Value | None


@dataclass(frozen=True)
class OcelEvent:
    """An event, and the objects that it is about, each with what it is to the event."""

    recorded: Recorded[Any]
    relations: Mapping[Thing, str]

    @property
    def id(self) -> str:
        """Its id, by its place in the log."""
        return f"event:{self.recorded.position}"

    @property
    def kind(self) -> type[Event]:
        """What happened."""
        return type(self.recorded.event)

    @property
    def at(self) -> datetime:
        """When, in UTC."""
        return utc(self.recorded.occurred_at)

    @property
    def attributes(self) -> dict[str, Value]:
        """What it says."""
        return dict(said(self.recorded))


@dataclass(frozen=True)
class OcelIncident:
    """An incident as an object."""

    thing: Thing
    attributes: Mapping[str, Value]
    changes: tuple[Change, ...]
    """In their order, one at most of each attribute at each time."""
    relations: Mapping[Thing, str]


class Sink(Protocol):
    """What takes in events and objects in some order, each once, and things more often."""

    def event(self, event: OcelEvent) -> None:
        """An event. Its objects were told before."""
        ...

    def thing(self, thing: Thing) -> None:
        """An object of which no more than its name need be known."""
        ...

    def incident(self, incident: OcelIncident) -> None:
        """An object with a history. The objects that it belongs to were told before."""
        ...


def tell(source: Source, sink: Sink) -> Counts:
    """Tell all incidents that are chosen."""
    counts = {"events": 0, "incidents": 0, "event-to-object relations": 0}
    for past in source.pasts():
        told = [_event(past, each) for each in past.wanted]
        incident = _incident(past)
        objects = dict.fromkeys(incident.relations)
        for event in told:
            objects |= dict.fromkeys(event.relations)
        for thing in objects:
            sink.thing(thing)
        sink.incident(incident)
        for event in told:
            sink.event(event)
            counts["event-to-object relations"] += len(event.relations)
        counts["incidents"] += 1
        counts["events"] += len(told)
    return counts


def _event(past: Past, each: Happened) -> OcelEvent:
    relations = {Thing("incident", past.name): "incident"}
    for thing, qualifier in _named(each.recorded.event):
        relations.setdefault(thing, qualifier)
    if each.incident.group is not None:
        relations.setdefault(Thing("group", each.incident.group), "held by")
    return OcelEvent(each.recorded, relations)


def _named(event: Event) -> Iterator[tuple[Thing, str]]:
    """The objects that an event itself names."""
    match event:
        case e.IncidentReported(services=services, configuration_items=items):
            yield from ((Thing("service", name), "affects") for name in services)
            yield from ((Thing("asset", name), "concerns") for name in items)
        case e.IncidentAssigned(group=str(group)):
            yield Thing("group", group), "assigned to"
        case e.IncidentEscalated(group=str(group)):
            yield Thing("group", group), "escalated to"
        case e.IncidentLinked(kind=kind, target=target):
            yield Thing(LINKED[kind], target), kind.value
        case e.IncidentUnlinked(kind=kind, target=target):
            yield Thing(LINKED[kind], target), f"no longer {kind.value}"
        case TargetWarned() | TargetBreached() | BreachWithdrawn() if event.group is not None:
            yield Thing("group", event.group), "promised by"


def _incident(past: Past) -> OcelIncident:
    incident = past.incident
    relations = {Thing("service", name): "affects" for name in incident.services}
    relations |= {Thing("asset", name): "concerns" for name in incident.configuration_items}
    relations |= {Thing(LINKED[link.kind], link.target): link.kind.value for link in incident.links}
    thing = Thing("incident", past.name)
    return OcelIncident(thing, lasting(incident), tuple(_changes(past)), relations)


def _changes(past: Past) -> Iterator[Change]:
    """What changed and when; of several changes at one instant, the last."""
    found: dict[tuple[datetime, str], Change] = {}
    before: dict[str, Value | None] = dict.fromkeys(STANDING)
    last = None
    for each in past.happened:
        if each.incident is last:
            continue  # an act of time
        at, now, last = utc(each.recorded.occurred_at), standing(each.incident), each.incident
        for name, value in now.items():
            if value != before[name]:
                found[at, name] = Change(at, name, value)
        before = now
    return iter(found.values())
