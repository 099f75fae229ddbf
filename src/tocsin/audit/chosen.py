"""Which part of the log an export holds: all of it, what was recorded in a period, or incidents."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.evidence.values import evidence_stream
from tocsin.domain.review.values import review_stream
from tocsin.domain.subject.values import texts_stream
from tocsin.exports.selection import Stopped
from tocsin.replaying.period import Period, recorded_at
from tocsin.store.log import Log
from tocsin.store.sealing import subjects_in

PAGE_EVENTS, AT_ONCE = 1_024, 5_000
"""Events that are written, and looked through, with one question."""
INCIDENTS = 1_000
INCIDENT_EVENTS = 250_000
"""Events of incidents by name that are held in memory: more are asked for as a period, or whole."""


@dataclass(frozen=True)
class Watched:
    """Somebody who is told how much of how much is done, and who may want no more of it."""

    progress: Callable[[int, int], None] = lambda _done, _all: None
    stop: Callable[[], bool] = lambda: False

    def step(self, done: int, total: int) -> None:
        """Say how far it is.

        Raises:
            Stopped: they want no more of it.
        """
        self.progress(done, total)
        if self.stop():
            raise Stopped(done)


UNWATCHED = Watched()


class NothingToProve(Exception):
    """There is nothing to export so. The sentence names the way out."""


@dataclass(frozen=True)
class Chosen:
    """The events that an export holds, in the order of the log, and how its header says so."""

    scope: Mapping[str, Any]
    positions: Sequence[int]
    bodies: Sequence[bytes] = field(default=(), repr=False)
    """Those events, if they were found one by one; the log is read again otherwise."""

    def pages(self, log: Log) -> Iterator[Sequence[bytes]]:
        """The stored bytes of the events, some at a time."""
        if self.bodies:
            for start in range(0, len(self.bodies), PAGE_EVENTS):
                yield self.bodies[start : start + PAGE_EVENTS]
            return
        for start in range(0, len(self.positions), PAGE_EVENTS):
            some = self.positions[start : start + PAGE_EVENTS]
            yield [bytes(body) for _, body in log.raw_page(some[0] - 1, len(some))]


def everything(size: int) -> Chosen:
    """Every event of a log of this size."""
    return Chosen({"kind": "all"}, range(1, size + 1))


def recorded_in(log: Log, period: Period, size: int, watched: Watched = UNWATCHED) -> Chosen:
    """All from the first event that was recorded in a period to the last, `size` at most.

    Positions are in the order in which events were recorded, times only nearly: where a clock was
    put back, the events between are there as well. So nothing of the period is left out.

    Raises:
        NothingToProve: nothing was recorded then.
        Stopped: somebody wants no more of it.
    """
    first = last = position = 0
    while position < size and (page := log.raw_page(position, min(AT_ONCE, size - position))):
        for position, body in page:
            if period.holds(recorded_at(body)):
                first, last = first or position, position
        watched.step(position, size)
    if not first:
        raise NothingToProve("Nothing was recorded in that period, as far as the log is signed.")
    times = {"since": period.since, "until": period.until}
    scope = {"kind": "period", **times, "first": first, "last": last}
    return Chosen(scope, range(first, last + 1))


def of_incidents(log: Log, incidents: Mapping[str, UUID], size: int) -> Chosen:
    """All about some incidents: their own streams, those beside them, and what was forgotten.

    Raises:
        NothingToProve: they are too many, or so young that no checkpoint covers them.
    """
    if len(incidents) > INCIDENTS:
        raise NothingToProve(f"At most {INCIDENTS:,} incidents are exported by name: use --all.")
    found: dict[int, bytes] = {}
    streams: dict[UUID, None] = {}
    for incident in incidents.values():
        beside = [clock_stream(incident), review_stream(incident), texts_stream(incident)]
        _read(log, [incident, *beside, *_evidence(log, incident)], size, found, streams)
    _read(log, _subjects(found.values()), size, found, streams)
    if not found:
        raise NothingToProve(
            "No checkpoint covers these incidents yet: `tocsin ledger checkpoint` makes one."
        )
    positions = sorted(found)
    scope = {
        "kind": "incident",
        "incidents": {name: str(incident) for name, incident in incidents.items()},
        "streams": [str(stream) for stream in streams],
    }
    return Chosen(scope, array("Q", positions), [found[position] for position in positions])


def _read(
    log: Log,
    wanted: Sequence[UUID],
    size: int,
    found: dict[int, bytes],
    streams: dict[UUID, None],
) -> None:
    for stream, bodies in log.raw_histories(wanted).items():
        for body in bodies:
            position = orjson.loads(body)["position"]
            if position <= size:
                found[position] = bytes(body)
                streams[stream] = None
        if len(found) > INCIDENT_EVENTS:
            raise NothingToProve(
                f"These incidents have more than {INCIDENT_EVENTS:,} events: export fewer of them,"
                " a period, or --all."
            )


def _evidence(log: Log, incident: UUID) -> list[UUID]:
    """The streams of an incident's attachments, which are numbered without gaps."""
    streams: list[UUID] = []
    while log.version(stream := evidence_stream(incident, len(streams) + 1)):
        streams.append(stream)
    return streams


def _subjects(bodies: Any) -> list[UUID]:
    """The streams of the people whose names are sealed in these events: who was forgotten, says
    so there."""
    found = []
    for subject in sorted(subjects_in(bodies)):
        try:
            found.append(UUID(subject))
        except ValueError:
            continue  # somebody altered it: the proof will say so
    return found
