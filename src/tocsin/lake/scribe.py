"""From the log to the rows of the lake, one range of positions after the other.

Nothing is kept but in memory: what was said of an incident before is a function of its events up
to there, and is worked out again from the log where it is not at hand.
"""

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson

from tocsin.domain.clock.happening import clock_stream
from tocsin.domain.clock.plan import Rulebooks
from tocsin.domain.kernel import EVENTS
from tocsin.lake.life import Life
from tocsin.lake.measuring import kind, statements
from tocsin.lake.tables import EVENTS as EVERYTHING
from tocsin.lake.tables import INCIDENTS, SPELLS, TIMERS, Row
from tocsin.lake.telling import Told, told
from tocsin.process import unswept
from tocsin.store.log import Log

Drafts = dict[str, list[Row]]
"""Rows of each table, in no order; columns in the order of the table."""

SIGNED = (INCIDENTS, SPELLS, TIMERS)
EVERYWHERE = range(65_536)
"""All incidents: their ids end in any number of two bytes."""
_CLOCK = tuple(sorted(name for name in EVENTS if name.startswith("clock.")))
_OTHERS = tuple(sorted(name for name in EVENTS if not name.startswith("clock.")))
_CLOCK_NAMES = frozenset(_CLOCK)
_UNKNOWN: Row = (*(None,) * 15, False)
"""What is known of an incident where an event is about none."""


class Scribe:
    """Reads the log in ranges, and says of each what the lake is to say."""

    def __init__(
        self, log: Log, rules: Rulebooks, part: range = EVERYWHERE, cached: int = 65_536
    ) -> None:
        """With `part`, only of incidents whose ids end in such a number; `cached` of them are kept
        at hand."""
        self._log, self._rules, self._part, self._cached = log, rules, part, cached
        self._lives: OrderedDict[str, Life] = OrderedDict()
        self._after = self._reached = 0
        """Where the range begins, and how much of it is read."""
        self._touched: dict[str, Life] = {}
        self._events: list[Row] = []

    def write(self, after: int, until: int) -> Drafts:
        """The rows of a range; the next one begins where it ends.

        Raises:
            Unreadable: an event cannot be decoded.
        """
        drafts = self.glimpse(after, until)
        for life in self._touched.values():
            assert life.now is not None
            life.past = life.now
        self._begin(until)
        while len(self._lives) > self._cached:
            self._lives.popitem(last=False)
        return drafts

    def glimpse(self, after: int, until: int) -> Drafts:
        """The rows of a range that has not ended: it may be asked for again, with more of it."""
        if after != self._after or until < self._reached:
            self._lives.clear()
            self._begin(after)
        with unswept():
            self._read(until)
            return {EVERYTHING.name: list(self._events), **self._stated()}

    def _begin(self, after: int) -> None:
        self._after = self._reached = after
        self._touched, self._events = {}, []

    def _read(self, until: int) -> None:
        if until == self._reached:
            return
        events = sorted(self._bodies(until), key=lambda event: event.position)
        for event in events:
            if event.version == 1 and _incident_of(event) == event.stream:
                self._lives[event.stream] = Life(event.stream)  # it has no history to recall
        self._recall({incident for event in events if (incident := _incident_of(event))})
        for event in events:
            self._take(event)
        self._reached = until

    def _bodies(self, until: int) -> Iterator[Told]:
        """The events of the incidents of this part; of those of time, the incident decides."""
        for _, body in self._log.raw_share(_OTHERS, self._part, self._reached, until):
            yield told(body)
        limit = until - self._reached
        for _, body in self._log.raw_named(_CLOCK, self._reached, until, limit):
            event = told(body)
            if int(event.data["incident_id"][-4:], 16) in self._part:
                yield event

    def _recall(self, incidents: set[str]) -> None:
        """Have every incident at hand, as it was where the range began."""
        missing = sorted(each for each in incidents if each not in self._lives)
        streams = {UUID(each): each for each in missing}
        for stream, bodies in self._log.raw_histories(streams).items():
            life = Life(streams[stream])
            for body in bodies:
                event = told(body)
                if event.position > self._after:
                    break
                self._live(life, event)
            self._lives[life.incident_id] = life
        clocks = {
            clock_stream(UUID(each)): self._lives[each]
            for each in missing
            if self._lives[each].position
        }
        for stream, bodies in self._log.raw_histories(clocks).items():
            life = clocks[stream]
            for body in bodies:
                event = told(body)
                if life.position < event.position <= self._after:
                    life.hear(event.position, event.recorded_us)
            life.past = statements(life, self._rules)

    def _live(self, life: Life, event: Told) -> None:
        life.take(event, self._rules.in_force(event.position))
        life.hear(event.position, event.recorded_us)

    def _take(self, event: Told) -> None:
        incident = _incident_of(event)
        if incident is None:
            self._events.append((*_told(event, None), *_UNKNOWN))
            return
        life = self._lives[incident]
        self._lives.move_to_end(incident)
        self._touched[incident] = life
        before, last = life.status.value, life.last
        if event.name in _CLOCK_NAMES:
            life.hear(event.position, event.recorded_us)
        else:
            self._live(life, event)
        prev_event, prev_us = last if last is not None else (None, None)
        self._events.append(
            (
                *_told(event, incident),
                prev_event,
                prev_us,
                life.reference,
                before,
                life.status.value,
                life.reported_us,
                life.acknowledged_us,
                life.assignee,
                *kind(life),
            )
        )

    def _stated(self) -> Drafts:
        drafts: Drafts = {table.name: [] for table in SIGNED}
        for life in self._touched.values():
            if life.now is None:
                life.now = statements(life, self._rules)
            for table, before, now in zip(SIGNED, life.past, life.now, strict=True):
                if before != now:
                    drafts[table.name] += _changes(life.position, before, now)
        return drafts


def _changes(position: int, before: Collection[Row], now: Collection[Row]) -> Iterator[Row]:
    """What is taken back, and what is said instead."""
    if not before:  # so it is with every new incident, and comparing takes its time
        for row in now:
            yield (position, 1, *row)
        return
    gone, come = Counter(before), Counter(now)
    for row in (gone - come).elements():
        yield (position, -1, *row)
    for row in (come - gone).elements():
        yield (position, 1, *row)


def _incident_of(event: Told) -> str | None:
    """The incident that an event is about."""
    if event.name in _CLOCK_NAMES:
        incident: str = event.data["incident_id"]
        return incident
    return event.stream if event.name.startswith("incident.") else None


def _told(event: Told, incident: str | None) -> Row:
    """The columns that an event says by itself."""
    return (
        event.position,
        event.stream,
        incident,
        event.version,
        event.name,
        event.schema,
        event.actor,
        event.via,
        event.occurred_us,
        event.recorded_us,
        event.command_id,
        event.causation,
        _json(event.stored),
    )


def _json(stored: Mapping[str, Any]) -> str:
    return orjson.dumps(stored).decode()
