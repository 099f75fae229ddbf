"""A piece of another log, stored in one PostgreSQL transaction that holds the head."""

from typing import LiteralString

from tocsin.ledger.merkle import Frontier
from tocsin.store.copies import Piece, behind
from tocsin.store.postgres_batch import (
    ADD_COMMANDS,
    HOLDERS,
    MOVE_HEAD,
    Head,
    add_events,
    change_claims,
    columns,
)
from tocsin.store.postgres_server import Connection
from tocsin.store.postgres_tree import add_nodes

ADD_UNKNOWN_COMMANDS: LiteralString = f"{ADD_COMMANDS} ON CONFLICT DO NOTHING"


def append(
    connection: Connection, place: str, piece: Piece, head: Head, frontier: Frontier | None
) -> None:
    """Store a piece behind the head that is held, and let go of it.

    Raises:
        NotNext: it does not belong there.
    """
    last = behind(piece, head.position, place)
    names = list(piece.names)
    held = connection.execute(HOLDERS, columns(names), binary=True).fetchall() if names else ()
    new, gone = piece.settled({(kind, key): stream for kind, key, stream in held})
    with connection.pipeline():
        rows = [(each.stream, each.version, each.topic, each.body) for each in piece.events]
        add_events(connection, head.position, rows)
        edge = (head.tree_size, head.frontier)
        if frontier is not None:
            add_nodes(connection, frontier.extend(each.body for each in piece.events))
            edge = (frontier.size, frontier.to_bytes())
        if piece.answers:
            connection.execute(ADD_UNKNOWN_COMMANDS, columns(piece.answers))
        change_claims(connection, new, gone)
        foreign = piece.reference if piece.reference > head.reference else 0
        connection.execute(MOVE_HEAD, (last, foreign, foreign, *edge))
        done = connection.execute("COMMIT")
    assert done.statusmessage == "COMMIT", done.statusmessage
