"""Tables that lie apart from the log: in a file of their own, or in a schema of its database.

Every commit waits for the disk, and what was deleted is overwritten: what is kept so must be there
after a power cut, or must not be.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any, ClassVar, Self

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    create_engine,
    event,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from tocsin.drivers import AdvisoryLock, sqlite3

BUSY_SECONDS = 10


def number(name: str, **more: Any) -> Column[int]:
    """A column of whole numbers that nobody but us gives out."""
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), autoincrement=False, **more)


class Apart(ABC):
    """A few tables, and connections to them with a stated purpose."""

    schema_name: ClassVar[str]
    """The schema in PostgreSQL."""
    lock: ClassVar[AdvisoryLock]
    """What whoever writes holds."""
    called: ClassVar[str]
    """As whoever cannot reach them is told."""
    unavailable: ClassVar[type[Exception]]
    """What that is told with."""

    def __init__(self, engine: Engine, schema: str | None) -> None:
        self._engine, self._schema = engine, schema
        self._metadata = MetaData(schema=schema)
        self._declare(self._metadata)

    @abstractmethod
    def _declare(self, metadata: MetaData) -> None:
        """Say which tables there are."""

    @abstractmethod
    def _guards(self) -> Iterator[str]:
        """The statements that make sure that nobody changes what must stay."""

    def _complete(self, connection: Connection) -> bool:
        """Whether it is all there already, made by a role that may have more rights than ours."""
        return False

    @classmethod
    def open(cls, file: Path, url: str) -> Self:
        """Open the tables, and make them if they are not there.

        Raises:
            Exception: `unavailable`; so do reading and writing.
        """
        with cls.reached():
            return cls._open(file, url)

    @classmethod
    def _open(cls, file: Path, url: str) -> Self:
        if url:
            from tocsin.distant import engine

            tables = cls(engine(url, pool_size=2), cls.schema_name)
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

    @classmethod
    @contextmanager
    def reached(cls) -> Iterator[None]:
        """What goes wrong meanwhile is told in their own words."""
        try:
            yield
        except SQLAlchemyError as error:
            raise cls.unavailable(f"{cls.called} cannot be reached: {error}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that only reads."""
        with self.reached(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction at a time that may write, whichever process it is of."""
        engine = self._engine.execution_options(writes=True)
        with self.reached(), engine.begin() as connection:
            if self._schema:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({self.lock})"))
            yield connection

    def _migrate(self) -> None:
        with self.writing() as connection:
            if self._complete(connection):
                return
            if self._schema:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {self._schema}"))
            self._metadata.create_all(connection)
            for statement in self._guards():
                connection.execute(text(statement))


def _write_ahead(connection: Any) -> None:
    """Whoever comes first makes the file so; SQLite lets nobody else wait for that by itself."""
    until = monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if monotonic() > until:
                raise
            sleep(0.01)


def _sqlite(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        module=sqlite3,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        _write_ahead(connection)
        for pragma in ("synchronous = FULL", "trusted_schema = OFF", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A deferred transaction that reads before it writes is refused at once when another
        # connection wrote in between, without waiting.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
