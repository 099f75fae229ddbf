"""The embedded store: one file, one writing process, one writing connection, durable commits."""

import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from eventsourcing.persistence import (
    ApplicationRecorder,
    InfrastructureFactory,
    TrackingRecorder,
)

from tocsin.drivers import sqlite3
from tocsin.ledger.merkle import Frontier
from tocsin.store.copies import Piece
from tocsin.store.entries import (
    Entry,
    Outcome,
    StoreUnavailable,
    arbitrate,
    changed_claims,
    highest_reference,
)
from tocsin.store.mapper import encode, placed
from tocsin.store.recorder import EventsAlone
from tocsin.store.sqlite_batch import change_claims, insert, look
from tocsin.store.sqlite_copying import append
from tocsin.store.sqlite_file import (
    FAULTS,
    Reader,
    check_schema,
    connect,
    exclusive,
    migrate,
)
from tocsin.store.sqlite_reading import SQLiteReading
from tocsin.store.sqlite_tree import EDGE, SQLiteTree, add_nodes, caught_up
from tocsin.store.tree import edge

IO_ERROR = 10
"""SQLite's code for a disk that failed, perhaps to flush; not for one that is full. A system may
have dropped what it could not write, and a second flush then succeeds all the same."""
WAY_OUT = "nothing is written until the service is started again, on a disk that works"


class SQLiteRecorder(SQLiteReading):
    """The log in one SQLite file. With `writer`, holds the file's lock until closed."""

    def __init__(self, path: Path, *, writer: bool, ledger: bool) -> None:
        super().__init__()
        self.path = path
        self.tree = SQLiteTree(str(path), self._read, self._write)
        self._ledger = ledger
        self._frontier = Frontier()
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[Reader] = []
        self._closed = False
        self._writer: Any = None
        self._lock_file: int | None = None
        self._failed = False
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
    def _reader(self) -> Reader:
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            with self._lock:
                if self._closed:
                    raise StoreUnavailable(f"{self.path} is closed.")
                reader = self._local.reader = Reader(connect(self.path, write=False))
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
        except FAULTS as error:
            raise StoreUnavailable(f"{self.path} cannot be read: {error}.") from error

    def _write(self, statement: str, parameters: Iterable[Any]) -> int:
        """Do one thing durably; return how many rows it changed."""
        with self._lock, self._writing() as connection:
            return int(connection.execute(statement, tuple(parameters)).rowcount)

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        """The writing connection, which is given up after any error."""
        connection = self._ready()
        try:
            yield connection
        except BaseException as error:
            self._discard()
            self._failed |= getattr(error, "sqlite_errorcode", 0) & 0xFF == IO_ERROR
            if type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError):
                raise StoreUnavailable(f"{self.path} cannot be written: {error}.") from error
            raise

    def reserve_references(self, count: int) -> None:
        """One process writes this file, so numbers need no reservation that outlives it."""
        if (missing := count - len(self.references)) > 0:
            first = self._reference + 1
            self.references.add(range(first, first + missing))
            self._reference += missing

    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        with self._lock:
            with self._writing() as connection:
                connection.execute("BEGIN IMMEDIATE")
                outcomes, position, claimed, frontier = self._store(connection, entries)
                with self.spent.commit:
                    connection.execute("COMMIT")
            self._position, self._frontier = position, frontier
            self._reference = max(self._reference, claimed)
            self.references.skip_to(claimed)
            return outcomes

    def _append(self, piece: Piece) -> None:
        with self._lock:
            with self._writing() as connection:
                connection.execute("BEGIN IMMEDIATE")
                frontier = self._frontier if self._ledger else None
                grown = append(connection, str(self.path), piece, self._position, frontier)
                connection.execute("COMMIT")
            self._position += len(piece.events)
            self._frontier = grown or self._frontier
            self._reference = max(self._reference, piece.reference)
            self.references.skip_to(piece.reference)

    def _ready(self) -> Any:
        """The writing connection, and the head as the file has it after an accident."""
        if self._lock_file is None:
            raise StoreUnavailable(f"{self.path} is open for reading only.")
        if self._failed:
            raise StoreUnavailable(f"The disk of {self.path} has failed: {WAY_OUT}.")
        if self._writer is None:
            self._writer = connect(self.path, write=True)
            try:
                if self._ledger:
                    caught_up(self._writer, str(self.path))
                ((self._position, reference, *tree),) = self._writer.execute(EDGE).fetchall()
                self._frontier = edge(str(self.path), self._position, *tree)
            except BaseException as error:
                self._discard()
                if isinstance(error, sqlite3.Error):
                    raise StoreUnavailable(f"{self.path} cannot be read: {error}.") from error
                raise
            self._reference = max(self._reference, reference)
        return self._writer

    def _discard(self) -> None:
        """A connection whose transaction failed may still be in it: never use it again."""
        connection, self._writer = self._writer, None
        with suppress(sqlite3.Error):
            connection.close()

    def _store(
        self, connection: Any, entries: Sequence[Entry]
    ) -> tuple[list[Outcome], int, int, Frontier]:
        known = look(connection, entries)
        before = dict(known.holders)
        outcomes, winners = arbitrate(entries, known, self._position)
        if not any(entry.kept for entry, _ in winners):
            return outcomes, self._position, 0, self._frontier
        events = [
            (position, draft.stream.bytes, draft.version, draft.event.event_name,
             placed(encode(draft, self.seals), position))
            for entry, stored in winners
            for draft, position in zip(entry.drafts, stored.positions, strict=True)
        ]  # fmt: skip
        position = self._position + len(events)
        insert(connection, "events (position, stream, version, topic, body)", 5, events)
        frontier = self._frontier.copy()
        if self._ledger:
            add_nodes(connection, str(self.path), frontier.extend(row[4] for row in events))
        insert(connection, "commands (command_id, fingerprint, answer)", 3, [
            (entry.command_id.bytes, entry.fingerprint, stored.answer)
            for entry, stored in winners if entry.kept
        ])  # fmt: skip
        change_claims(connection, *changed_claims(before, known.holders))
        claimed = highest_reference(known.holders, 0)
        moved = connection.execute(
            "UPDATE head SET position = ?, reference = max(reference, ?), tree_size = ?,"
            " frontier = ? WHERE position = ?",
            (position, claimed, frontier.size, frontier.to_bytes(), self._position),
        )
        if moved.rowcount != 1:
            raise StoreUnavailable(f"{self.path} was written by another process.")
        return outcomes, position, claimed, frontier

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


class Factory(EventsAlone, InfrastructureFactory[TrackingRecorder]):
    """The library's way to our recorder."""

    FILE = "TOCSIN_LOG_FILE"
    WRITER = "TOCSIN_LOG_WRITER"
    LEDGER = "TOCSIN_LOG_LEDGER"

    def application_recorder(self) -> ApplicationRecorder:
        """Open the log."""
        path = self.env.get(self.FILE)
        assert path is not None
        return SQLiteRecorder(
            Path(path),
            writer=self.env.get(self.WRITER) == "y",
            ledger=self.env.get(self.LEDGER) != "n",
        )
