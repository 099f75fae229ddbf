"""The log as exports read it: page by page, or incident by incident, in bounded memory."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.incident.events import IncidentLogged
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.domain.kernel import Recorded
from tocsin.exports.selection import Selection, Stopped
from tocsin.store.log import Log
from tocsin.store.mapper import Unreadable
from tocsin.store.sealing import MARK, opened

PAGE_EVENTS = 2_000
"""Events that are read with one question."""
INCIDENTS = 200
"""Incidents whose histories are in memory at a time."""
REMEMBERED = 50_000
"""Incidents of which it is remembered how they are called and whether they are chosen."""
BEGINNING = b'"version":1,"via":'
"""Stands in the bytes of every first event of a stream; within a text, quotes are escaped."""
Progress = Callable[[int, int], None]
"""Told how far it has read, and how far history goes."""


class Line(NamedTuple):
    """One event as it is stored, and the incident that it is about."""

    raw: dict[str, Any]
    incident: UUID | None
    reference: str | None


class Happened(NamedTuple):
    """One event of an incident or of its clock."""

    recorded: Recorded[Any]
    incident: Incident
    """As it stood in the world after it."""
    wanted: bool
    """Whether it is chosen; if not, it only explains those that are."""


@dataclass(frozen=True)
class Past:
    """One incident's whole history."""

    incident: Incident
    """As it stands in the end."""
    happened: Sequence[Happened]
    """In the order of the world: by when it happened, then by position."""

    @property
    def name(self) -> str:
        """What people call it; before it is logged, its id."""
        return self.incident.reference or str(self.incident.incident_id)

    @property
    def wanted(self) -> list[Happened]:
        """Those events that are chosen."""
        return [each for each in self.happened if each.wanted]


class _Known(NamedTuple):
    reference: str | None
    admitted: bool


class Source:
    """What is chosen of a log, as far as a position that is fixed when it is made.

    Raises:
        BadSelection: nothing can be chosen so.
    """

    def __init__(
        self,
        log: Log,
        selection: Selection,
        *,
        progress: Progress = lambda _done, _all: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.position = selection.checked(log.head())
        self._log, self._selection = log, selection
        self._progress, self._stop = progress, stop
        self._known: OrderedDict[UUID, _Known] = OrderedDict()
        self._given = 0

    @property
    def first(self) -> bytes:
        """The stored bytes of the first event: they say which log this is."""
        return next((body for _, body in self._log.raw_page(0, 1)), b"")

    def lines(self) -> Iterator[Line]:
        """The events that are chosen, in the order of the log.

        Raises:
            Stopped: somebody wants no more, with the position of the last that was given.
            Unreadable: an event is not what it should be.
        """
        for page in self._pages(self._selection.after):
            raws = [raw for raw in map(self._loaded, page) if self._selection.wants_stored(raw)]
            about = [incident_of(raw) for raw in raws]
            self._learn(each for each in about if each is not None)
            for raw, incident in zip(raws, about, strict=True):
                if incident is None:
                    if not (self._selection.where or self._selection.incidents):
                        yield self._giving(Line(raw, None, None))
                elif self._known[incident].admitted:
                    yield self._giving(Line(raw, incident, self._known[incident].reference))

    def pasts(self) -> Iterator[Past]:
        """The incidents with events that are chosen, in the order in which they began.

        Raises:
            Stopped: somebody wants no more.
            Unreadable: an event cannot be decoded.
        """
        for incidents in self._beginnings():
            clocks = {incident: clock_stream(incident) for incident in incidents}
            bodies = self._log.raw_histories([*incidents, *clocks.values()])
            for incident in incidents:
                own = self._decoded(bodies[incident])
                past = self._past(own, self._decoded(bodies[clocks[incident]]))
                if past is not None and past.wanted:
                    yield past

    def _past(self, own: list[Recorded[Any]], beside: list[Recorded[Any]]) -> Past | None:
        if not own:
            return None
        told = sorted([*own, *beside], key=lambda each: (each.occurred_at, each.position))
        state = INCIDENT.initial(own[0].stream)
        happened = []
        for recorded in told:
            if recorded.stream == state.incident_id:
                state = INCIDENT.evolve(state, recorded)
            time = getattr(recorded, self._selection.by)
            name, position = recorded.event.event_name, recorded.position
            wanted = self._selection.wants(name, time, position)
            happened.append(Happened(recorded, state, wanted))
        if [each for each in told if each.stream == state.incident_id] != own:
            # Something was learnt late: what it came to is the fold in the order of the log.
            state = INCIDENT.fold(state.incident_id, own)
        return Past(state, happened) if self._selection.admits(state) else None

    def _decoded(self, bodies: Collection[bytes]) -> list[Recorded[Any]]:
        return [each for each in self._log.decoded(bodies) if each.position <= self.position]

    def _loaded(self, body: bytes) -> dict[str, Any]:
        """A stored event as JSON has it, opened as far as there are keys."""
        try:
            raw: dict[str, Any] = orjson.loads(body)
            return opened(raw, self._log.seals) if MARK in body else raw
        except ValueError as error:
            raise Unreadable(f"{error}: {body[:200]!r}") from error

    def _beginnings(self) -> Iterator[list[UUID]]:
        """Incidents in the order of their first events, some at a time."""
        waiting = list(dict.fromkeys(self._selection.incidents))
        if not waiting:
            for page in self._pages(0):
                begun = (_begun(self._loaded(body)) for body in page if BEGINNING in body)
                waiting += [incident for incident in begun if incident is not None]
                while len(waiting) >= INCIDENTS:
                    yield waiting[:INCIDENTS]
                    del waiting[:INCIDENTS]
                    self._go_on()
        for start in range(0, len(waiting), INCIDENTS):
            self._go_on()
            yield waiting[start : start + INCIDENTS]

    def _pages(self, after: int) -> Iterator[list[bytes]]:
        """Stored bytes in the order of the log: of all of it, or of a few incidents."""
        if self._selection.incidents:
            yield self._of_few(self._selection.incidents, after)
            return
        while after < self.position:
            self._go_on()
            page = self._log.raw_page(after, min(PAGE_EVENTS, self.position - after))
            yield [body for _, body in page]
            after = page[-1][0]
            self._progress(after, self.position)

    def _of_few(self, incidents: Sequence[UUID], after: int) -> list[bytes]:
        streams = [stream for each in incidents for stream in (each, clock_stream(each))]
        found = self._log.raw_histories(streams).values()
        placed = ((self._loaded(body)["position"], body) for bodies in found for body in bodies)
        return [body for place, body in sorted(placed) if after < place <= self.position]

    def _learn(self, incidents: Iterable[UUID]) -> None:
        """Find out what is not known of some incidents, a few at a time."""
        unknown = []
        for incident in dict.fromkeys(incidents):
            if incident in self._known:
                self._known.move_to_end(incident)
            else:
                unknown.append(incident)
        for start in range(0, len(unknown), INCIDENTS):
            some = unknown[start : start + INCIDENTS]
            for incident, bodies in self._log.raw_histories(some).items():
                self._known[incident] = self._learnt(incident, bodies)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _learnt(self, incident: UUID, bodies: list[bytes]) -> _Known:
        if self._selection.where:
            state = INCIDENT.fold(incident, self._decoded(bodies))
            return _Known(state.reference, self._selection.admits(state))
        logged = (self._loaded(body) for body in bodies if _LOGGED in body)
        names = (raw["data"]["reference"] for raw in logged if raw["position"] <= self.position)
        return _Known(next(names, None), True)

    def _giving(self, line: Line) -> Line:
        self._given = line.raw["position"]
        return line

    def _go_on(self) -> None:
        if self._stop():
            raise Stopped(self._given)


_LOGGED = b'"event":"%b"' % IncidentLogged.event_name.encode()


def incident_of(raw: dict[str, Any]) -> UUID | None:
    """The incident that an event is about: that of its stream, or the one that it names."""
    if raw["event"].startswith("incident."):
        return UUID(raw["stream"])
    named = raw["data"].get("incident_id")
    return UUID(named) if named else None


def _begun(raw: dict[str, Any]) -> UUID | None:
    begins = raw["version"] == 1 and raw["event"].startswith("incident.")
    return UUID(raw["stream"]) if begins else None
