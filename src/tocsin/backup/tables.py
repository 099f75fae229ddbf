"""The tables of which there is one in either store, and how their columns are written in each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

from tocsin.backup.manifest import ACCESS, KEYS, LOG

Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class Column:
    """A column of both stores."""

    name: LiteralString
    kind: LiteralString
    """Its type in PostgreSQL. There a stream's id is a `uuid`, and an instant a `timestamptz`; in
    SQLite the one is 16 bytes, and the other a text."""

    @property
    def asked(self) -> LiteralString:
        """How PostgreSQL is asked for it."""
        return f"uuid_send({self.name})" if self.kind == "uuid" else self.name

    @property
    def sent(self) -> LiteralString:
        """As what it goes over the wire."""
        return "bytea" if self.kind == "uuid" else self.kind

    @property
    def to_sqlite(self) -> Convert | None:
        """How what came from PostgreSQL is put into SQLite."""
        return _text if self.kind == "timestamptz" else None

    @property
    def to_postgres(self) -> Convert | None:
        """And back."""
        return datetime.fromisoformat if self.kind == "timestamptz" else None


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


@dataclass(frozen=True)
class Table:
    """A table of both stores."""

    file: str
    """The database that it is in, in a backup."""
    schema: LiteralString
    """In PostgreSQL."""
    name: LiteralString
    columns: tuple[Column, ...]
    key: LiteralString

    @property
    def names(self) -> LiteralString:
        """The columns, as a statement has them."""
        return ", ".join([column.name for column in self.columns])

    @property
    def asked(self) -> LiteralString:
        """How PostgreSQL is asked for all of it."""
        asked = ", ".join([column.asked for column in self.columns])
        return f"SELECT {asked} FROM {self.schema}.{self.name} ORDER BY {self.key}"

    @property
    def copied_in(self) -> LiteralString:
        """How PostgreSQL is given all of it."""
        return f"COPY {self.schema}.{self.name} ({self.names}) FROM STDIN (FORMAT BINARY)"

    @property
    def inserted(self) -> str:
        """How SQLite is given a row."""
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.name} ({self.names}) VALUES ({marks})"

    @property
    def selected(self) -> str:
        """How SQLite is asked for all of it."""
        return f"SELECT {self.names} FROM {self.name} ORDER BY {self.key}"


def converted(
    rows: Sequence[Sequence[Any]], converts: Sequence[Convert | None]
) -> Sequence[Sequence[Any]]:
    """Rows with the few values changed that the other store writes in another way."""
    if not any(converts):
        return rows
    return [
        [value if how is None else how(value) for how, value in zip(converts, row, strict=True)]
        for row in rows
    ]


def _table(
    file: str,
    schema: LiteralString,
    name: LiteralString,
    key: LiteralString,
    columns: LiteralString,
) -> Table:
    pairs = [column.split() for column in columns.split(", ")]
    return Table(file, schema, name, tuple(Column(name, kind) for name, kind in pairs), key)


LOG_TABLES = (
    _table(
        LOG, "tocsin", "events", "position",
        "position int8, stream uuid, version int4, topic text, body bytea",
    ),
    _table(
        LOG, "tocsin", "commands", "command_id",
        "command_id uuid, fingerprint bytea, answer bytea",
    ),
    _table(LOG, "tocsin", "claims", "kind, key", "kind text, key text, stream uuid"),
    _table(LOG, "tocsin", "nodes", "height, number", "height int2, number int8, hash bytea"),
    _table(LOG, "tocsin", "checkpoints", "size", "size int8, note text, made_at timestamptz"),
    _table(
        LOG, "tocsin", "attestations", "size, place, kind, made_at",
        "size int8, place text, kind text, body bytea, made_at timestamptz",
    ),
)  # fmt: skip
KEY_TABLES = (
    _table(
        KEYS, "tocsin", "api_keys", "key_id",
        "key_id text, owner text, scopes text, digest text, created_at text, expires_at text,"
        " revoked_at text, last_used_at text",
    ),
    _table(
        KEYS, "tocsin", "api_key_changes", "number",
        "number int8, key_id text, change text, at text, by text, detail text",
    ),
)  # fmt: skip
ACCESS_TABLES = (
    _table(
        ACCESS, "tocsin_access", "entries", "number",
        "number int8, at text, leaf bytea, body bytea",
    ),
    _table(ACCESS, "tocsin_access", "about", "incident, number", "incident text, number int8"),
    _table(ACCESS, "tocsin_access", "head", "one", "one int8, size int8, frontier bytea"),
)  # fmt: skip
TABLES = (*LOG_TABLES, *KEY_TABLES, *ACCESS_TABLES)
COUNTED = {
    "events": (LOG, "events"),
    "answers": (LOG, "commands"),
    "checkpoints": (LOG, "checkpoints"),
    "API keys": (KEYS, "api_keys"),
    "accesses": (ACCESS, "entries"),
}
"""What a manifest says how much of it there is."""
