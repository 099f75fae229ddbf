"""A read model for one question: its rows are made elsewhere, and are gone with the answer.

It is how the questions of a projection are asked of another moment than now: they need not know.
"""

from collections.abc import Sequence
from typing import Any, Self

from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateTable

from tocsin.drivers import sqlite3
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Projection, Query
from tocsin.readmodels.reading import View
from tocsin.readmodels.rows import RowStore

TABLE = "passing"
AT_MOST = 500_000
"""Rows that are held in memory for one question."""


class TooMany(Exception):
    """More rows than a question may take."""

    def __init__(self) -> None:
        super().__init__(f"More than {AT_MOST:,} incidents would have to be looked at.")


class Passing:
    """The rows of a projection, in memory."""

    def __init__(self, projection: Projection) -> None:
        engine = create_engine(
            "sqlite://",
            module=sqlite3,
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
        )
        event.listen(engine, "connect", _by_hand)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        self._database = Database(engine, None, None)
        self._projection = projection
        self._store = RowStore(self._database, projection.shape, TABLE)
        self._rows = 0
        with self._database.writing() as connection:
            connection.execute(CreateTable(self._store.table))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._database.close()

    def add(self, rows: Sequence[Any]) -> None:
        """Take in rows of keys that were not there yet.

        Raises:
            TooMany: there is no room for them.
        """
        self._rows += len(rows)
        if self._rows > AT_MOST:
            raise TooMany
        with self._database.writing() as connection:
            self._store.write(connection, rows, (), new=True)

    def ask(self, query: Query, position: int, **parameters: Any) -> Any:
        """Answer a question from these rows, which are those of a position of the log.

        Raises:
            BadCursor: the cursor is not one of this list.
        """
        with self._database.reading() as connection:
            view: View[Any] = View(connection, self._store.table, self._projection.row, position)
            return query.function(view, **parameters)


def _by_hand(connection: Any, _record: Any) -> None:
    """Transactions begin where we say and nowhere else."""
    connection.isolation_level = None
