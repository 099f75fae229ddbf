"""Where the keys lie: a file of their own in the home folder, or tables beside the log.

A revoked key must stay revoked after a power cut, so every commit waits for the disk.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    text,
)

from tocsin.store.sqlite_file import sqlite3

SCHEMA = "tocsin"
BUSY_SECONDS = 10
GUARDED = (("UPDATE", "api_key_changes"), ("DELETE", "api_key_changes"), ("DELETE", "api_keys"))
"""What nobody does to the tables, by trigger."""
_MIGRATION = 7_236_401
"""The advisory lock that whoever makes the tables holds: any number that nobody else uses."""


class KeyTables:
    """The two tables, and connections to them with a stated purpose."""

    def __init__(self, engine: Engine, schema: str | None) -> None:
        self._engine, self._schema = engine, schema
        metadata = MetaData(schema=schema)
        self.keys = Table(
            "api_keys",
            metadata,
            Column("key_id", Text, primary_key=True),
            Column("owner", Text, nullable=False),
            Column("scopes", Text, nullable=False),
            Column("digest", Text, nullable=False),
            Column("created_at", Text, nullable=False),
            Column("expires_at", Text),
            Column("revoked_at", Text),
            Column("last_used_at", Text),
        )
        self.changes = Table(
            "api_key_changes",
            metadata,
            Column(
                "number",
                BigInteger().with_variant(Integer, "sqlite"),
                primary_key=True,
                autoincrement=False,
            ),
            *(
                Column(name, Text, nullable=False)
                for name in ("key_id", "change", "at", "by", "detail")
            ),
        )
        self._metadata = metadata

    @classmethod
    def open(cls, file: Path, url: str) -> "KeyTables":
        """Open the tables, and make them if they are not there."""
        if url:
            address = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
            tables = cls(create_engine(address, pool_size=2, pool_pre_ping=True), SCHEMA)
        else:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
            tables = cls(_sqlite(file), None)
        try:
            tables._migrate()
        except BaseException:
            tables.close()
            raise
        return tables

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that only reads."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction at a time that may write."""
        engine = self._engine.execution_options(writes=True)
        with engine.begin() as connection:
            if self._schema:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION})"))
            yield connection

    def _migrate(self) -> None:
        with self.writing() as connection:
            if self._guarded(connection):
                return
            if self._schema:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self._schema}"))
            self._metadata.create_all(connection)
            for statement in self._guards():
                connection.execute(text(statement))

    def _guarded(self, connection: Connection) -> bool:
        """Whether it is all there already, made by a role that may have more rights than ours."""
        if not self._schema:
            return False
        names = [f"{table}_{verb.lower()}" for verb, table in GUARDED]
        found = connection.execute(
            text(
                "SELECT count(*) FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid"
                " JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE nspname = :schema AND tgname = ANY(:names)"
            ),
            {"schema": self._schema, "names": names},
        )
        return bool(found.scalar_one() == len(names))

    def _guards(self) -> Iterator[str]:
        """What was done to a key is never changed, and no key is ever forgotten."""
        if not self._schema:
            for verb, table in GUARDED:
                yield (
                    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()} BEFORE {verb} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{table} keeps everything'); END"
                )
            return
        yield (
            f"CREATE OR REPLACE FUNCTION {self._schema}.api_keys_keep() RETURNS trigger"
            " LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '% keeps everything',"
            " TG_TABLE_NAME; END$$"
        )
        for verb, table in GUARDED:
            yield (
                f"CREATE OR REPLACE TRIGGER {table}_{verb.lower()} BEFORE {verb}"
                f" ON {self._schema}.{table} EXECUTE FUNCTION {self._schema}.api_keys_keep()"
            )


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        module=sqlite3,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads before it writes is refused at once when another
        # connection wrote in between, without waiting.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
