"""The streams that a period touched, in order of their ids, however many they are."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from uuid import UUID

_SETTINGS = """
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;
    CREATE TABLE streams (stream BLOB PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
"""
"""A file without a name, which the system removes: beyond 64 MiB it lies on the disk."""


class Touched:
    """Streams, each with the version of its last event in the period."""

    def __init__(self, table: sqlite3.Connection) -> None:
        self._table = table

    def add(self, met: Iterable[tuple[UUID, int]]) -> None:
        """Take note of events that were met, in order."""
        last = {stream.bytes: version for stream, version in met}
        self._table.executemany(
            "INSERT INTO streams VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET version = max(version, excluded.version)",
            last.items(),
        )

    def __len__(self) -> int:
        return int(self._table.execute("SELECT count(*) FROM streams").fetchone()[0])

    def in_order(self, at_once: int) -> Iterator[dict[UUID, int]]:
        """Streams and versions, so many at a time."""
        after = b""
        while rows := self._table.execute(
            "SELECT stream, version FROM streams WHERE stream > ? ORDER BY stream LIMIT ?",
            (after, at_once),
        ).fetchall():
            yield {UUID(bytes=stream): version for stream, version in rows}
            after = rows[-1][0]


@contextmanager
def touched() -> Iterator[Touched]:
    """An empty table of streams."""
    with closing(sqlite3.connect("", isolation_level=None)) as table:
        table.executescript(_SETTINGS)
        yield Touched(table)
