"""Which names each event takes or gives back: worked out again from the events alone."""

from collections import OrderedDict
from typing import Any, Protocol
from uuid import UUID

from tocsin.domain.kernel import Claim, Recorded, aggregate_of
from tocsin.store.mapper import decode

HOT_STREAMS = 20_000
"""Streams whose state is kept between their events; others are folded again."""


class Histories(Protocol):
    """What is read of the log."""

    def raw_history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> list[bytes]: ...


class Names:
    """The claims of events that are given in the order of the log."""

    def __init__(self, log: Histories) -> None:
        self._log = log
        self._states: OrderedDict[UUID, Any] = OrderedDict()

    def of(self, recorded: Recorded[Any]) -> list[Claim]:
        """What an event takes and gives back, seen from the state before it."""
        kind = aggregate_of(recorded.event)
        stream = recorded.stream
        state = self._states.pop(stream, None)
        if state is None or state.version != recorded.version - 1:
            earlier = recorded.version - 1
            past = self._log.raw_history(stream, until=earlier) if earlier else ()
            state = kind.fold(stream, map(decode, past))
        claims = list(kind.claims(state, recorded.event))
        self._states[stream] = kind.evolve(state, recorded)
        if len(self._states) > HOT_STREAMS:
            self._states.popitem(last=False)
        return claims
