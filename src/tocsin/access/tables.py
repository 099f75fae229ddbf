"""Where the journal lies: a file of its own in the home folder, or a schema beside the log.

Of an entry that has expired the hash stays. Nothing else of it may be changed or removed: the
triggers say so to honest mistakes, the tree finds the others.
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
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    create_engine,
    event,
    text,
)

from tocsin.store.sqlite_file import sqlite3

SCHEMA = "tocsin_access"
BUSY_SECONDS = 10
_WRITING = 7_236_402
"""The advisory lock that whoever writes holds: any number that nobody else uses."""


def _number(name: str, **more: Any) -> Column[int]:
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), autoincrement=False, **more)


class AccessTables:
    """The tables, and connections to them with a stated purpose."""

    def __init__(self, engine: Engine, schema: str | None) -> None:
        self._engine, self._schema = engine, schema
        metadata = MetaData(schema=schema)
        self.entries = Table(
            "entries",
            metadata,
            _number("number", primary_key=True),
            Column("at", Text, nullable=False, index=True),
            Column("leaf", LargeBinary, nullable=False),
            Column("body", LargeBinary),
        )
        self.about = Table(
            "about",
            metadata,
            Column("incident", Text, primary_key=True),
            _number("number", primary_key=True),
        )
        Index("about_number", self.about.c.number)
        self.head = Table(
            "head",
            metadata,
            _number("one", primary_key=True),
            _number("size", nullable=False),
            Column("frontier", LargeBinary, nullable=False),
        )
        self._metadata = metadata

    @classmethod
    def open(cls, file: Path, url: str) -> "AccessTables":
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
        """One transaction at a time that may write, whichever process it is of."""
        engine = self._engine.execution_options(writes=True)
        with engine.begin() as connection:
            if self._schema:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_WRITING})"))
            yield connection

    def rewrite(self) -> None:
        """Let the file hold nothing of what was dropped."""
        if not self._schema:
            with self._engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                raw.execute("VACUUM")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            engine = self._engine.execution_options(isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                for table in (self.entries, self.about):
                    connection.execute(text(f"VACUUM {self._schema}.{table.name}"))

    def _migrate(self) -> None:
        with self.writing() as connection:
            if self._schema:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self._schema}"))
            self._metadata.create_all(connection)
            for statement in self._guards():
                connection.execute(text(statement))

    def _guards(self) -> Iterator[str]:
        """An entry may lose its body, and nothing else."""
        may_not = "entries of the journal only lose their bodies, when they expire"
        if not self._schema:
            only_the_body = (
                "NEW.body IS NOT NULL OR NEW.number IS NOT OLD.number OR NEW.at IS NOT OLD.at"
                " OR NEW.leaf IS NOT OLD.leaf"
            )
            for verb, when in (("UPDATE", f"WHEN {only_the_body} "), ("DELETE", "")):
                yield (
                    f"CREATE TRIGGER IF NOT EXISTS entries_{verb.lower()} BEFORE {verb} ON entries"
                    f" {when}BEGIN SELECT RAISE(ABORT, '{may_not}'); END"
                )
            return
        yield (
            f"CREATE OR REPLACE FUNCTION {self._schema}.entries_keep() RETURNS trigger"
            " LANGUAGE plpgsql AS $$BEGIN"
            " IF TG_OP = 'UPDATE' AND NEW.body IS NULL AND NEW.number = OLD.number"
            " AND NEW.at = OLD.at AND NEW.leaf = OLD.leaf THEN RETURN NEW; END IF;"
            f" RAISE EXCEPTION '{may_not}'; END$$"
        )
        for verb, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            yield (
                f"CREATE OR REPLACE TRIGGER entries_{verb.lower()} BEFORE {verb}"
                f" ON {self._schema}.entries FOR EACH {each}"
                f" EXECUTE FUNCTION {self._schema}.entries_keep()"
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
        safe = ("journal_mode = WAL", "synchronous = FULL", "trusted_schema = OFF")
        for pragma in (*safe, "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads before it writes is refused at once when another
        # connection wrote in between, without waiting.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
