"""The server of the shared store: connections that notice when it is gone, and its schema."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, LiteralString

from tocsin.drivers import AdvisoryLock
from tocsin.store.entries import StoreUnavailable
from tocsin.store.recorder import IS_RARE
from tocsin.telemetry.spread import SHORT, Spread

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    from tocsin import distant
except ImportError as error:
    raise StoreUnavailable(
        f"PostgreSQL needs its driver: pip install 'tocsin[postgres]' ({error})."
    ) from error

ANSWER_SECONDS = 40.0
"""Longest wait for any answer: more than the server's own limits, which say more."""

READERS = 8
"""Most connections of one process that read at the same time."""
READER_SECONDS = 10.0
"""Longest wait for one of them."""
READ_ONLY: LiteralString = (
    "SELECT set_config('default_transaction_read_only', 'on', false),"
    " set_config('statement_timeout', '30s', false), set_config('enable_seqscan', 'off', false)"
)
"""Every question has its index; statistics of a young table would talk the planner out of it."""

Connection = distant.Connection
Cursor = psycopg.Cursor
DriverError = psycopg.Error
LOST = (psycopg.OperationalError, psycopg.InterfaceError)
"""Errors that a lost connection shows as, among others."""
AT_FAULT = (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded)
"""Errors of what is to be stored. All others are the server's or the connection's."""

SCHEMA = 3
STEPS: dict[int, tuple[LiteralString, ...]] = {
    1: (
        """CREATE TABLE tocsin.events (
            position bigint PRIMARY KEY, stream uuid NOT NULL, version integer NOT NULL,
            topic text NOT NULL, body bytea NOT NULL, UNIQUE (stream, version))""",
        """CREATE TABLE tocsin.commands (
            command_id uuid PRIMARY KEY, fingerprint bytea NOT NULL, answer bytea NOT NULL)""",
        """CREATE TABLE tocsin.claims (
            kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, stream uuid NOT NULL,
            PRIMARY KEY (kind, key))""",
        """CREATE TABLE tocsin.head (
            one integer PRIMARY KEY CHECK (one = 1), position bigint NOT NULL,
            reference bigint NOT NULL, imported bigint NOT NULL)""",
        "INSERT INTO tocsin.head VALUES (1, 0, 0, 0)",
        """CREATE FUNCTION tocsin.append_only() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '% are append-only', TG_TABLE_NAME; END $$""",
        """CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tocsin.events
            FOR EACH STATEMENT EXECUTE FUNCTION tocsin.append_only()""",
        """CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tocsin.commands
            FOR EACH STATEMENT EXECUTE FUNCTION tocsin.append_only()""",
    ),
    2: (
        """ALTER TABLE tocsin.head ADD COLUMN tree_size bigint NOT NULL DEFAULT 0,
            ADD COLUMN frontier bytea NOT NULL DEFAULT ''""",
        """CREATE TABLE tocsin.nodes (
            height smallint, number bigint, hash bytea NOT NULL, PRIMARY KEY (height, number))""",
        """CREATE TABLE tocsin.checkpoints (
            size bigint PRIMARY KEY, note text NOT NULL, made_at timestamptz NOT NULL)""",
        """CREATE TABLE tocsin.attestations (
            size bigint, place text COLLATE "C", kind text COLLATE "C", body bytea NOT NULL,
            made_at timestamptz, PRIMARY KEY (size, place, kind, made_at))""",
        """CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tocsin.nodes
            FOR EACH STATEMENT EXECUTE FUNCTION tocsin.append_only()""",
        """CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tocsin.checkpoints
            FOR EACH STATEMENT EXECUTE FUNCTION tocsin.append_only()""",
        """CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tocsin.attestations
            FOR EACH STATEMENT EXECUTE FUNCTION tocsin.append_only()""",
    ),
    3: (f"CREATE INDEX rare_events ON tocsin.events (position) WHERE {IS_RARE}",),
}
"""The statements that lead to each version of the schema. A step is never changed, only added."""


class Server:
    """One database, as an address says it, and a few shared connections that read from it."""

    def __init__(self, url: str, waits: Spread | None = None) -> None:
        """`waits` is told for how many seconds a reader waited for its turn."""
        self._waits = waits or Spread(SHORT)
        try:
            given, self._gate = conninfo_to_dict(url), distant.gate(url)
        except psycopg.Error:
            # Neither the address nor the driver's complaint: both may hold the password.
            raise StoreUnavailable(
                "The address is none of PostgreSQL's. Special characters need percent-encoding."
            ) from None
        host, port = given.get("host", "local"), given.get("port", "5432")
        self.place = f"PostgreSQL {host}:{port}/{given.get('dbname', '')}"
        self._idle: list[Connection] = []
        self._places = threading.BoundedSemaphore(READERS)
        self._closed = False

    def connect(self) -> Connection:
        """Open a connection that begins no transaction by itself.

        Raises:
            StoreUnavailable: nobody answers, or not to us.
        """
        try:
            connection = self._gate.connect()
        except psycopg.Error as error:
            raise self.unavailable(error) from error
        # Each statement must see what was committed while it waited for a lock.
        connection.longest = ANSWER_SECONDS
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        return connection

    def unavailable(self, error: Exception) -> StoreUnavailable:
        """Say in one sentence what is wrong with the server."""
        reason = " ".join(str(error).split()) or type(error).__name__
        return StoreUnavailable(f"{self.place}: {reason}")

    def read(self, query: LiteralString, parameters: Sequence[Any] = ()) -> list[Any]:
        """Ask about what is committed; a connection that was lost is replaced once.

        Raises:
            StoreUnavailable: the server cannot be reached or does not answer.
        """
        try:
            try:
                return self._read(query, parameters)
            except LOST:
                self._drop_idle()  # what cut this one has cut them too
                return self._read(query, parameters)
        except psycopg.DataError:
            raise
        except psycopg.Error as error:
            raise self.unavailable(error) from error

    def _read(self, query: LiteralString, parameters: Sequence[Any]) -> list[Any]:
        with self._reader() as connection:
            return connection.execute(query, parameters, binary=True).fetchall()

    @contextmanager
    def _reader(self) -> Iterator[Connection]:
        with self._waits:
            free = self._places.acquire(timeout=READER_SECONDS)
        if not free:
            raise StoreUnavailable(f"{self.place}: all {READERS} reading connections are busy.")
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self.connect()
                connection.execute(READ_ONLY)
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)
        finally:
            self._places.release()

    def _drop_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def close(self) -> None:
        """Let go of the connections that read."""
        self._closed = True
        self._drop_idle()


def schema_version(connection: Connection) -> int:
    """The version of the schema that is there; 0 for none."""
    # Asked of the catalogue itself: `to_regclass` may remember what was so before a lock.
    row = connection.execute(
        "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = 'tocsin' AND relname = 'schema_version'"
    ).fetchone()
    if row is None:
        return 0
    row = connection.execute("SELECT version FROM tocsin.schema_version").fetchone()
    return int(row[0]) if row else 0


def check_schema(connection: Connection, place: str) -> None:
    """Make sure that this program can read what is there.

    Raises:
        StoreUnavailable: there is no log, or one of another version.
    """
    have = schema_version(connection)
    if not have:
        raise StoreUnavailable(f"There is no log in {place} yet: `tocsin serve` makes one.")
    if have != SCHEMA:
        raise StoreUnavailable(
            f"{place} has schema {have}; this version needs {SCHEMA}."
            + (" Use a newer one." if have > SCHEMA else " `tocsin serve` migrates it.")
        )


def migrate(connection: Connection, place: str) -> None:
    """Bring the schema up to date in one transaction; who comes at the same time waits.

    Raises:
        StoreUnavailable: a newer version made it, or its encoding cannot hold every text.
    """
    if schema_version(connection) == SCHEMA:
        return
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', '30s', true)")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (AdvisoryLock.MIGRATION,))
        have = schema_version(connection)
        if have > SCHEMA:
            check_schema(connection, place)
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreUnavailable(f"{place} is encoded in {encoding}; the log needs UTF8.")
        connection.execute("CREATE SCHEMA IF NOT EXISTS tocsin")
        if not have:
            connection.execute("CREATE TABLE tocsin.schema_version (version integer NOT NULL)")
            connection.execute("INSERT INTO tocsin.schema_version VALUES (0)")
        try:
            for version in range(have + 1, SCHEMA + 1):
                for statement in STEPS[version]:
                    connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege as error:
            raise unpermitted(connection.info.user, place, have) from error
        connection.execute("UPDATE tocsin.schema_version SET version = %s", (SCHEMA,))


def unpermitted(role: str, place: str, have: int) -> StoreUnavailable:
    """Why the service's own role does not bring the log up to date, and what to do."""
    return StoreUnavailable(
        f"{place} has schema {have}; this version needs {SCHEMA}, and {role} may not change it. Let"
        " the owner of the log run `tocsin database migrate` once, and then what"
        f" `tocsin database grants {role}` prints."
    )


def risks(connection: Connection) -> list[str]:
    """What puts acknowledged events at risk, unless the service in charge keeps them otherwise."""
    names = ("fsync", "full_page_writes", "data_checksums")
    rows = connection.execute(
        "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(names),)
    ).fetchall()
    harm = {
        "fsync": "a power cut can lose or destroy acknowledged events",
        "full_page_writes": "a power cut can destroy pages",
        "data_checksums": "pages that rot on the disk go unnoticed",
    }
    return [f"{name} is {value}: {harm[name]}." for name, value in rows if value == "off"]
