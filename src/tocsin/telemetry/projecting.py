"""What a projector does, round by round: how much, how fast, how late, and for which commands."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from tocsin.telemetry.families import Family, histogram
from tocsin.telemetry.figures import Figures
from tocsin.telemetry.ids import command_span
from tocsin.telemetry.spans import Place, Span, Value, new_span, new_trace
from tocsin.telemetry.spread import LATENESS, SHORT, SIZES, Spread
from tocsin.telemetry.tracing import Sampled

LINKS = 128
"""Commands that a span links to at most: the newest."""
EVENTS = (*SIZES, 512.0, 1_024.0, 2_048.0, 4_096.0, 8_192.0)


class Rounds(Figures):
    """The figures of a projector, and the spans of its rounds."""

    def __init__(self, live_events: int) -> None:
        """Pages of more than `live_events` are for rebuilds: they tell nothing of delays."""
        super().__init__()
        self._live_events = live_events
        self.seconds, self.events = Spread(SHORT), Spread(EVENTS)
        self.delay = Spread(LATENESS)
        self._put: Callable[[Span], None] | None = None
        self._sampled: Sampled = lambda trace_id, caller, name: True
        self._live: list[Any] = []
        self._count = 0

    def trace(self, put: Callable[[Span], None], sampled: Sampled) -> None:
        """From now on, make a span of each round with something new in it."""
        self._put, self._sampled = put, sampled

    def watched(self, source: Any) -> Any:
        """The same source, whose pages are seen here."""
        return Seen(source, self)

    def read(self, events: Sequence[Any], limit: int) -> None:
        """A page was read."""
        self._count += len(events)
        if limit <= self._live_events:
            self._live.extend(events)

    @contextmanager
    def round(self) -> Iterator[None]:
        """One round of the projector."""
        self._live, self._count, started = [], 0, perf_counter()
        yield
        if not self._count:
            return
        ended = perf_counter()
        self.seconds.observe(ended - started)
        self.events.observe(self._count)
        if live := self._live:
            oldest = min(each.recorded_at for each in (live[0], live[-1]))
            self.delay.observe((datetime.now(UTC) - oldest).total_seconds())
            if self._put is not None:
                self._span(live, started, ended)

    def _span(self, live: Sequence[Any], started: float, ended: float) -> None:
        assert self._put is not None
        place = Place(new_trace(), new_span())
        if not self._sampled(place.trace_id, None, "project"):
            return
        commands = list(dict.fromkeys(each.command_id for each in live))[-LINKS:]
        places = (Place(*command_span(each)) for each in commands)
        links = tuple(each for each in places if self._sampled(each.trace_id, None, "command"))
        positions = [each.position for each in live]
        facts: dict[str, Value] = {
            "tocsin.events": len(live),
            "tocsin.position.first": min(positions),
            "tocsin.position.last": max(positions),
        }
        self._put(Span("project", place, started, ended, facts, links=links))

    def counted(self) -> Iterator[Family]:
        """What the projector has counted."""
        yield from super().counted()
        yield histogram(
            "projector_round_seconds", "Time of a round that found something new.", self.seconds
        )
        yield histogram("projector_round_events", "Events of such a round.", self.events)
        yield histogram(
            "projection_delay_seconds",
            "Time from the record of the oldest event of a round to its place in read models.",
            self.delay,
        )


class Seen:
    """A log whose pages somebody looks at in passing."""

    def __init__(self, source: Any, rounds: Rounds) -> None:
        self._source, self._rounds = source, rounds

    def page(self, after: int, limit: int) -> Any:
        """As the log has it."""
        events = self._source.page(after, limit)
        self._rounds.read(events, limit)
        return events

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)
