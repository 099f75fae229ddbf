"""Rows as the tuples that a driver takes and gives, at tens of thousands a second.

Decoding uses the processors of the SQL types. Encoding, which a rebuild does for every event, goes
column by column and has shorter ways for the common types; a test holds them to what the SQL
types themselves would do.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Boolean, Dialect, Uuid
from sqlalchemy.types import TypeEngine

from tocsin.readmodels.shape import EPOCH, MICROSECOND, Field, Instant, Member, Shape

R = TypeVar("R")
Values = Sequence[Any]


def _instants(column: Values) -> Values:
    return _each(column, lambda value: (value - EPOCH) // MICROSECOND)


def _members(column: Values) -> Values:
    return [None if value is None else value._value_ for value in column]


def _numbers(column: Values) -> Values:
    return [None if value is None else +value for value in column]


def _hexes(column: Values) -> Values:
    return _each(column, lambda value: f"{value.int:032x}")


def _each(column: Values, encode: Callable[[Any], Any]) -> Values:
    """Encode what is not nothing, and what is repeated only once: neighbours often share it."""
    encoded: list[Any] = []
    before = made = None
    for value in column:
        if value is not before:
            before = value
            made = None if value is None else encode(value)
        encoded.append(made)
    return encoded


def _encoding(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Values], Values] | None:
    if isinstance(kind, Instant):
        return _instants
    if isinstance(kind, Member):
        return _members
    if dialect.name == "sqlite" and isinstance(kind, Boolean):
        return _numbers
    if dialect.name == "sqlite" and isinstance(kind, Uuid):
        return _hexes
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if process is None else lambda column: [process(value) for value in column]


class Codec(Generic[R]):
    """How the rows of one shape pass to and from one kind of database."""

    def __init__(self, shape: Shape[R], dialect: Dialect) -> None:
        self._row, self._names = shape.row, shape.names
        self.key: Callable[[R], Any] = attrgetter(*shape.key)
        """What names a row: one value, or a tuple where the key has several fields."""
        self._single_key = len(shape.key) == 1
        self._single = len(shape.names) == 1
        self._get: Callable[[dict[str, Any]], Any] = itemgetter(*shape.names)
        self._encode = _encoders(shape.fields, dialect)
        self._encode_keys = _encoders([field for field in shape.fields if field.key], dialect)
        found = (
            (at, field.type.dialect_impl(dialect).result_processor(dialect, None))
            for at, field in enumerate(shape.fields)
        )
        self._decode = [(at, process) for at, process in found if process is not None]

    def encode(self, rows: Iterable[R]) -> list[tuple[Any, ...]]:
        """The values of rows as the driver wants them."""
        got: Iterable[Any] = map(self._get, map(vars, rows))
        return _by_column(((each,) for each in got) if self._single else got, self._encode)

    def encode_keys(self, keys: Iterable[Any]) -> list[tuple[Any, ...]]:
        """Keys as the driver wants them."""
        parts = ((key,) for key in keys) if self._single_key else keys
        return _by_column(parts, self._encode_keys)

    def decode(self, values: Values) -> R:
        """A row from what the driver gave."""
        fields = list(values)
        for at, process in self._decode:
            fields[at] = process(fields[at])
        row = object.__new__(self._row)
        row.__dict__.update(zip(self._names, fields, strict=True))
        return row


Encoders = list[tuple[int, Callable[[Values], Values]]]


def _encoders(fields: Sequence[Field], dialect: Dialect) -> Encoders:
    """The columns that need converting, and how; most need nothing."""
    found = ((at, _encoding(field.type, dialect)) for at, field in enumerate(fields))
    return [(at, encode) for at, encode in found if encode is not None]


def _by_column(rows: Iterable[Values], encoders: Encoders) -> list[tuple[Any, ...]]:
    columns: list[Values] = list(zip(*rows, strict=True))
    if not columns:
        return []
    for at, encode in encoders:
        columns[at] = encode(columns[at])
    return list(zip(*columns, strict=True))
