"""A piece of another log, stored in one SQLite transaction."""

from typing import Any
from uuid import UUID

from tocsin.ledger.merkle import Frontier
from tocsin.store.copies import Piece, behind
from tocsin.store.entries import StoreUnavailable
from tocsin.store.sqlite_batch import insert
from tocsin.store.sqlite_tree import add_nodes

NAMES_AT_ONCE = 500


def append(
    connection: Any, place: str, piece: Piece, position: int, frontier: Frontier | None
) -> Frontier | None:
    """Store a piece behind `position`, and return the right edge of the tree, if one is kept.

    Raises:
        NotNext: it does not belong there.
        StoreUnavailable: another process wrote the file.
    """
    last = behind(piece, position, place)
    rows = [
        (at, event.stream.bytes, event.version, event.topic, event.body)
        for at, event in enumerate(piece.events, position + 1)
    ]
    insert(connection, "events (position, stream, version, topic, body)", 5, rows)
    grown = frontier.copy() if frontier is not None else None
    if grown is not None:
        add_nodes(connection, place, grown.extend(event.body for event in piece.events))
    connection.executemany(
        "INSERT INTO commands (command_id, fingerprint, answer) VALUES (?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        [(command.bytes, fingerprint, answer) for command, fingerprint, answer in piece.answers],
    )
    _claim(connection, piece)
    edge = (grown.size, grown.to_bytes()) if grown is not None else (None, None)
    moved = connection.execute(
        "UPDATE head SET position = ?, reference = max(reference, ?),"
        " tree_size = coalesce(?, tree_size), frontier = coalesce(?, frontier) WHERE position = ?",
        (last, piece.reference, *edge, position),
    )
    if moved.rowcount != 1:
        raise StoreUnavailable(f"{place} was written by another process.")
    return grown


def _claim(connection: Any, piece: Piece) -> None:
    holders: dict[tuple[str, str], UUID] = {}
    names = list(piece.names)
    for start in range(0, len(names), NAMES_AT_ONCE):
        some = names[start : start + NAMES_AT_ONCE]
        rows = connection.execute(
            "SELECT kind, key, stream FROM claims WHERE (kind, key) IN"
            f" (VALUES {', '.join(['(?, ?)'] * len(some))})",
            [part for name in some for part in name],
        )
        holders |= {(kind, key): UUID(bytes=stream) for kind, key, stream in rows}
    new, gone = piece.settled(holders)
    connection.executemany("DELETE FROM claims WHERE kind = ? AND key = ?", gone)
    claims = [(kind, key, stream.bytes) for kind, key, stream in new]
    insert(connection, "claims (kind, key, stream)", 3, claims)
