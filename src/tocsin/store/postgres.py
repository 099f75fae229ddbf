"""The shared store: a PostgreSQL database that any number of processes on any host may write.

One row, `tocsin.head`, is locked for each transaction. It is the order of the log: positions have
no gaps and no reader ever sees a later one first, so a follower that polls from its last position
misses nothing. Nobody is notified: a notification can be lost with its connection, a poll cannot.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TypeVar
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
    claimed_names,
    highest_reference,
)
from tocsin.store.mapper import encode
from tocsin.store.postgres_batch import (
    ANSWERS,
    BEGIN,
    LIMITS,
    MOVE_HEAD,
    RESERVE,
    VERSIONS,
    add_commands,
    add_events,
    change_claims,
    look,
)
from tocsin.store.postgres_server import (
    AT_FAULT,
    LOST,
    Connection,
    DriverError,
    Server,
    check_schema,
    migrate,
    risks,
)
from tocsin.store.recorder import EventsAlone, LogRecorder

logger = logging.getLogger(__name__)
T = TypeVar("T")

REFERENCES_AT_ONCE = 20
"""Numbers reserved in one go. Those that a process has not used when it ends stay unused."""


class PostgresRecorder(LogRecorder):
    """The log in one PostgreSQL database. With `writer`, creates or migrates it first."""

    def __init__(self, url: str, *, writer: bool) -> None:
        super().__init__()
        self._server = Server(url)
        self._may_write = writer
        self._lock = threading.RLock()
        self._writer: Connection | None = None
        self._reserved = False
        with self._guarded():
            if writer:
                connection = self._ready()
                migrate(connection, self._server.place)
                for risk in risks(connection):
                    logger.warning("%s: %s", self._server.place, risk)
            else:
                with self._server.connect() as connection:
                    check_schema(connection, self._server.place)

    def _ready(self) -> Connection:
        if not self._may_write:
            raise StoreUnavailable(f"{self._server.place} is open for reading only.")
        if self._writer is None:
            self._writer = self._server.connect()
        return self._writer

    def _discard(self) -> None:
        """Whatever a connection was doing when it failed: never use it again."""
        connection, self._writer = self._writer, None
        if connection is not None:
            with suppress(DriverError):
                connection.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Hold the writing connection, and give it up after any error."""
        with self._lock:
            try:
                yield
            except BaseException as error:
                self._discard()
                if isinstance(error, DriverError) and not isinstance(error, AT_FAULT):
                    raise self._server.unavailable(error) from error
                raise

    def _repeatable(self, ask: Callable[[Connection], T]) -> T:
        """Do what may be done twice: once more if the connection was lost while it lay idle."""
        idle = self._writer is not None
        connection = self._ready()
        try:
            return ask(connection)
        except LOST:
            if not (idle and connection.closed):
                raise
            self._discard()
        return ask(self._ready())

    def reserve_references(self, count: int) -> None:
        """Reserve numbers for this process. Each may be used once, so gaps stay but no doubles.

        It need not wait for the disk: whatever uses a number is committed after it, durably.
        """
        if (missing := count - len(self.references)) <= 0:
            return
        # A process that wants few (an import, a demo) should leave no gap behind.
        size = max(missing, REFERENCES_AT_ONCE) if self._reserved else missing

        def reserve(connection: Connection) -> int:
            with connection.pipeline():
                connection.execute(BEGIN)
                connection.execute(LIMITS)
                connection.execute("SET LOCAL synchronous_commit = off")
                moved = connection.execute(RESERVE, (size,))
                connection.execute("COMMIT")
            ((last,),) = moved.fetchall()
            return int(last)

        with self._guarded():
            last = self._repeatable(reserve)
        self._reserved = True
        self.references.add(range(last - size + 1, last + 1))

    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        # Encoded before the lock, for which writers on other servers wait.
        bodies = {id(draft): encode(draft) for entry in entries for draft in entry.drafts}
        with self._guarded():
            head, known = self._repeatable(lambda connection: look(connection, entries))
            before = dict(known.holders)
            outcomes, winners = arbitrate(entries, known, head.position)
            claimed = highest_reference(claimed_names(entry for entry, _ in winners), 0)
            connection = self._ready()
            changes = any(entry.kept or entry.drafts for entry, _ in winners)
            with connection.pipeline():
                if changes:
                    position = add_events(connection, head.position, winners, bodies)
                    add_commands(connection, winners)
                    change_claims(connection, *changed_claims(before, known.holders))
                    foreign = claimed if claimed > head.reference else 0
                    connection.execute(MOVE_HEAD, (position, foreign, foreign))
                done = connection.execute("COMMIT" if changes else "ROLLBACK")
            assert not changes or done.statusmessage == "COMMIT", done.statusmessage
        self.references.skip_to(max(head.imported, claimed))
        return outcomes

    def answers(self, command_ids: Sequence[UUID]) -> dict[UUID, tuple[bytes, bytes]]:
        """Fingerprint and first answer of each of these commands that was answered before."""
        rows = self._server.read(ANSWERS, (list(command_ids),)) if command_ids else ()
        return {command_id: (fingerprint, answer) for command_id, fingerprint, answer in rows}

    def holder(self, kind: str, key: str) -> UUID | None:
        """The stream that holds this name."""
        rows = self._server.read(
            "SELECT stream FROM tocsin.claims WHERE kind = %b AND key = %b", (kind, key)
        )
        return rows[0][0] if rows else None

    def version(self, stream: UUID) -> int:
        """The number of events of a stream."""
        ((_, version),) = self._server.read(VERSIONS, ([stream],))
        return version or 0

    def bodies(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events after a position, in order."""
        return self._server.read(
            "SELECT position, body FROM tocsin.events WHERE position > %b"
            " ORDER BY position LIMIT %b",
            (after, limit),
        )

    def named(
        self, names: Sequence[str], after: int, until: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """The events of some names only."""
        return self._server.read(
            "SELECT position, body FROM tocsin.events WHERE position > %b AND position <= %b"
            " AND topic = ANY(%b) ORDER BY position LIMIT %b",
            (after, until, list(names), limit),
        )

    def share(
        self, names: Sequence[str], part: range, after: int, until: int
    ) -> list[tuple[bytes, bytes]]:
        """Streams and stored bytes of the events of some names, of a part of all streams."""
        ends = [number.to_bytes(2, "big") for number in (part[0], part[-1])]
        return self._server.read(
            "SELECT uuid_send(stream), body FROM tocsin.events"
            " WHERE position > %b AND position <= %b AND topic = ANY(%b)"
            " AND substring(uuid_send(stream) FROM 15) BETWEEN %b AND %b ORDER BY position",
            (after, until, list(names), *ends),
        )

    def history(self, stream: UUID, after: int, until: int | None) -> list[bytes]:
        """Stored bytes of one stream's events with `after < version <= until`, in order."""
        rows = self._server.read(
            "SELECT body FROM tocsin.events WHERE stream = %b AND version > %b AND version <= %b"
            " ORDER BY version",
            (stream, after, until if until is not None else 2**62),
        )
        return [body for (body,) in rows]

    def histories(self, streams: Sequence[UUID]) -> list[tuple[UUID, bytes]]:
        """Stored bytes of the events of several streams, each stream's in order."""
        return self._server.read(
            "SELECT stream, body FROM tocsin.events WHERE stream = ANY(%b::uuid[])"
            " ORDER BY stream, version",
            (list(streams),),
        )

    def max_notification_id(self) -> int | None:
        """The position of the last event, or None."""
        ((position,),) = self._server.read("SELECT position FROM tocsin.head")
        return position or None

    def risks(self) -> list[str]:
        """What about the server puts acknowledged events at risk, one sentence each."""
        with self._server.connect() as connection:
            return risks(connection)

    def close(self) -> None:
        """Let go of every connection."""
        with self._lock:
            self._may_write = False
            self._discard()
        self._server.close()


class Factory(EventsAlone, InfrastructureFactory[TrackingRecorder]):
    """The library's way to our recorder."""

    URL = "TOCSIN_LOG_URL"
    WRITER = "TOCSIN_LOG_WRITER"

    def application_recorder(self) -> ApplicationRecorder:
        """Open the log."""
        url = self.env.get(self.URL)
        assert url is not None
        return PostgresRecorder(url, writer=self.env.get(self.WRITER) == "y")
