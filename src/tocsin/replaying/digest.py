"""A whole period as three hashes: of its events, of the states that they led to, of the tree.

Same events, same hashes: on any machine, from either store, whatever the time zone, and with keys
or without. What `events` is made of are the stored bytes. What `states` is made of is folded
without any keys, so people are pseudonyms in it and sealed texts are not there; that somebody is
forgotten later changes neither. A version of Tocsin in which states have more fields gives another
`states`, and the same `events`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

import orjson

from tocsin.domain.kernel import aggregate_of
from tocsin.ledger.merkle import Frontier
from tocsin.process import unswept
from tocsin.replaying.canonical import canonical
from tocsin.replaying.period import (
    Pages,
    Period,
    Progress,
    Stopped,
    events,
    never,
    recorded_at,
    silent,
)
from tocsin.replaying.touched import Touched, touched
from tocsin.store.mapper import decode

STREAMS_AT_ONCE = 200
LENGTH_BYTES = 8


class Source(Pages, Protocol):
    """What is read of the log."""

    def head(self) -> int: ...

    def raw_histories(self, streams: Any) -> dict[UUID, list[bytes]]: ...


@dataclass(frozen=True, kw_only=True)
class Digest:
    """What a period comes to. Hashes are SHA-256, in hexadecimal digits."""

    since: datetime | None
    until: datetime | None
    events: int
    """How many were recorded in it."""
    first: int | None
    """The position of the first of them,"""
    last: int | None
    """and of the last."""
    streams: int
    """How many they belong to."""
    events_sha256: str
    """Of each event in order: the length of its stored bytes in 8 bytes, and they themselves."""
    states_sha256: str
    """Of each stream in the order of their ids: the length in 8 bytes of what `state_of` makes of
    its events up to the last one in the period, and that itself."""
    root: str | None
    """Of the tree of all events up to the last one in the period (RFC 6962)."""


class _Sum:
    """A hash over things whose ends cannot be mistaken."""

    def __init__(self) -> None:
        self._sha = sha256()

    def add(self, part: bytes) -> None:
        self._sha.update(len(part).to_bytes(LENGTH_BYTES, "big"))
        self._sha.update(part)

    @property
    def hex(self) -> str:
        return self._sha.hexdigest()


@dataclass
class _Events:
    """What the events of a period come to, so far."""

    sum: _Sum
    count: int = 0
    first: int | None = None
    last: int | None = None
    tree: Frontier | None = None


def digest(
    log: Source,
    period: Period,
    *,
    progress: Progress = silent,
    stop: Callable[[], bool] = never,
) -> Digest:
    """Play a period again. What is recorded meanwhile is left out.

    Raises:
        Stopped: `stop` said so. Nothing is kept.
        Torn: the log has a gap.
        Unreadable: an event cannot be decoded.
    """
    head = log.head()
    with touched() as streams:
        found = _of_events(events(log, head, progress=progress, stop=stop), period, streams)
        states, total, done = _Sum(), len(streams), 0
        for some in streams.in_order(STREAMS_AT_ONCE):
            if stop():
                raise Stopped
            with unswept():
                for state in _states(log, some):
                    states.add(state)
            done += len(some)
            progress("streams", done, total)
    return Digest(
        since=period.since,
        until=period.until,
        events=found.count,
        first=found.first,
        last=found.last,
        streams=total,
        events_sha256=found.sum.hex,
        states_sha256=states.hex,
        root=found.tree.root().hex() if found.tree else None,
    )


def _of_events(
    pages: Iterator[list[tuple[int, bytes]]], period: Period, streams: Touched
) -> _Events:
    found, tree = _Events(_Sum()), Frontier()
    for page in pages:
        inside = [n for n, (_, body) in enumerate(page) if period.holds(recorded_at(body))]
        met: list[tuple[UUID, int]] = []
        for place in inside:
            body = page[place][1]
            found.sum.add(body)
            raw = orjson.loads(body)
            met.append((UUID(raw["stream"]), raw["version"]))
        bodies = [body for _, body in page]
        if inside:
            streams.add(met)
            found.count += len(inside)
            found.first = found.first or page[inside[0]][0]
            found.last = page[inside[-1]][0]
            tree.extend(bodies[: inside[-1] + 1])
            found.tree = tree.copy()
        tree.extend(bodies[inside[-1] + 1 :] if inside else bodies)
    return found


def _states(log: Source, streams: dict[UUID, int]) -> Iterator[bytes]:
    histories = log.raw_histories(streams)
    for stream, version in streams.items():
        yield state_of(stream, histories[stream][:version])


def state_of(stream: UUID, bodies: list[bytes]) -> bytes:
    """What the stored events of a stream add up to, as canonical JSON: its kind, its id, its
    version, and its state."""
    history = [decode(body) for body in bodies]
    kind = aggregate_of(history[0].event)
    state = kind.fold(stream, history)
    told = {"kind": kind.name, "stream": stream, "version": history[-1].version, "state": state}
    return canonical(told)
