"""The embedded store: one file, one writing process, one writing connection, durable commits."""

import os
import threading
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    InfrastructureFactory,
    TrackingRecorder,
)

from tocsin.store.entries import (
    Entry,
    Outcome,
    StoreUnavailable,
    arbitrate,
    changed_claims,
    highest_reference,
)
from tocsin.store.mapper import encode, placed
from tocsin.store.recorder import EventsAlone, LogRecorder
from tocsin.store.sqlite_batch import insert, look, marks
from tocsin.store.sqlite_file import check_schema, connect, exclusive, migrate, sqlite3


class SQLiteRecorder(LogRecorder):
    """The log in one SQLite file. With `writer`, holds the file's lock until closed."""

    def __init__(self, path: Path, *, writer: bool) -> None:
        super().__init__()
        self.path = path
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[_Reader] = []
        self._closed = False
        self._writer: Any = None
        self._lock_file: int | None = None
        self._position = self._reference = 0
        if writer:
            self._lock_file = exclusive(path)
            try:
                with closing(connect(path, write=True)) as connection:
                    migrate(path, connection)
                self._ready()
            except BaseException:
                self.close()
                raise
        elif not path.exists():
            raise StoreUnavailable(f"There is no log at {path} yet: `tocsin serve` makes one.")
        else:
            with closing(connect(path, write=False)) as connection:
                check_schema(path, connection)

    @property
    def _reader(self) -> "_Reader":
        reader: _Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            with self._lock:
                if self._closed:
                    raise StoreUnavailable(f"{self.path} is closed.")
                reader = self._local.reader = _Reader(connect(self.path, write=False))
                self._readers.append(reader)
        return reader

    def _read(self, statement: str, parameters: Iterable[Any] = ()) -> list[Any]:
        reader = self._reader
        try:
            with reader.busy:
                if self._closed:
                    raise StoreUnavailable(f"{self.path} is closed.")
                rows: list[Any] = reader.connection.execute(statement, tuple(parameters)).fetchall()
            return rows
        except sqlite3.Error as error:
            raise StoreUnavailable(f"{self.path} cannot be read: {error}.") from error

    def reserve_references(self, count: int) -> None:
        """One process writes this file, so numbers need no reservation that outlives it."""
        if (missing := count - len(self.references)) > 0:
            first = self._reference + 1
            self.references.add(range(first, first + missing))
            self._reference += missing

    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        with self._lock:
            connection = self._ready()
            try:
                connection.execute("BEGIN IMMEDIATE")
                outcomes, position, claimed = self._store(connection, entries)
                connection.execute("COMMIT")
            except BaseException as error:
                self._discard()
                if type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError):
                    raise StoreUnavailable(f"{self.path} cannot be written: {error}.") from error
                raise
            self._position = position
            self._reference = max(self._reference, claimed)
            self.references.skip_to(claimed)
            return outcomes

    def _ready(self) -> Any:
        """The writing connection, and the head as the file has it after an accident."""
        if self._lock_file is None:
            raise StoreUnavailable(f"{self.path} is open for reading only.")
        if self._writer is None:
            self._writer = connect(self.path, write=True)
            try:
                ((self._position, reference),) = self._writer.execute(
                    "SELECT position, reference FROM head"
                ).fetchall()
            except sqlite3.Error as error:
                self._discard()
                raise StoreUnavailable(f"{self.path} cannot be read: {error}.") from error
            self._reference = max(self._reference, reference)
        return self._writer

    def _discard(self) -> None:
        """A connection whose transaction failed may still be in it: never use it again."""
        connection, self._writer = self._writer, None
        with suppress(sqlite3.Error):
            connection.close()

    def _store(self, connection: Any, entries: Sequence[Entry]) -> tuple[list[Outcome], int, int]:
        known = look(connection, entries)
        before = dict(known.holders)
        outcomes, winners = arbitrate(entries, known, self._position)
        if not any(entry.kept for entry, _ in winners):
            return outcomes, self._position, 0
        events = [
            (position, draft.stream.bytes, draft.version, draft.event.event_name,
             placed(encode(draft), position))
            for entry, stored in winners
            for draft, position in zip(entry.drafts, stored.positions, strict=True)
        ]  # fmt: skip
        position = self._position + len(events)
        insert(connection, "events (position, stream, version, topic, body)", 5, events)
        insert(connection, "commands (command_id, fingerprint, answer)", 3, [
            (entry.command_id.bytes, entry.fingerprint, stored.answer)
            for entry, stored in winners if entry.kept
        ])  # fmt: skip
        new, gone = changed_claims(before, known.holders)
        connection.executemany("DELETE FROM claims WHERE kind = ? AND key = ?", gone)
        insert(
            connection,
            "claims (kind, key, stream)",
            3,
            [(kind, key, stream.bytes) for kind, key, stream in new],
        )
        claimed = highest_reference(known.holders, 0)
        moved = connection.execute(
            "UPDATE head SET position = ?, reference = max(reference, ?) WHERE position = ?",
            (position, claimed, self._position),
        )
        if moved.rowcount != 1:
            raise StoreUnavailable(f"{self.path} was written by another process.")
        return outcomes, position, claimed

    def answers(self, command_ids: Sequence[UUID]) -> dict[UUID, tuple[bytes, bytes]]:
        """Fingerprint and first answer of each of these commands that was answered before."""
        ids = [command_id.bytes for command_id in command_ids]
        rows = self._read(
            "SELECT command_id, fingerprint, answer FROM commands"
            f" WHERE command_id IN ({marks(ids)})",
            ids,
        )
        return {UUID(bytes=key): (fingerprint, answer) for key, fingerprint, answer in rows}

    def holder(self, kind: str, key: str) -> UUID | None:
        """The stream that holds this name."""
        rows = self._read("SELECT stream FROM claims WHERE kind = ? AND key = ?", (kind, key))
        return UUID(bytes=rows[0][0]) if rows else None

    def version(self, stream: UUID) -> int:
        """The number of events of a stream."""
        ((version,),) = self._read(
            "SELECT coalesce(max(version), 0) FROM events WHERE stream = ?", (stream.bytes,)
        )
        return int(version)

    def bodies(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events after a position, in order."""
        return self._read(
            "SELECT position, body FROM events WHERE position > ? ORDER BY position LIMIT ?",
            (after, limit),
        )

    def named(
        self, names: Sequence[str], after: int, until: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """The events of some names only."""
        return self._read(
            "SELECT position, body FROM events WHERE position > ? AND position <= ?"
            f" AND topic IN ({marks(names)}) ORDER BY position LIMIT ?",
            (after, until, *names, limit),
        )

    def share(
        self, names: Sequence[str], part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]:
        """Streams and stored bytes of the events of some names, of a part of all streams."""
        ends = [number.to_bytes(2, "big") for number in (part[0], part[-1])]
        return self._read(
            "SELECT stream, body FROM events WHERE position > ? AND position <= ?"
            f" AND substr(stream, 15) BETWEEN ? AND ? AND topic IN ({marks(names)})"
            " ORDER BY position",
            (after, until, *ends, *names),
        )

    def history(self, stream: UUID, after: int, until: int | None) -> list[bytes]:
        """Stored bytes of one stream's events with `after < version <= until`, in order."""
        rows = self._read(
            "SELECT body FROM events WHERE stream = ? AND version > ? AND version <= ?"
            " ORDER BY version",
            (stream.bytes, after, until if until is not None else 2**62),
        )
        return [body for (body,) in rows]

    def histories(self, streams: Sequence[UUID]) -> list[tuple[UUID, bytes]]:
        """Stored bytes of the events of several streams, each stream's in order."""
        rows = self._read(
            f"SELECT stream, body FROM events WHERE stream IN ({marks(streams)})"
            " ORDER BY stream, version",
            [stream.bytes for stream in streams],
        )
        return [(UUID(bytes=stream), body) for stream, body in rows]

    def max_notification_id(self) -> int | None:
        """The position of the last event, or None."""
        ((position,),) = self._read("SELECT position FROM head")
        return position or None

    def close(self) -> None:
        """Let go of every connection and of the file's lock."""
        with self._lock:
            self._closed = True
            for reader in self._readers:
                with reader.busy:
                    reader.connection.close()
            self._readers.clear()
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None


class _Reader:
    """One thread's connection. SQLite crashes when another closes it in the middle of a read."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.busy = threading.Lock()


class Factory(EventsAlone, InfrastructureFactory[TrackingRecorder]):
    """The library's way to our recorder."""

    FILE = "TOCSIN_LOG_FILE"
    WRITER = "TOCSIN_LOG_WRITER"

    def application_recorder(self) -> ApplicationRecorder:
        """Open the log."""
        path = self.env.get(self.FILE)
        assert path is not None
        return SQLiteRecorder(Path(path), writer=self.env.get(self.WRITER) == "y")
