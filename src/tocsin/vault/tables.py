"""Where the keys of subjects lie: a file of their own, or a schema of a PostgreSQL database.

What is deleted must be gone from the disk, so SQLite overwrites it; what is acknowledged must be
there after a power cut, so every commit waits for the disk.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    Row,
    Select,
    create_engine,
    event,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from tocsin.drivers import AdvisoryLock, sqlite3
from tocsin.vault.columns import locks_table, subjects_table, vault_table
from tocsin.vault.records import VaultUnavailable

SCHEMA = "tocsin_vault"
BUSY_SECONDS = 10
THERE = {
    False: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'vault'",
    True: "SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    f" ON n.oid = relnamespace WHERE nspname = '{SCHEMA}' AND relname = 'vault'",
}
"""How a file is asked, and how a database, whether the tables have been made: every process that
opens a log asks that, so it is short."""


@cache
def _declared(schema: str | None) -> MetaData:
    """The tables as they are in a schema: declared once, however often a vault is opened."""
    metadata = MetaData(schema=schema)
    for declare in (vault_table, locks_table, subjects_table):
        declare(metadata)
    return metadata


class Tables:
    """The tables of a vault, and connections to them with a stated purpose."""

    def __init__(self, engine: Engine, schema: str | None, place: str) -> None:
        self._engine, self._schema, self.place = engine, schema, place
        self._asking = Lock()
        self._kept: Connection | None = None
        self._declared = _declared(schema)
        self.vault, self.locks, self.subjects = (
            self._declared.tables[f"{schema}.{name}" if schema else name]
            for name in ("vault", "locks", "subjects")
        )

    @classmethod
    def at_file(cls, file: Path, *, make: bool) -> "Tables":
        """The vault in a file of its own."""
        if make:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
        return cls(_sqlite(file), None, str(file))

    @classmethod
    def at_copy(cls, file: Path) -> "Tables":
        """A copy of a vault, of which nothing is changed, not even by looking at it."""
        return cls(_sqlite(file, "mode=ro&immutable=1"), None, str(file))

    @classmethod
    def at_url(cls, url: str) -> "Tables":
        """The vault in a schema of a PostgreSQL database."""
        import psycopg

        from tocsin.distant import engine, named

        try:
            made = engine(url, pool_size=2, max_overflow=8)
        except psycopg.Error:  # what it says may hold a password
            raise VaultUnavailable("The vault's address is no address of a database.") from None
        return cls(made, SCHEMA, f"schema {SCHEMA} of {named(url)}")

    @property
    def file(self) -> Path | None:
        """The file that the vault is, if it is one."""
        return None if self._schema else Path(self.place)

    def there(self) -> bool:
        """Whether the tables have been made."""
        with self._engine.connect() as connection:
            return connection.exec_driver_sql(THERE[bool(self._schema)]).first() is not None

    def close(self) -> None:
        """Let go of all connections."""
        with self._asking:
            if self._kept is not None:
                self._kept.close()
                self._kept = None
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot: all that is read in it is of one moment."""
        options: dict[str, Any] = {}
        if self._schema:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with (
            self._engine.connect().execution_options(**options) as connection,
            connection.begin(),
        ):
            yield connection

    def ask(self, question: Select[Any], **parameters: Any) -> Row[Any] | None:
        """The first row of an answer, on a connection that is kept and outside any transaction:
        for small questions that are asked often."""
        with self._asking:
            for last in (False, True):
                if self._kept is None:
                    options: dict[str, Any] = {"asks": True}
                    if self._schema:
                        options["isolation_level"] = "AUTOCOMMIT"
                    self._kept = self._engine.connect().execution_options(**options)
                try:
                    return self._kept.execute(question, parameters).first()
                except DBAPIError as error:
                    kept, self._kept = self._kept, None
                    kept.invalidate()
                    kept.close()
                    if last or not error.connection_invalidated:
                        raise
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction at a time, of all processes, that may write; durable when it ends."""
        engine = self._engine.execution_options(writes=True)
        with engine.begin() as connection:
            if self._schema:
                connection.execute(text("SET LOCAL synchronous_commit = on"))
                connection.execute(text(f"SELECT pg_advisory_xact_lock({AdvisoryLock.VAULT})"))
            yield connection

    def make(self, connection: Connection) -> None:
        """Make the tables, if they are not there."""
        if self._schema:
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self._schema}"))
        self._declared.create_all(connection)

    def rename(self, name: str) -> str:
        """Give the schema another name, so that its own is free; returns that name."""
        name = f"{SCHEMA}_{name}"
        with self._engine.begin() as connection:
            connection.execute(text(f"ALTER SCHEMA {SCHEMA} RENAME TO {name}"))
        return name

    def settle(self) -> None:
        """Make a file whole: nothing of it in another file beside it."""
        raw = self._engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode = DELETE")
        finally:
            raw.close()

    def scrub(self) -> None:
        """Take what was overwritten or deleted off the disk as well, as far as the store does that.

        Raises:
            VaultUnavailable: somebody read the file for too long.
        """
        if self._schema:
            with self._engine.connect() as opened:
                connection = opened.execution_options(isolation_level="AUTOCOMMIT")
                connection.execute(text(f"VACUUM {self._schema}.subjects, {self._schema}.locks"))
            return
        raw = self._engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            ((busy, *_),) = cursor.fetchall()
        finally:
            raw.close()
        if busy:
            raise VaultUnavailable(
                f"The keys are destroyed, but {self.place}-wal still holds remains of them, because"
                " another process reads it. Ask again, and they go."
            )


def _sqlite(path: Path, how: str = "") -> Engine:
    writable = not how and os.access(path, os.W_OK)
    address = f"file:{quote(str(path))}?{how or ('mode=rw' if writable else 'mode=ro')}"

    def connect() -> Any:
        return sqlite3.connect(
            address,
            uri=True,
            timeout=BUSY_SECONDS,
            check_same_thread=False,
        )

    engine = create_engine("sqlite://", module=sqlite3, creator=connect, poolclass=QueuePool)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        pragmas = ["trusted_schema = OFF", "secure_delete = ON"]
        if writable:
            pragmas += ["journal_mode = WAL", "synchronous = FULL"]
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads before it writes is refused at once when another
        # connection wrote in between, without waiting.
        options = connection.get_execution_options()
        if not options.get("asks", False):
            writes = options.get("writes", False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
