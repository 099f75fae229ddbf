"""Are two tables the same, row for row? And is the live one what the log says?"""

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
from sqlalchemy import Connection

from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.bulk.making import Making
from tocsin.readmodels.cleaning import Cleaning
from tocsin.readmodels.database import Database
from tocsin.readmodels.feeding import advance
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.projection import Projection
from tocsin.readmodels.rebuild import REBUILD_EVENTS, Build, RebuildHalted
from tocsin.readmodels.registry import Generation, Registry, Role, columns
from tocsin.readmodels.rows import RowStore
from tocsin.readmodels.source import Source

DIFFERENCES = 20
"""Most differing rows that are named; their number is always told."""
ATTEMPTS = 200


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What two tables have in common."""

    rows: int
    digest: str
    other_digest: str
    differing: int
    keys: tuple[tuple[Any, ...], ...]
    """Keys of differing rows, and of rows that only one of the tables has: the first few."""

    @property
    def equal(self) -> bool:
        return self.differing == 0 and self.digest == self.other_digest


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a read model says and remembers, against what the log says at the same position."""

    name: str
    position: int
    comparison: Comparison
    states: Comparison | None = None
    """Of the states behind the rows, where the projection has a `State`."""

    @property
    def equal(self) -> bool:
        return self.comparison.equal and (self.states is None or self.states.equal)


class Unsettled(Exception):
    """The live read model never stood still long enough to be compared."""


def canonical(row: Any) -> bytes:
    """A row as bytes: the same for the same row, whichever store it comes from."""
    return orjson.dumps(vars(row), default=_octets, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


def _octets(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no column holds {type(value).__name__}")


def digest(connection: Connection, store: RowStore) -> str:
    """The hash of all rows in the order of their keys."""
    sha = hashlib.sha256()
    for row in store.in_order(connection):
        sha.update(canonical(row))
        sha.update(b"\n")
    return sha.hexdigest()


def compare(connection: Connection, one: RowStore, other: RowStore) -> Comparison:
    """Walk two tables of one shape side by side."""
    ours, theirs = hashlib.sha256(), hashlib.sha256()
    rows = differing = 0
    keys: list[tuple[Any, ...]] = []
    for left, right in _pairs(one, one.in_order(connection), other.in_order(connection)):
        for row, sha in ((left, ours), (right, theirs)):
            if row is not None:
                sha.update(canonical(row) + b"\n")
        rows += left is not None
        if left != right:
            differing += 1
            if len(keys) < DIFFERENCES:
                keys.append(_key(one, left if left is not None else right))
    return Comparison(rows, ours.hexdigest(), theirs.hexdigest(), differing, tuple(keys))


def verify(
    source: Source, database: Database, projection: Projection, hands: Hands | None = None
) -> Verdict:
    """Build a read model from the first event in tables of its own, and compare the live one's.

    The long part of the history is folded by other processes if there are `hands`.

    Raises:
        RebuildHalted: an event cannot be applied.
        Unsettled: there is no live one, or it moved on at every attempt.
    """
    cleaning = Cleaning(database)
    cleaning.migrate()
    build = Build(database, projection, Role.VERIFYING, cleaning.asked_of(source))
    follower = build.begin(fresh=True)
    if follower is None:
        raise Unsettled(f"{projection.name} is being verified by another process.")
    registry = Registry(database)
    try:
        until = min(_live(database, registry, projection).position, source.head())
        for _ in Making(source, database, [follower], hands, until=until).run():
            pass
        for _ in range(ATTEMPTS):
            live = _live(database, registry, projection)
            while follower.position < live.position and not follower.halted:
                advance(source, [follower], min(REBUILD_EVENTS, live.position - follower.position))
            while not (follower.halted or follower.unfold(source)):
                pass
            if follower.halted:
                with database.reading() as connection:
                    broken = registry.find(connection, projection.name, Role.VERIFYING)
                raise RebuildHalted([broken] if broken else [])
            with database.reading() as connection:
                still = registry.find(connection, projection.name, Role.LIVE)
                if still is not None and still.position == follower.position:
                    return _verdict(connection, Follower(database, projection, still), follower)
        raise Unsettled(f"{projection.name} moved on at every attempt.")
    finally:
        build.abandon()


def _verdict(connection: Connection, live: Follower, built: Follower) -> Verdict:
    rows, *states = (
        compare(connection, one, other)
        for one, other in zip(live.stores, built.stores, strict=True)
    )
    return Verdict(live.projection.name, live.position, rows, states[0] if states else None)


def _live(database: Database, registry: Registry, projection: Projection) -> Generation:
    with database.reading() as connection:
        live = registry.find(connection, projection.name, Role.LIVE)
    if live is None:
        raise Unsettled(f"{projection.name} has never been built.")
    if live.columns != columns(projection):
        raise Unsettled(f"{projection.name} was built by another version of the code.")
    return live


def _key(store: RowStore, row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in store.shape.key)


def _pairs(
    store: RowStore, ours: Iterator[Any], theirs: Iterator[Any]
) -> Iterator[tuple[Any, Any]]:
    """Merge two ordered runs of rows by key; one side is none where only the other has a row."""
    left, right = next(ours, None), next(theirs, None)
    while left is not None or right is not None:
        key = None if left is None else _key(store, left)
        other = None if right is None else _key(store, right)
        if key is not None and (other is None or key < other):
            yield left, None
            left = next(ours, None)
        elif key is None or (other is not None and other < key):
            yield None, right
            right = next(theirs, None)
        else:
            yield left, right
            left, right = next(ours, None), next(theirs, None)
