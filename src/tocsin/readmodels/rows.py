"""The rows of one table, read and written by the thousand.

SQLAlchemy writes each statement once; the driver then runs it with plain tuples. Its result
objects would cost more than the folding.
"""

from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import chain, islice
from typing import Any, TypeVar

from sqlalchemy import (
    Connection,
    Result,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.expression import ClauseElement

from tocsin.readmodels.codec import Codec
from tocsin.readmodels.database import Database
from tocsin.readmodels.shape import Shape

T = TypeVar("T")
Coded = Sequence[tuple[Any, ...]]
"""Rows, or keys, as the driver takes them."""

PARAMETERS = 20_000
"""Most values in one statement; SQLite takes 32,766."""


def filled(kind: type[T], found: Result[Any]) -> Iterator[T]:
    """What a select found, as objects with fields of the names of its columns."""
    # SQLAlchemy's own names remember quoting, and would leak into the objects.
    names = list(map(str, found.keys()))
    for values in found:
        yield kind(**dict(zip(names, values, strict=True)))


class RowStore:
    """One table, as rows of one shape."""

    def __init__(self, database: Database, shape: Shape[Any], table_name: str) -> None:
        self.shape = shape
        self.table: Table = shape.table(table_name, database.schema)
        self.codec: Codec[Any] = Codec(shape, database.engine.dialect)
        self._dialect = database.engine.dialect
        self._insert = self._sql(insert(self.table), shape.names)
        self._upsert = self._sql(self._upserting(), shape.names)
        named = [
            self.table.c[name] == bindparam(name, type_=self.table.c[name].type)
            for name in shape.key
        ]
        self._delete = self._sql(delete(self.table).where(and_(*named)), shape.key)
        self._select = self._sql(select(self.table), ())

    def load(self, connection: Connection, keys: Sequence[Any]) -> dict[Any, Any]:
        """The rows that there are of these keys."""
        found: dict[Any, Any] = {}
        waiting = iter(keys)
        size = PARAMETERS // len(self.shape.key)
        while some := list(islice(waiting, size)):
            parameters = tuple(chain.from_iterable(self.codec.encode_keys(some)))
            result = connection.exec_driver_sql(self._select_some(len(some)), parameters)
            assert result.cursor is not None
            for values in result.cursor.fetchall():
                row = self.codec.decode(values)
                found[self.codec.key(row)] = row
            result.close()
        return found

    def write(
        self, connection: Connection, rows: Sequence[Any], gone: Sequence[Any], *, new: bool
    ) -> None:
        """Store rows and remove keys; `new` promises that none of the rows is there yet."""
        if rows:
            statement = self._insert if new else self._upsert
            connection.exec_driver_sql(statement, self.codec.encode(rows))
        if gone:
            connection.exec_driver_sql(self._delete, self.codec.encode_keys(gone))

    def put(self, connection: Connection, new: Coded, changed: Coded, gone: Coded) -> None:
        """Write rows, and remove keys, that the codec has made ready."""
        if new:
            self._add(connection, new)
        for statement, coded in ((self._upsert, changed), (self._delete, gone)):
            if coded:
                connection.exec_driver_sql(statement, coded)

    def _add(self, connection: Connection, coded: Coded) -> None:
        if self._dialect.name != "postgresql":
            connection.exec_driver_sql(self._insert, list(coded))
            return
        raw, driver = connection.connection.driver_connection, self._dialect.dbapi
        assert raw is not None
        assert driver is not None
        names = ", ".join(map(self._dialect.identifier_preparer.quote, self.shape.names))
        table = self._dialect.identifier_preparer.format_table(self.table)
        statement = f"COPY {table} ({names}) FROM STDIN"
        try:
            with raw.cursor() as cursor, cursor.copy(statement) as copy:
                for row in coded:
                    copy.write_row(row)
        except driver.Error as error:
            # As if SQLAlchemy had run it, which knows no COPY.
            known = DBAPIError.instance(statement, None, error, driver.Error, dialect=self._dialect)
            raise known from error

    def index(self, connection: Connection) -> None:
        """Make the indexes, once the rows are there: cheaper than keeping them all the way."""
        for index in self.shape.table_indexes(self.table):
            connection.execute(CreateIndex(index, if_not_exists=True))

    def in_order(self, connection: Connection, size: int = 5_000) -> Iterator[Any]:
        """All rows, by key, a few at a time."""
        keys = [self.table.c[name] for name in self.shape.key]
        every = select(self.table).order_by(*keys).execution_options(yield_per=size)
        yield from filled(self.shape.row, connection.execute(every))

    def following(
        self, connection: Connection, key: Any, limit: int, last: Any = None
    ) -> list[Any]:
        """The rows whose keys come after one, without one the first; up to the last, if given."""
        keys = [self.table.c[name] for name in self.shape.key]
        wanted = select(self.table).order_by(*keys).limit(limit)
        if key is not None:
            wanted = wanted.where(tuple_(*keys) > self._literals(key))
        if last is not None:
            wanted = wanted.where(tuple_(*keys) <= self._literals(last))
        result = connection.execute(wanted)
        assert result.cursor is not None
        rows = [self.codec.decode(values) for values in result.cursor.fetchall()]
        result.close()
        return rows

    def quantiles(self, connection: Connection, count: int) -> list[Any]:
        """Keys that part the rows into so many runs of about the same length: one fewer."""
        keys = [self.table.c[name] for name in self.shape.key]
        every = connection.execute(select(func.count()).select_from(self.table)).scalar_one()
        found = []
        for number in range(1, count):
            wanted = select(*keys).order_by(*keys).limit(1).offset(every * number // count)
            if (key := connection.execute(wanted).first()) is not None:
                found.append(tuple(key) if len(keys) > 1 else key[0])
        return found

    def _literals(self, key: Any) -> Any:
        columns = [self.table.c[name] for name in self.shape.key]
        known = key if len(columns) > 1 else (key,)
        given = [literal(one, column.type) for one, column in zip(known, columns, strict=True)]
        return tuple_(*given)

    def clear(self, connection: Connection) -> None:
        """Remove all rows."""
        connection.execute(delete(self.table))

    def _upserting(self) -> Any:
        # Each brings all of its drivers along: only the one that is used.
        dialect: Any = import_module(f"sqlalchemy.dialects.{self._dialect.name}")
        adding = dialect.insert(self.table)
        kept = self.shape.key
        changes = {n: adding.excluded[n] for n in self.shape.names if n not in kept}
        if not changes:
            return adding.on_conflict_do_nothing(index_elements=list(kept))
        return adding.on_conflict_do_update(index_elements=list(kept), set_=changes)

    def _select_some(self, count: int) -> str:
        quote = self._dialect.identifier_preparer.quote
        mark = "%s" if self._dialect.name == "postgresql" else "?"
        names = ", ".join(quote(name) for name in self.shape.key)
        if len(self.shape.key) == 1:
            return f"{self._select} WHERE {names} IN ({', '.join([mark] * count)})"
        one = f"({', '.join([mark] * len(self.shape.key))})"
        return f"{self._select} WHERE ({names}) IN (VALUES {', '.join([one] * count)})"

    def _sql(self, statement: ClauseElement, names: Sequence[str]) -> str:
        """The statement as the driver takes it, its parameters in the order of the names."""
        compiled = statement.compile(dialect=self._dialect)
        order = getattr(compiled, "positiontup", None) or []
        assert list(names) == list(order), f"{order} instead of {names}"
        return str(compiled)
