"""The hash tree in the embedded store."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from tocsin.drivers import sqlite3
from tocsin.ledger.merkle import Frontier, Node
from tocsin.store.sqlite_batch import insert
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

Read = Callable[[str, Iterable[Any]], list[Any]]
Write = Callable[[str, Iterable[Any]], int]
EDGE = "SELECT position, reference, tree_size, frontier FROM head"
"""How far log and references are, and the right edge of the tree."""


class SQLiteTree(Tree):
    """The tree of the log in one file, and proofs from it."""

    def __init__(self, place: str, read: Read, write: Write) -> None:
        super().__init__(place)
        self._read, self._write = read, write

    def frontier(self) -> Frontier:
        """The right edge of the tree as it is committed."""
        ((position, _, size, data),) = self._read(EDGE, ())
        return edge(self.place, position, size, data)

    def nodes(self, spans: Sequence[Span]) -> list[Node]:
        """The kept subtrees within these spans."""
        return self._within(
            spans,
            "SELECT nodes.height, nodes.number, nodes.hash FROM span CROSS JOIN nodes"
            " ON nodes.height = span.height AND nodes.number BETWEEN first AND last",
        )

    def leaves(self, spans: Sequence[Span]) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events that are the leaves of these spans."""
        return self._within(
            spans,
            "SELECT position, body FROM span CROSS JOIN events"
            " ON position BETWEEN first + 1 AND last + 1",
        )

    def _within(self, spans: Sequence[Span], statement: str) -> list[Any]:
        rows = ", ".join(["(?, ?, ?)"] * len(spans))
        return self._read(
            f"WITH span (height, first, last) AS (VALUES {rows}) {statement}",
            [value for span in spans for value in span],
        )

    def add_checkpoint(self, size: int, note: str, made_at: datetime) -> bool:
        """Keep a checkpoint for ever. False, and nothing is kept, when that size has one."""
        added = self._write(
            "INSERT INTO checkpoints VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (size, note, made_at.isoformat()),
        )
        return added == 1

    def checkpoints(self, after: int, limit: int) -> list[Checkpoint]:
        """The checkpoints of more than `after` events, smallest first."""
        return self._checkpoints("WHERE size > ? ORDER BY size LIMIT ?", (after, limit))

    def latest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the most events."""
        return next(iter(self._checkpoints("ORDER BY size DESC LIMIT 1", ())), None)

    def _checkpoints(self, which: str, parameters: Iterable[Any]) -> list[Checkpoint]:
        rows = self._read(f"SELECT size, note, made_at FROM checkpoints {which}", parameters)
        return [Checkpoint(size, note, datetime.fromisoformat(at)) for size, note, at in rows]

    def add_attestation(self, attestation: Attestation) -> None:
        """Keep an attestation for ever. Keeping the same again changes nothing."""
        values = {**vars(attestation), "made_at": attestation.made_at.isoformat()}
        self._write(
            "INSERT INTO attestations (size, place, kind, body, made_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            values.values(),
        )

    def attestations(
        self, size: int | None, limit: int, place: str = "", kind: str = ""
    ) -> list[Attestation]:
        """The latest attestations by size and then by time."""
        rows = self._read(
            "SELECT size, place, kind, body, made_at FROM attestations"
            " WHERE (size = ?1 OR ?1 IS NULL) AND ?3 IN ('', place) AND ?4 IN ('', kind)"
            " ORDER BY size DESC, made_at DESC, place DESC, kind DESC LIMIT ?2",
            (size, limit, place, kind),
        )
        return [
            Attestation(about, place, kind, body, datetime.fromisoformat(at))
            for about, place, kind, body, at in reversed(rows)
        ]


def add_nodes(connection: Any, place: str, nodes: Sequence[Node]) -> None:
    """Keep the subtrees that were completed.

    Raises:
        Altered: some are there already, so that somebody set the tree back.
    """
    try:
        insert(connection, "nodes (height, number, hash)", 3, nodes)
    except sqlite3.IntegrityError as error:
        raise Altered(place, f"the tree has parts behind its end ({error})") from error


def caught_up(connection: Any, place: str) -> None:
    """Bring the tree up to the log: it was written without one, by an older version or by choice.

    Raises:
        Altered: what is there does not fit together.
    """

    def page() -> tuple[int, int]:
        connection.execute("BEGIN IMMEDIATE")
        ((position, _, size, data),) = connection.execute(EDGE).fetchall()
        frontier = edge(place, position, size, data)
        count = min(CATCH_UP_EVENTS, position - size)
        if count:
            rows = connection.execute(
                "SELECT position, body FROM events WHERE position > ? ORDER BY position LIMIT ?",
                (size, count),
            ).fetchall()
            frontier, nodes = extended(place, frontier, rows, count)
            add_nodes(connection, place, nodes)
            connection.execute(
                "UPDATE head SET tree_size = ?, frontier = ?", (frontier.size, frontier.to_bytes())
            )
        connection.execute("COMMIT")
        return frontier.size, position

    catch_up(place, page)
