"""One batch in one SQLite transaction: what the file knows about it, and rows by the hundred."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from tocsin.store.entries import Entry, Known, asked_before, claimed_names, touched_streams

ROWS_AT_ONCE = 128
"""Rows of one INSERT. Each statement hands the interpreter over once, so few and large is fast."""


def look(connection: Any, entries: Sequence[Entry]) -> Known:
    """What the file says about a batch: earlier answers, stream versions, claimed names."""
    ids = [command_id.bytes for command_id in asked_before(entries)]
    answers = connection.execute(
        f"SELECT command_id, fingerprint, answer FROM commands WHERE command_id IN ({marks(ids)})",
        ids,
    ).fetchall() if ids else ()  # fmt: skip
    touched = {stream.bytes: stream for stream in touched_streams(entries)}
    streams = list(touched)
    versions = connection.execute(
        f"WITH touched (stream) AS (VALUES {', '.join(['(?)'] * len(streams))})"
        " SELECT stream, (SELECT max(version) FROM events WHERE stream = touched.stream)"
        " FROM touched",
        streams,
    ).fetchall() if streams else ()  # fmt: skip
    names = claimed_names(entries)
    holders = connection.execute(
        "SELECT kind, key, stream FROM claims WHERE (kind, key) IN"
        f" (VALUES {', '.join(['(?, ?)'] * len(names))})",
        [part for name in names for part in name],
    ).fetchall() if names else ()  # fmt: skip
    return Known(
        {UUID(bytes=key): (fingerprint, answer) for key, fingerprint, answer in answers},
        {touched[stream]: version or 0 for stream, version in versions},
        {(kind, key): UUID(bytes=stream) for kind, key, stream in holders},
    )


def insert(connection: Any, table: str, width: int, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of so many values."""
    row = f"({marks(range(width))})"
    for start in range(0, len(rows), ROWS_AT_ONCE):
        chunk = rows[start : start + ROWS_AT_ONCE]
        connection.execute(
            f"INSERT INTO {table} VALUES {', '.join([row] * len(chunk))}",
            [value for values in chunk for value in values],
        )


def change_claims(
    connection: Any, new: Sequence[tuple[str, str, UUID]], gone: Sequence[tuple[str, str]]
) -> None:
    """Free the names that are gone, and give out the new ones."""
    connection.executemany("DELETE FROM claims WHERE kind = ? AND key = ?", gone)
    rows = [(kind, key, stream.bytes) for kind, key, stream in new]
    insert(connection, "claims (kind, key, stream)", 3, rows)


def marks(values: Iterable[Any]) -> str:
    """A place for each of these values."""
    return ", ".join("?" for _ in values)
