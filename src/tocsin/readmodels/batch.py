"""A page of events, grouped once for all the projections that read it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any
from uuid import UUID

from tocsin.domain.kernel import Event, Recorded


class Batch:
    """A page of events, grouped once for all the projections that read it."""

    def __init__(self, events: Sequence[Recorded[Any]]) -> None:
        self.events = events
        self._only: dict[frozenset[type[Event]], Batch] = {}

    @property
    def last(self) -> int:
        return self.events[-1].position

    @cached_property
    def by_stream(self) -> Mapping[UUID, list[Recorded[Any]]]:
        """Events that share a stream share a row in most projections: found once, not each time."""
        grouped: defaultdict[UUID, list[Recorded[Any]]] = defaultdict(list)
        stream = None
        for recorded in self.events:
            # One command's events come together, and hashing an id costs as much as all else here.
            if recorded.stream is not stream:
                stream = recorded.stream
                group = grouped[stream]
            group.append(recorded)
        return grouped

    @cached_property
    def kinds(self) -> frozenset[type[Event]]:
        return frozenset(type(recorded.event) for recorded in self.events)

    def only(self, kinds: frozenset[type[Event]]) -> "Batch":
        """The events of these classes; many projections want the same ones."""
        if self.kinds <= kinds:
            return self
        if kinds not in self._only:
            wanted = [recorded for recorded in self.events if type(recorded.event) in kinds]
            self._only[kinds] = Batch(wanted)
        return self._only[kinds]

    def halves(self) -> tuple["Batch", "Batch"]:
        half = len(self.events) // 2
        return Batch(self.events[:half]), Batch(self.events[half:])
