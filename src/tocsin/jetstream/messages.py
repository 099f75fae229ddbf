"""Events as they are sent: a CloudEvent each, under a subject that says what happened."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from tocsin.domain.incident.events import IncidentLogged
from tocsin.exports.cloudevents import cloud_event, log_urn
from tocsin.exports.reading import Line, incident_of
from tocsin.jetstream.streams import MSG_ID
from tocsin.ledger.merkle import leaf_hash
from tocsin.store.log import Log
from tocsin.store.sealing import MARK, opened, subjects_in

POSITION, LEAF, LOG = "Tocsin-Position", "Tocsin-Leaf", "Tocsin-Log"
"""Headers: the place in the log, the hash of the event as the ledger's tree has it, and the log."""
KIND: Final = {"Content-Type": "application/cloudevents+json"}
REMEMBERED: Final = 100_000
"""Incidents whose reference is at hand."""
_LOGGED: Final = IncidentLogged.event_name


class Message(NamedTuple):
    """One event on its way."""

    position: int
    subject: str
    headers: dict[str, str]
    payload: bytes


class Named(NamedTuple):
    """How people call an incident, from a position on."""

    position: int
    reference: str


class Writer:
    """Writes the messages of one log."""

    def __init__(self, log: Log, subject: str) -> None:
        self._log, self._subject = log, subject
        self._references: OrderedDict[UUID, Named | None] = OrderedDict()
        first = log.raw_page(0, 1)
        assert first, "a log without events has no name yet"
        self.origin = log_urn(first[0][1])
        self._short = self.origin.rpartition(":")[2]

    def page(self, after: int, limit: int) -> list[Message]:
        """The events after a position, in order.

        Raises:
            StoreUnavailable: the log cannot be read now.
        """
        bodies = self._log.raw_page(after, limit)
        if not bodies:
            return []
        seals = self._log.seals
        seals.preload(subjects_in([body for _, body in bodies]))
        raws = []
        for _, body in bodies:
            raw = orjson.loads(body)
            raws.append(opened(raw, seals) if MARK in body else raw)
        about = [incident_of(raw) for raw in raws]
        self._look_up(raws, about)
        return [
            self._message(raw, incident, body)
            for raw, incident, (_, body) in zip(raws, about, bodies, strict=True)
        ]

    def leaf(self, position: int) -> str | None:
        """The hash of the event at a position; none when there is none."""
        found = self._log.raw_page(position - 1, 1)
        return leaf_hash(found[0][1]).hex() if found else None

    def _message(self, raw: dict[str, Any], incident: UUID | None, body: bytes) -> Message:
        position: int = raw["position"]
        reference = self._reference(raw, incident) if incident else None
        headers = {
            MSG_ID: f"{self._short}:{position}",
            POSITION: str(position),
            LEAF: leaf_hash(body).hex(),
            LOG: self._short,
            **KIND,
        }
        event = cloud_event(Line(raw, incident, reference), self.origin)
        subject = f"{self._subject}.{raw['event']}"
        return Message(position, subject, headers, orjson.dumps(event))

    def _reference(self, raw: dict[str, Any], incident: UUID) -> str | None:
        """How people call an incident from an event on. So what is sent depends on the log alone,
        and not on when it is sent."""
        if raw["event"] == _LOGGED:
            self._keep(incident, Named(raw["position"], raw["data"]["reference"]))
        elif incident not in self._references:
            self._keep(incident, None)  # it begins here
        named = self._references[incident]
        return named.reference if named and named.position <= raw["position"] else None

    def _look_up(self, raws: list[dict[str, Any]], about: Iterable[UUID | None]) -> None:
        """Find out how the incidents of a page are called that began before it, and remember
        those that are known to the end of the page."""
        older: dict[UUID, None] = {}
        for raw, incident in zip(raws, about, strict=True):
            if incident is None:
                continue
            if incident in self._references:
                self._references.move_to_end(incident)
            elif raw["version"] > 1 or raw["stream"] != str(incident):
                older[incident] = None
        for incident, bodies in self._log.raw_histories(older).items():
            self._keep(incident, _named(bodies))

    def _keep(self, incident: UUID, named: Named | None) -> None:
        self._references[incident] = named
        self._references.move_to_end(incident)
        while len(self._references) > REMEMBERED:
            self._references.popitem(last=False)


def _named(bodies: list[bytes]) -> Named | None:
    """How an incident is called, by its history."""
    mark = b'"event":"%b"' % _LOGGED.encode()
    logged = (orjson.loads(body) for body in bodies if mark in body)
    return next((Named(raw["position"], str(raw["data"]["reference"])) for raw in logged), None)
