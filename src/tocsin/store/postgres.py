"""The shared store: a PostgreSQL database that any number of processes on any host may write.

One row, `tocsin.head`, is locked for each transaction. It is the order of the log: positions have
no gaps and no reader ever sees a later one first, so a follower that polls from its last position
misses nothing. Nobody is notified: a notification can be lost with its connection, a poll cannot.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString, TypeVar

from eventsourcing.persistence import (
    ApplicationRecorder,
    InfrastructureFactory,
    TrackingRecorder,
)

from tocsin.ledger.merkle import Frontier
from tocsin.store.copies import Piece
from tocsin.store.entries import (
    Duplicate,
    Entry,
    Known,
    Outcome,
    StoreUnavailable,
    arbitrate,
    changed_claims,
    claimed_names,
    highest_reference,
)
from tocsin.store.mapper import encode
from tocsin.store.postgres_batch import (
    BEGIN,
    LIMITS,
    MOVE_HEAD,
    RESERVE,
    Head,
    add_commands,
    add_events,
    change_claims,
    event_rows,
    look,
)
from tocsin.store.postgres_copying import append
from tocsin.store.postgres_reading import PostgresReading
from tocsin.store.postgres_server import (
    LOST,
    Connection,
    Cursor,
    DriverError,
    Server,
    check_schema,
    migrate,
    risks,
)
from tocsin.store.postgres_tree import PostgresTree, add_nodes, caught_up, explained, grown
from tocsin.store.recorder import EventsAlone
from tocsin.store.tree import CATCH_UP_EVENTS

logger = logging.getLogger(__name__)
T = TypeVar("T")

REFERENCES_AT_ONCE = 20
"""Numbers reserved in one go. Those that a process has not used when it ends stay unused."""


class PostgresRecorder(PostgresReading):
    """The log in one PostgreSQL database. With `writer`, creates or migrates it first."""

    def __init__(self, url: str, *, writer: bool, ledger: bool) -> None:
        super().__init__()
        self._server = Server(url, self.spent.reader)
        self.tree = PostgresTree(self._server, self._alone)
        self._ledger = ledger
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
                if ledger:
                    caught_up(connection, self._server.place)
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
                if (reason := explained(error, self._server)) is not None:
                    raise reason from error
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

    def _alone(
        self, statement: LiteralString, parameters: Sequence[Any], *, durable: bool = True
    ) -> Cursor[Any]:
        """Do one thing, which may be done twice, in a transaction of its own."""

        def do(connection: Connection) -> Cursor[Any]:
            with connection.pipeline():
                connection.execute(BEGIN)
                connection.execute(LIMITS)
                if not durable:
                    connection.execute("SET LOCAL synchronous_commit = off")
                done = connection.execute(statement, parameters)
                connection.execute("COMMIT")
            return done

        with self._guarded():
            return self._repeatable(do)

    def reserve_references(self, count: int) -> None:
        """Reserve numbers for this process. Each may be used once, so gaps stay but no doubles.

        It need not wait for the disk: whatever uses a number is committed after it, durably.
        """
        if (missing := count - len(self.references)) <= 0:
            return
        # A process that wants few (an import, a demo) should leave no gap behind.
        size = max(missing, REFERENCES_AT_ONCE) if self._reserved else missing
        ((last,),) = self._alone(RESERVE, (size,), durable=False).fetchall()
        self._reserved = True
        self.references.add(range(last - size + 1, last + 1))

    def _look(self, entries: Sequence[Entry]) -> tuple[Head, Known, Frontier]:
        """Take the head. The tree is then as long as the log, also if other servers keep none."""
        place = self._server.place
        while True:
            head, known = self._repeatable(lambda connection: look(connection, entries))
            if not self._ledger or head.position - head.tree_size <= CATCH_UP_EVENTS:
                further = CATCH_UP_EVENTS if self._ledger else 0
                return head, known, grown(self._ready(), place, head, further)
            self._ready().execute("ROLLBACK")
            caught_up(self._ready(), place)

    def _append(self, piece: Piece) -> None:
        with self._guarded():
            head, _, frontier = self._look(())
            edge = frontier if self._ledger else None
            append(self._ready(), self._server.place, piece, head, edge)
        self.references.skip_to(max(head.imported, piece.reference))

    def _commit(self, entries: Sequence[Entry]) -> list[Outcome]:
        # Encoded before the lock, for which writers on other servers wait.
        bodies = {
            id(draft): encode(draft, self.seals) for entry in entries for draft in entry.drafts
        }
        with self._guarded():
            with self.spent.head:
                head, known, frontier = self._look(entries)
            before = dict(known.holders)
            outcomes, winners = arbitrate(entries, known, head.position)
            claimed = highest_reference(claimed_names(entry for entry, _ in winners), 0)
            connection = self._ready()
            # The standby may still lack what was answered before: to commit is to wait for it, too.
            commits = any(isinstance(outcome, Duplicate) for outcome in outcomes) or any(
                entry.kept or entry.drafts for entry, _ in winners
            )
            with self.spent.commit, connection.pipeline():
                if commits:
                    rows = event_rows(winners, bodies)
                    add_events(connection, head.position, rows)
                    if self._ledger:
                        add_nodes(connection, frontier.extend(row[3] for row in rows))
                    add_commands(connection, winners)
                    change_claims(connection, *changed_claims(before, known.holders))
                    foreign = claimed if claimed > head.reference else 0
                    tree = (frontier.size, frontier.to_bytes())
                    connection.execute(
                        MOVE_HEAD, (head.position + len(rows), foreign, foreign, *tree)
                    )
                done = connection.execute("COMMIT" if commits else "ROLLBACK")
            assert not commits or done.statusmessage == "COMMIT", done.statusmessage
        self.references.skip_to(max(head.imported, claimed))
        return outcomes

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
    LEDGER = "TOCSIN_LOG_LEDGER"

    def application_recorder(self) -> ApplicationRecorder:
        """Open the log."""
        url = self.env.get(self.URL)
        assert url is not None
        return PostgresRecorder(
            url,
            writer=self.env.get(self.WRITER) == "y",
            ledger=self.env.get(self.LEDGER) != "n",
        )
