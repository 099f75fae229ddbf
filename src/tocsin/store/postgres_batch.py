"""One batch in one PostgreSQL transaction of two round trips: look with the head held, then write.

Every statement takes whole columns as arrays, so that its text and its plan never change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from tocsin.store.entries import (
    Entry,
    Known,
    Stored,
    asked_before,
    claimed_names,
    touched_streams,
)
from tocsin.store.mapper import placed
from tocsin.store.postgres_server import Connection

BEGIN: LiteralString = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
# Local to the transaction: whatever the server, the role or a connection pooler would have set.
# A writer that stands still in its transaction loses it, so that the others can go on.
LIMITS: LiteralString = """SELECT
    set_config('synchronous_commit', CASE current_setting('synchronous_commit')
               WHEN 'remote_apply' THEN 'remote_apply' ELSE 'on' END, true),
    set_config('lock_timeout', '10s', true),
    set_config('statement_timeout', '30s', true),
    set_config('idle_in_transaction_session_timeout', '5s', true),
    set_config('enable_seqscan', 'off', true)"""
HEAD: LiteralString = """SELECT position, reference, imported, tree_size, frontier
    FROM tocsin.head FOR UPDATE"""
ANSWERS: LiteralString = """SELECT command_id, fingerprint, answer FROM tocsin.commands
    WHERE command_id = ANY(%b::uuid[])"""
VERSIONS: LiteralString = """SELECT s, (SELECT version FROM tocsin.events WHERE stream = s
    ORDER BY version DESC LIMIT 1) FROM unnest(%b::uuid[]) AS s"""
HOLDERS: LiteralString = """SELECT n.kind, n.key, c.stream
    FROM unnest(%b::text[], %b::text[]) AS n (kind, key), LATERAL (
        SELECT stream FROM tocsin.claims WHERE kind = n.kind AND key = n.key LIMIT 1) AS c"""
ADD_EVENTS: LiteralString = """INSERT INTO tocsin.events (position, stream, version, topic, body)
    SELECT %b::bigint + place, stream, version, topic, body
    FROM unnest(%b::uuid[], %b::integer[], %b::text[], %b::bytea[])
    WITH ORDINALITY AS new (stream, version, topic, body, place)"""
ADD_COMMANDS: LiteralString = """INSERT INTO tocsin.commands (command_id, fingerprint, answer)
    SELECT * FROM unnest(%b::uuid[], %b::bytea[], %b::bytea[])"""
FREE_CLAIMS: LiteralString = """DELETE FROM tocsin.claims WHERE (kind, key) IN
    (SELECT * FROM unnest(%b::text[], %b::text[]))"""
ADD_CLAIMS: LiteralString = """INSERT INTO tocsin.claims (kind, key, stream)
    SELECT * FROM unnest(%b::text[], %b::text[], %b::uuid[])"""
MOVE_HEAD: LiteralString = """UPDATE tocsin.head SET position = %b,
    reference = greatest(reference, %b), imported = greatest(imported, %b),
    tree_size = %b, frontier = %b"""

RESERVE: LiteralString = "UPDATE tocsin.head SET reference = reference + %b RETURNING reference"


@dataclass(frozen=True)
class Head:
    """The row that is the order of the log."""

    position: int
    reference: int
    """The highest native number that is in use or reserved."""
    imported: int
    """The highest native number that came from elsewhere and that nobody had reserved."""
    tree_size: int
    frontier: bytes
    """The right edge of the hash tree over the events."""


def look(connection: Connection, entries: Sequence[Entry]) -> tuple[Head, Known]:
    """Begin, take the head, and read what is known about a batch: one round trip."""
    ids, streams = asked_before(entries), list(touched_streams(entries))
    names = list(claimed_names(entries))
    answers = versions = holders = None
    with connection.pipeline():
        connection.execute(BEGIN)
        connection.execute(LIMITS)
        head = connection.execute(HEAD, binary=True)
        if ids:
            answers = connection.execute(ANSWERS, (ids,), binary=True)
        if streams:
            versions = connection.execute(VERSIONS, (streams,), binary=True)
        if names:
            holders = connection.execute(HOLDERS, columns(names), binary=True)
    (found,) = head.fetchall()
    return Head(*found), Known(
        {key: (mark, answer) for key, mark, answer in answers} if answers else {},
        {stream: version or 0 for stream, version in versions} if versions else {},
        {(kind, key): stream for kind, key, stream in holders} if holders else {},
    )


def event_rows(
    winners: Sequence[tuple[Entry, Stored]], bodies: dict[int, bytes]
) -> list[tuple[UUID, int, str, bytes]]:
    """Stream, version, name and stored bytes of the winners' events, in order."""
    return [
        (draft.stream, draft.version, draft.event.event_name, placed(bodies[id(draft)], place))
        for entry, stored in winners
        for draft, place in zip(entry.drafts, stored.positions, strict=True)
    ]


def add_events(
    connection: Connection, position: int, rows: Sequence[tuple[UUID, int, str, bytes]]
) -> None:
    """Insert events behind `position`."""
    if rows:
        connection.execute(ADD_EVENTS, (position, *columns(rows)))


def add_commands(connection: Connection, winners: Sequence[tuple[Entry, Stored]]) -> None:
    """Remember what the winners' commands were answered."""
    rows = [(e.command_id, e.fingerprint, stored.answer) for e, stored in winners if e.kept]
    if rows:
        connection.execute(ADD_COMMANDS, columns(rows))


def change_claims(
    connection: Connection, new: Sequence[tuple[str, str, UUID]], gone: Sequence[tuple[str, str]]
) -> None:
    """Free the names that are gone, and give out the new ones."""
    if gone:
        connection.execute(FREE_CLAIMS, columns(gone))
    if new:
        connection.execute(ADD_CLAIMS, columns(new))


def columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """One array per column: the statement stays the same for any number of rows."""
    return [list(column) for column in zip(*rows, strict=True)]
