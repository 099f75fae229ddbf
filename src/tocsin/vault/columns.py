"""What is stored of a vault: itself, its locks, and the keys of subjects. A column is for ever."""

from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text

VERSION = 1
"""Of these columns and what is in them."""
_BIG = BigInteger().with_variant(Integer, "sqlite")


def vault_table(metadata: MetaData) -> Table:
    """One row, of the vault itself.

    `lookup` is the secret with which people are found by their names. Up to the position `accepted`
    of the log it is known that keys were lost.
    """
    return Table(
        "vault",
        metadata,
        Column("id", Text, primary_key=True),
        Column("version", Integer, nullable=False),
        Column("created_at", Text, nullable=False),
        Column("generation", _BIG, nullable=False),
        Column("lock", Integer, nullable=False),
        Column("lookup", LargeBinary, nullable=False),
        Column("lookup_lock", Integer, nullable=False),
        Column("accepted", _BIG, nullable=False),
    )


def locks_table(metadata: MetaData) -> Table:
    """Key-encryption keys, each wrapped by the master key that is named beside it."""
    return Table(
        "locks",
        metadata,
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("master", Text, nullable=False),
        Column("wrapped", LargeBinary),
        Column("created_at", Text, nullable=False),
        Column("retired_at", Text),
    )


def subjects_table(metadata: MetaData) -> Table:
    """Keys of people and cases, each wrapped by a lock. A row stays when its key is destroyed."""
    table = Table(
        "subjects",
        metadata,
        Column("id", Text, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("stream", Text),
        Column("lookup", LargeBinary),
        Column("name", LargeBinary),
        Column("wrapped", LargeBinary),
        Column("lock", Integer),
        Column("created_at", Text, nullable=False),
        Column("retired_at", Text),
        Column("forgotten_at", Text),
    )
    columns = table.c
    current = columns.retired_at.is_(None)
    Index("people", columns.lookup)
    # A word of either would bring all of its drivers along; only PostgreSQL has schemas.
    only: dict[str, Any] = {"postgresql_where" if metadata.schema else "sqlite_where": current}
    Index("one_subject_per_person", columns.lookup, unique=True, **only)
    Index("cases", columns.stream)
    Index("locked", columns.lock, columns.id)
    return table
