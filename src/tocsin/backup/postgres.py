"""The shared store: read as of one moment, and put into a database in one transaction."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, LiteralString

from tocsin.access.tables import AccessTables
from tocsin.backup.folder import MODE_FILE
from tocsin.backup.manifest import (
    ACCESS,
    DATABASES,
    KEYS,
    LOG,
    BackupTrouble,
    Interrupted,
    Manifest,
    Show,
    Stop,
)
from tocsin.backup.sqlite import whole
from tocsin.backup.tables import TABLES, Table, converted
from tocsin.drivers import sqlite3
from tocsin.keys.tables import KeyTables
from tocsin.store.postgres_server import Connection, DriverError, Server, check_schema, migrate
from tocsin.store.sqlite_file import migrate as migrate_file

ROWS = 1_000
SNAPSHOT: LiteralString = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
PATIENCE: LiteralString = """SELECT set_config('statement_timeout', '0', true),
    set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('lock_timeout', '10s', true), set_config('enable_seqscan', %b, true)"""
THERE: LiteralString = """SELECT nspname, relname FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
    WHERE nspname IN ('tocsin', 'tocsin_access', 'tocsin_vault', 'readmodels')
    AND relkind IN ('r', 'p')"""
HEAD: LiteralString = "SELECT position, reference, tree_size, frontier FROM tocsin.head"
MADE_FIRST = {"schema_version", "head"}
"""Tables of the log that have a row as soon as they are there."""


def copy(url: str, folder: Path, show: Show, stop: Stop) -> None:
    """Copy the log, the API keys and the access journal, as they all were at one moment, into the
    files that the embedded store has.

    Raises:
        StoreUnavailable: there is no log, or it cannot be read.
        Interrupted: `stop` said so.
    """
    server = Server(url)
    with _told(server), closing(server.connect()) as connection:
        check_schema(connection, server.place)
        connection.execute(SNAPSHOT)
        connection.execute(PATIENCE, ("off",))
        there = set(connection.execute(THERE).fetchall())
        wanted = [table for table in TABLES if (table.schema, table.name) in there]
        _make_files(folder, {table.file for table in wanted})
        with ExitStack() as opened:
            files = {
                name: opened.enter_context(_filling(folder / name))
                for name in sorted({table.file for table in wanted})
            }
            head = connection.execute(HEAD, binary=True).fetchone()
            files[LOG].execute(
                "UPDATE head SET position = ?, reference = ?, tree_size = ?, frontier = ?", head
            )
            for table in wanted:
                _fetch(connection, table, files[table.file], show, stop)


def _make_files(folder: Path, names: set[str]) -> None:
    (folder / LOG).touch(mode=MODE_FILE)
    with closing(sqlite3.connect(folder / LOG, isolation_level=None)) as log:
        migrate_file(folder / LOG, log)
    for name, tables in ((KEYS, KeyTables), (ACCESS, AccessTables)):
        if name in names:
            tables.open(folder / name, "").close()


@contextmanager
def _filling(file: Path) -> Iterator[Any]:
    """A database that nobody else sees yet, which is whole when the block ends well."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in ("journal_mode = MEMORY", "synchronous = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        whole(connection)


def _fetch(connection: Connection, table: Table, file: Any, show: Show, stop: Stop) -> None:
    query: LiteralString = f"SELECT count(*) FROM {table.schema}.{table.name}"
    ((total,),) = connection.execute(query).fetchall()
    converts, done = [column.to_sqlite for column in table.columns], 0
    for some in _paged(connection, table.asked):
        if stop():
            raise Interrupted
        file.executemany(table.inserted, converted(some, converts))
        done += len(some)
        show(table.name, done, total)


def _paged(connection: Connection, query: LiteralString) -> Iterator[list[Any]]:
    """All rows, many at a time, in the transaction that the connection is in."""
    # `COPY` hands over row by row, which takes a multiple of the time here.
    with connection.cursor("paged") as cursor:
        cursor.execute(query, binary=True)
        while some := cursor.fetchmany(ROWS):
            yield some


def check_empty(url: str) -> None:
    """Make sure that nothing of ours is in a database.

    Raises:
        BackupTrouble: something is.
        StoreUnavailable: it cannot be reached.
    """
    server = Server(url)
    with _told(server), closing(server.connect()) as connection:
        for schema, name in connection.execute(THERE).fetchall():
            ours = {(table.schema, table.name): table for table in TABLES}
            if (schema, name) in {("tocsin", each) for each in MADE_FIRST}:
                continue
            table = ours.get((schema, name))
            query: LiteralString = ""
            if table is not None:
                query = f"SELECT FROM {table.schema}.{table.name} LIMIT 1"
            if table is None or connection.execute(query).fetchone() is not None:
                raise BackupTrouble(
                    f"{server.place} is not empty: there is a table {schema}.{name}. A backup is"
                    " restored into a database of its own."
                )


class Loading:
    """A backup on its way into an empty database, in a transaction that is still open.

    Raises:
        BackupTrouble: somebody else writes there.
        StoreUnavailable: it cannot be written.
        Interrupted: `stop` said so. Nothing is there.
    """

    def __init__(self, url: str, folder: Path, manifest: Manifest, show: Show, stop: Stop) -> None:
        self._server, self._show, self._stop = Server(url), show, stop
        self._files = [name for name in DATABASES if name in manifest.files]
        self._folder = folder
        with _told(self._server):
            self._connection = self._server.connect()
            try:
                migrate(self._connection, self._server.place)
                KeyTables.open(folder / KEYS, url).close()
                AccessTables.open(folder / ACCESS, url).close()
                self._fill()
            except BaseException:
                self.close()
                raise

    def _fill(self) -> None:
        connection = self._connection
        connection.execute("BEGIN")
        connection.execute(PATIENCE, ("on",))
        ((position, *_),) = connection.execute(HEAD + " FOR UPDATE").fetchall()
        if position:
            raise BackupTrouble(f"{self._server.place} is being written by somebody else.")
        for table in TABLES:
            if table.file in self._files:
                with closing(_reading(self._folder / table.file)) as file:
                    self._send(table, file)
                    if (table.file, table.name) == (LOG, "events"):
                        (head,) = file.execute(HEAD.replace("tocsin.", "")).fetchall()
        connection.execute(
            "UPDATE tocsin.head SET position = %b, reference = %b, tree_size = %b, frontier = %b",
            head,
        )

    def _send(self, table: Table, file: Any) -> None:
        ((total,),) = file.execute(f"SELECT count(*) FROM {table.name}").fetchall()
        converts, done = [column.to_postgres for column in table.columns], 0
        asked = file.execute(table.selected)
        with self._connection.cursor().copy(table.copied_in) as copying:
            copying.set_types([column.sent for column in table.columns])
            while some := asked.fetchmany(ROWS):
                if self._stop():
                    raise Interrupted
                for row in converted(some, converts):
                    copying.write_row(row)
                done += len(some)
                self._show(table.name, done, total)

    def events(self) -> Iterator[list[tuple[int, bytes]]]:
        """Positions and stored bytes as they are in the database now, in order."""
        query: LiteralString = "SELECT position, body FROM tocsin.events ORDER BY position"
        with _told(self._server):
            yield from _paged(self._connection, query)

    def commit(self) -> None:
        """Let everybody see it, durably."""
        with _told(self._server):
            self._connection.execute("SET LOCAL synchronous_commit = on")
            self._connection.execute("COMMIT")

    @property
    def place(self) -> str:
        """Where it is, without secrets."""
        return self._server.place

    def close(self) -> None:
        """Let go; what was not committed is not there."""
        self._connection.close()


def _reading(file: Path) -> Any:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)


@contextmanager
def _told(server: Server) -> Iterator[None]:
    """What the driver says, in one sentence."""
    try:
        yield
    except DriverError as error:
        raise server.unavailable(error) from error
