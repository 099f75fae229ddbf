"""What a projection may know besides the events that it folds: one small stream that all its rows
share, such as the policies that were ever published.

Its answers are about places in the log, so to know too much of it does no harm. To know too little
would: a follower tells it all that was said up to where it stands before it applies anything, and
what each page brings before it folds that page.
"""

from collections.abc import Iterator
from typing import Any, Protocol
from uuid import UUID

import orjson

from tocsin.domain.kernel import Recorded
from tocsin.readmodels.source import Source
from tocsin.store.entries import StoreUnavailable


class Context(Protocol):
    """The fold of one stream, in memory. A projection names the class of it as its `CONTEXT`."""

    stream: UUID

    def add(self, recorded: Recorded[Any]) -> None:
        """Take note of an event of the stream: of any, in any order, and again without effect."""
        ...


class Garbled(Exception):
    """The context cannot be told of an event that it needs."""

    def __init__(self, position: int, fault: Exception) -> None:
        super().__init__(str(fault))
        self.position, self.fault = position, fault


def tell(context: Context, source: Source, position: int) -> None:
    """Tell a context all that its stream said up to a position; the pages bring what comes after.

    Raises:
        Garbled: one of these events cannot be read, or not be taken note of.
        StoreUnavailable: the log, or the keys of what is sealed in it, cannot be had now.
    """
    if position == 0:
        return
    for recorded in _history(source, context.stream, position):
        if recorded.position > position:
            return
        try:
            context.add(recorded)
        except Exception as fault:
            raise Garbled(recorded.position, fault) from fault


def _history(source: Source, stream: UUID, position: int) -> Iterator[Recorded[Any]]:
    try:
        history = source.history(stream)
    except StoreUnavailable:
        raise
    except Exception:
        # If the bytes can be had, it is an event and not the store.
        bodies = source.raw_history(stream)
    else:
        yield from history
        return
    for version, body in enumerate(bodies):
        place = _position(body, position)
        if place > position:
            return
        try:
            one = source.history(stream, version, version + 1)
        except StoreUnavailable:
            raise
        except Exception as fault:
            raise Garbled(place, fault) from fault
        yield from one


def _position(body: bytes, otherwise: int) -> int:
    try:
        return int(orjson.loads(body)["position"])
    except (ValueError, KeyError, TypeError):
        return otherwise
