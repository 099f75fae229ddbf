"""What is kept of an incident so that its clocks can be read again, whenever somebody asks."""

from typing import Any
from uuid import UUID

from tocsin.domain.clock.happening import Happening, happening
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.incident import events
from tocsin.domain.incident.values import Fact
from tocsin.domain.kernel import Recorded, aggregate_of

Dossier = list[list[Any]]
"""Happenings as JSON, in the order of the log."""


def incident_of(recorded: Recorded[Any]) -> tuple[UUID, ...]:
    """The incident that an event is about: what time does has a stream of its own and names it."""
    if aggregate_of(recorded.event).name == "clock":
        return (UUID(recorded.event.incident_id),)
    return (recorded.stream,)


def kept(dossier: Dossier, recorded: Recorded[Any], rules: Rulebooks) -> Dossier:
    """The dossier after one more event; the very same if the event means nothing to clocks."""
    known = happening(recorded, rules.in_force(recorded.position))
    return dossier if known is None else [*dossier, list(known)]


def noted(dossier: Dossier, recorded: Recorded[Any], rules: Rulebooks) -> dict[str, Any]:
    """What an event changes in a state that keeps a dossier: its `happenings`, if it means
    something to clocks, and how people call the incident."""
    changes: dict[str, Any] = called(recorded.event)
    happenings = kept(dossier, recorded, rules)
    if happenings is not dossier:
        changes["happenings"] = happenings
    return changes


def read(dossier: Dossier) -> list[Happening]:
    """The happenings of a dossier."""
    return [Happening(*each) for each in dossier]


NAMING = {events.IncidentReported, events.IncidentLogged, events.IncidentCorrected}


def called(event: Any) -> dict[str, Any]:
    """What an event says of how people call the incident: its `title`, its `reference`."""
    if type(event) not in NAMING:
        return {}
    match event:
        case events.IncidentReported(title=title):
            return {"title": title}
        case events.IncidentLogged(reference=reference):
            return {"reference": reference}
        case events.IncidentCorrected(fact=Fact.TITLE, now=str(title)):
            return {"title": title}
    return {}
