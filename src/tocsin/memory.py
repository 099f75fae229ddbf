"""What the desk has at hand: the states of the streams that move now, and the policy in force.

It may be behind the log, and the log notices: what was decided on less than all is not stored.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tocsin.decision import Hot, Place
from tocsin.domain.clock.state import Clock
from tocsin.domain.kernel import Aggregate, aggregate_of
from tocsin.domain.policy.state import InForce
from tocsin.policies.inforce import PolicyInForce
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log


class Memory:
    """States by stream, the ones to be forgotten first at the beginning."""

    def __init__(self, log: Log, streams: int) -> None:
        self._log, self._streams = log, streams
        self._hot: OrderedDict[UUID, Hot] = OrderedDict()
        self._outdated = False
        self.rules = PolicyInForce(log.history)

    def get(self, stream: UUID) -> Hot | None:
        """What is known of a stream."""
        return self._hot.get(stream)

    def known(self, stream: UUID) -> Hot | None:
        """The same, unless it was opened with keys that are destroyed since."""
        return None if self._outdated else self._hot.get(stream)

    def renew(self) -> None:
        """What is known was opened with keys that are destroyed since: the next batch begins with
        nothing. The one at hand goes on with what it has."""
        self._outdated = True

    def keep(self, stream: UUID, hot: Hot) -> None:
        """Remember what was just stored. Clocks move once in a while, one after the other, and must
        not drive out what people work on: they are the first to be forgotten."""
        self._hot[stream] = hot
        self._hot.move_to_end(stream, last=not isinstance(hot.state, Clock))
        if isinstance(hot.state, InForce):
            self.rules.state = hot.state

    def forget(self, stream: UUID) -> None:
        """Know nothing of a stream: somebody else has changed it, or may have."""
        self._hot.pop(stream, None)
        self.rules.overtaken |= stream == self.rules.ground[0]

    def lacks(self, streams: Mapping[UUID, Aggregate[Any]]) -> dict[UUID, Aggregate[Any]]:
        """Those of the streams of which nothing is known, before a batch is decided."""
        if self._outdated:
            self._hot.clear()
            self._outdated = False
        return {stream: kind for stream, kind in streams.items() if stream not in self._hot}

    def load(self, streams: Mapping[UUID, Aggregate[Any]]) -> dict[UUID, Exception]:
        """Read streams from the log, and the policy if another one was published. Returns why some
        of the streams cannot be understood: that concerns nobody who asks others.

        Raises:
            StoreUnavailable: the log, or the keys of what is sealed in it, cannot be had now.
        """
        if self.rules.overtaken:
            self.rules.refresh()
        histories = self._log.raw_histories(streams) if streams else {}
        faults: dict[UUID, Exception] = {}
        for stream, kind in streams.items():
            try:
                self._hot[stream] = self._folded(stream, kind, histories[stream])
            except StoreUnavailable:
                raise
            except Exception as fault:
                faults[stream] = fault
        return faults

    def _folded(self, stream: UUID, kind: Aggregate[Any], bodies: list[bytes]) -> Hot:
        history = self._log.decoded(bodies)
        if not history:
            return Hot(kind.fold(stream, history), Place())
        # Whoever names a stream of another kind is told so; it is what it is.
        state = aggregate_of(history[0].event).fold(stream, history)
        return Hot(state, Place(history[-1].position), history[-1].recorded_at)

    def trim(self) -> None:
        """Forget the states that have not moved for longest."""
        while len(self._hot) > self._streams:
            self._hot.popitem(last=False)
