"""The rows of incidents at another moment, each folded from its whole history."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

from tocsin.past.scan import SPAN, Shows, scan
from tocsin.past.wanted import Wanted, parts
from tocsin.process import unswept
from tocsin.readmodels import Projection
from tocsin.store.log import Log

AT_ONCE = 200
"""Incidents whose histories are in memory at a time."""
PART_EVENTS = 500_000
"""Events of which one look at a log keeps in mind where their incidents stood."""
READING = 0.7
"""Looking for incidents is about so much of the work, folding them is the rest."""

Advance = Callable[[float], None]
"""Told how much is done, of 1. It may raise, to say that nobody wants more."""
Rows = Iterator[list[Any]]


def every(*_: Any, **__: Any) -> bool:
    """Of a list that does not say of which incidents it tells: of all."""
    return True


def folded(log: Log, projection: Projection, wanted: Wanted, streams: Sequence[UUID]) -> Rows:
    """The rows of these incidents, some at a time.

    Raises:
        Unreadable: an event cannot be decoded.
    """
    for start in range(0, len(streams), AT_ONCE):
        with unswept():
            yield _folded(log, projection, wanted, streams[start : start + AT_ONCE])


def _folded(log: Log, projection: Projection, wanted: Wanted, streams: Sequence[UUID]) -> list[Any]:
    bodies = [wanted.counting(each) for each in log.raw_histories(streams).values()]
    events = iter(log.decoded([body for history in bodies for body in history]))
    histories = [[next(events) for _ in history] for history in bodies]
    made = (wanted.row(projection, history) for history in histories if history)
    return [row for row in made if row is not None]


def found(
    log: Log,
    projection: Projection,
    wanted: Wanted,
    share: range,
    advance: Advance = lambda _: None,
) -> Rows:
    """The rows of every incident of a share that could be shown, from the log alone.

    Raises:
        Unreadable: an event cannot be decoded.
    """
    shows: Shows = projection.shows or every
    looks = [each for each in parts(looks_at(wanted.until)) if _meet(each, share)]
    for number, part in enumerate(looks):
        mine = range(max(part.start, share.start), min(part.stop, share.stop))

        def looked(until: int, number: int = number) -> None:
            advance((number + READING * until / max(wanted.until, 1)) / len(looks))

        with unswept():
            streams = scan(log, shows, wanted, mine, looked)
        yield from folded(log, projection, wanted, streams)
        advance((number + 1) / len(looks))


def looks_at(events: int) -> int:
    """In how many looks a log of so many events is read, so that memory stays bounded."""
    return max(1, -(-events // max(PART_EVENTS, SPAN)))


def _meet(part: range, share: range) -> bool:
    return max(part.start, share.start) < min(part.stop, share.stop)
