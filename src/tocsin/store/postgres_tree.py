"""The hash tree in the shared store."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString

from tocsin.ledger.merkle import Frontier, Node
from tocsin.store.entries import StoreUnavailable
from tocsin.store.postgres_batch import BEGIN, HEAD, LIMITS, Head, columns
from tocsin.store.postgres_server import AT_FAULT, Connection, Cursor, DriverError, Server
from tocsin.store.tree import (
    CATCH_UP_EVENTS,
    Altered,
    Attestation,
    Checkpoint,
    Span,
    Tree,
    catch_up,
    edge,
    extended,
)

Write = Callable[[LiteralString, Sequence[Any]], Cursor[Any]]

SPANS: LiteralString = """FROM unnest(%b::smallint[], %b::bigint[], %b::bigint[])
    AS span (height, first, last)"""
NODES: LiteralString = f"""SELECT n.height, n.number, n.hash {SPANS}, LATERAL (
    SELECT * FROM tocsin.nodes WHERE height = span.height AND number BETWEEN first AND last) AS n"""
LEAVES: LiteralString = f"""SELECT e.position, e.body {SPANS}, LATERAL (
    SELECT * FROM tocsin.events WHERE position BETWEEN first + 1 AND last + 1) AS e"""
FURTHER: LiteralString = """SELECT position, body FROM tocsin.events WHERE position > %b
    ORDER BY position LIMIT %b"""
ADD_NODES: LiteralString = """INSERT INTO tocsin.nodes (height, number, hash)
    SELECT * FROM unnest(%b::smallint[], %b::bigint[], %b::bytea[])"""
MOVE_EDGE: LiteralString = "UPDATE tocsin.head SET tree_size = %b, frontier = %b"
CHECKPOINTS: LiteralString = "SELECT size, note, made_at FROM tocsin.checkpoints"


class PostgresTree(Tree):
    """The tree of the log in one database, and proofs from it."""

    def __init__(self, server: Server, write: Write) -> None:
        super().__init__(server.place)
        self._ask, self._write = server.read, write

    def frontier(self) -> Frontier:
        """The right edge of the tree as it is committed."""
        ((position, size, data),) = self._ask(
            "SELECT position, tree_size, frontier FROM tocsin.head"
        )
        return edge(self.place, position, size, data)

    def nodes(self, spans: Sequence[Span]) -> list[Node]:
        """The kept subtrees within these spans."""
        return self._ask(NODES, columns(spans))

    def leaves(self, spans: Sequence[Span]) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events that are the leaves of these spans."""
        return self._ask(LEAVES, columns(spans))

    def add_checkpoint(self, size: int, note: str, made_at: datetime) -> bool:
        """Keep a checkpoint for ever. False, and nothing is kept, when that size has one."""
        added = self._write(
            "INSERT INTO tocsin.checkpoints (size, note, made_at) VALUES (%b, %b, %b)"
            " ON CONFLICT DO NOTHING",
            (size, note, made_at),
        )
        return added.rowcount == 1

    def checkpoints(self, after: int, limit: int) -> list[Checkpoint]:
        """The checkpoints of more than `after` events, smallest first."""
        rows = self._ask(CHECKPOINTS + " WHERE size > %b ORDER BY size LIMIT %b", (after, limit))
        return [Checkpoint(size, note, at.astimezone(UTC)) for size, note, at in rows]

    def latest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the most events."""
        rows = self._ask(CHECKPOINTS + " ORDER BY size DESC LIMIT 1")
        found = [Checkpoint(size, note, at.astimezone(UTC)) for size, note, at in rows]
        return found[0] if found else None

    def add_attestation(self, attestation: Attestation) -> None:
        """Keep an attestation for ever. Keeping the same again changes nothing."""
        self._write(
            "INSERT INTO tocsin.attestations (size, place, kind, body, made_at)"
            " VALUES (%b, %b, %b, %b, %b) ON CONFLICT DO NOTHING",
            list(vars(attestation).values()),
        )

    def attestations(
        self, size: int | None, limit: int, place: str = "", kind: str = ""
    ) -> list[Attestation]:
        """The latest attestations by size and then by time."""
        rows = self._ask(
            "SELECT size, place, kind, body, made_at FROM tocsin.attestations"
            " WHERE (size = %b OR %b) AND %b IN ('', place) AND %b IN ('', kind)"
            " ORDER BY size DESC, made_at DESC, place DESC, kind DESC LIMIT %b",
            (size or 0, size is None, place, kind, limit),
        )
        return [
            Attestation(about, place, kind, body, at.astimezone(UTC))
            for about, place, kind, body, at in reversed(rows)
        ]


def add_nodes(connection: Connection, nodes: Sequence[Node]) -> None:
    """Keep the subtrees that were completed."""
    if nodes:
        connection.execute(ADD_NODES, columns(nodes))


def explained(error: BaseException, server: Server) -> StoreUnavailable | None:
    """What an error means for the log, unless it is the fault of what was to be stored."""
    if not isinstance(error, DriverError):
        return None
    if error.diag.table_name == "nodes":
        return Altered(server.place, "the tree has parts behind its end")
    return None if isinstance(error, AT_FAULT) else server.unavailable(error)


def grown(connection: Connection, place: str, head: Head, limit: int) -> Frontier:
    """With the head held, add up to so many of the events that the tree was left without.

    Raises:
        Altered: what is there does not fit together.
    """
    frontier = edge(place, head.position, head.tree_size, head.frontier)
    if count := min(limit, head.position - frontier.size):
        asked = connection.execute(FURTHER, (frontier.size, count), binary=True)
        frontier, nodes = extended(place, frontier, asked.fetchall(), count)
        add_nodes(connection, nodes)
    return frontier


def caught_up(connection: Connection, place: str) -> None:
    """Bring the tree up to the log: it was written without one, by an older version or by choice.

    Raises:
        Altered: what is there does not fit together.
    """

    def page() -> tuple[int, int]:
        with connection.pipeline():
            connection.execute(BEGIN)
            connection.execute(LIMITS)
            asked = connection.execute(HEAD, binary=True)
        (found,) = asked.fetchall()
        head = Head(*found)
        frontier = grown(connection, place, head, CATCH_UP_EVENTS)
        if frontier.size != head.tree_size:
            connection.execute(MOVE_EDGE, (frontier.size, frontier.to_bytes()))
        connection.execute("COMMIT")
        return frontier.size, head.position

    catch_up(place, page)
