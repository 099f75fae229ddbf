"""Where the rows lie: a file of their own beside the embedded log, or a schema in PostgreSQL.

Losing read models loses nothing, they are rebuilt from the log. So SQLite need not wait for the
disk at every commit: after a crash rows and position are both as some commit left them.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text

from tocsin.drivers import sqlite3
from tocsin.readmodels.lease import FileLease, Lease
from tocsin.readmodels.tenure import RowLease, Tenure
from tocsin.telemetry.spread import SHORT, Spread

FILE = "readmodels.db"
SCHEMA = "readmodels"
BUSY_SECONDS = 30
SCRUB_MILLISECONDS = 1_000
"""How long it is waited for readers to finish before what was deleted is taken off the disk."""
CONNECTIONS = 16
CONNECTIONS_MORE = 32


class Database:
    """Connections to the read models, each with a stated purpose."""

    def __init__(self, engine: Engine, schema: str | None, leases: Path | None) -> None:
        self.engine, self.schema, self._leases = engine, schema, leases
        self.waits = Spread(SHORT)
        """Seconds until there was a connection to read with."""
        self._tenure = Tenure(engine, schema, self.migrating) if schema else None

    @classmethod
    def open(cls, home: Path, url: str = "", *, schema: str = SCHEMA) -> "Database":
        """Open the read models that belong to a log: by its PostgreSQL URL, or in its home."""
        if not url:
            home.mkdir(parents=True, exist_ok=True, mode=0o700)
            return cls(_sqlite(home / FILE), None, home)
        assert re.fullmatch(r"[a-z_]{1,40}", schema), "it is written into statements"
        from tocsin.distant import engine

        more = {"pool_size": CONNECTIONS, "max_overflow": CONNECTIONS_MORE}
        return cls(engine(url, paramstyle="format", **more), schema, None)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that may write; on SQLite it waits its turn before it reads anything."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot: all that is read in it is of one moment."""
        options: dict[str, Any] = {}
        if self.schema:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.waits:
            found = self.engine.connect()
        with found.execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """One transaction in which tables are made, one process at a time."""
        with self.writing() as connection:
            if self.schema:
                connection.execute(
                    text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"),
                    {"name": f"{self.schema}/migration"},
                )
                connection.execute(text(f"create schema if not exists {self.schema}"))
            yield connection

    def lease(self, name: str, *, patient: bool = False) -> Lease:
        """The right to move one projection, not yet taken. `patient` is for who works for long in
        the middle of a transaction; then somebody else can wait for long, too."""
        if self._tenure is not None:
            return RowLease(self._tenure, name, patient=patient)
        assert self._leases is not None
        return FileLease(self._leases / "leases" / f"{name}.lock")

    def scrub(self) -> bool:
        """Take what was deleted off the disk as well; false when others were in the way.

        SQLite leaves it in free pages and in its write-ahead log, so the file is written anew.
        PostgreSQL has removed the files of dropped tables already, and forgets rows at a vacuum.
        """
        with self.engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            if self.schema:
                raw.rollback()
                raw.autocommit = True
                try:
                    raw.execute(f"VACUUM {self.schema}.projections")
                finally:
                    raw.autocommit = False
                return True
            # What VACUUM sets aside may be as large as the file: it belongs on the disk.
            for pragma in ("temp_store = FILE", f"busy_timeout = {SCRUB_MILLISECONDS}"):
                raw.execute(f"PRAGMA {pragma}")
            try:
                raw.execute("VACUUM")
                busy, _, _ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except raw.OperationalError:
                busy = True
            finally:
                for pragma in ("temp_store = MEMORY", f"busy_timeout = {BUSY_SECONDS * 1_000}"):
                    raw.execute(f"PRAGMA {pragma}")
            return not busy

    def close(self) -> None:
        """Let go of all connections, and with them of all leases."""
        if self._tenure is not None:
            self._tenure.close()
        self.engine.dispose()


def _sqlite(path: Path) -> Engine:
    """The engine of a file, in which transactions begin where we say and nowhere else."""
    engine = create_engine(
        f"sqlite:///{path}",
        module=sqlite3,
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS_MORE,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "trusted_schema = OFF",
            "temp_store = MEMORY",
            "cache_size = -32768",
            "wal_autocheckpoint = 8192",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads before it writes is refused at once when another
        # connection wrote in between, without waiting.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
