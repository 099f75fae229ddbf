"""How the fields of a `Row` become the columns of a table, the same on SQLite and PostgreSQL.

SQLAlchemy owns the SQL types; what a Python type needs beyond them is here.
"""

import dataclasses
import types
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum, StrEnum
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    TypeVar,
    Union,
    get_args,
    get_origin,
)
from typing import get_type_hints as hints
from uuid import UUID

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    type_coerce,
)
from sqlalchemy import Uuid as UuidType
from sqlalchemy.types import TypeDecorator, TypeEngine

T = TypeVar("T")
R = TypeVar("R")


class Mark(Enum):
    """What a column is for, beyond holding a value."""

    KEY = "key"
    INDEX = "index"


Key = Annotated[T, Mark.KEY]
"""A field that names the row. Several together form the key."""
Indexed = Annotated[T, Mark.INDEX]
"""A field by which queries find or order rows."""


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WHOLE = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite makes a key its row number only when the type is spelled INTEGER."""
CHARACTERS = Text().with_variant(Text(collation="C"), "postgresql")
"""Ordered by code point on both stores, so that pages and digests agree."""


class Instant(TypeDecorator[datetime]):
    """A moment, as whole microseconds since 1970 in UTC: exact, ordered, cheap to convert."""

    impl = WHOLE
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Member(TypeDecorator[Any]):
    """One word of a closed list, stored as its value."""

    impl: Any = CHARACTERS
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    @property
    def python_type(self) -> type[Enum]:
        return self.kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else self.kind(value)


class Rank(Member):
    """One step of a closed scale, stored as its number."""

    impl = WHOLE
    cache_ok = True


class Names(TypeDecorator[tuple[str, ...]]):
    """A few names, as a JSON list."""

    impl = CHARACTERS
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(orjson.loads(value))


class Facts(TypeDecorator[dict[str, Any]]):
    """A few named facts, as a JSON object with its names in order."""

    impl = CHARACTERS
    cache_ok = True

    def process_bind_param(self, value: dict[str, Any] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


class Entries(TypeDecorator[list[Any]]):
    """A list of short lists, as JSON: what a state keeps of each event, in the order of the log."""

    impl = CHARACTERS
    cache_ok = True

    def process_bind_param(self, value: list[Any] | None, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> list[Any] | None:
        return None if value is None else orjson.loads(value)


class Octets(LargeBinary):
    """Bytes as they are: a state that nobody asks for by its parts, as compactly as it likes."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        """Both drivers take bytes; SQLAlchemy would wrap them, each time."""


def holds(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """The condition that a column of names has a name among them."""
    quoted = orjson.dumps(name).decode()
    return type_coerce(column, CHARACTERS).contains(quoted, autoescape=True)


def column_type(kind: Any) -> TypeEngine[Any]:
    """Return the SQL type that holds a Python type.

    Raises:
        TypeError: a row cannot have such a field.
    """
    plain: dict[Any, TypeEngine[Any]] = {
        str: CHARACTERS,
        int: WHOLE,
        bool: Boolean(),
        bytes: Octets(),
        datetime: Instant(),
        UUID: UuidType(),
        tuple[str, ...]: Names(),
        dict[str, str]: Facts(),
        dict[str, int]: Facts(),
        list[list[Any]]: Entries(),
    }
    if kind in plain:
        return plain[kind]
    if isinstance(kind, type) and issubclass(kind, IntEnum):
        return Rank(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Member(kind)
    raise TypeError(f"a column cannot hold {kind!r}")


def _field(name: str, annotation: Any) -> "Field":
    marks: tuple[Any, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *extra = get_args(annotation)
        marks = tuple(extra)
    nullable = False
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        if len(kinds) != 1:
            raise TypeError(f"{name}: a column holds one type, or that type or nothing")
        annotation, nullable = kinds[0], True
    try:
        kind = column_type(annotation)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if marks and isinstance(kind, Octets):
        raise TypeError(f"{name}: bytes can be neither Key nor Indexed")
    return Field(name, kind, nullable, Mark.KEY in marks, Mark.INDEX in marks)


@dataclasses.dataclass(frozen=True)
class Field:
    """One column."""

    name: str
    type: TypeEngine[Any]
    nullable: bool
    key: bool
    indexed: bool


@dataclasses.dataclass(frozen=True)
class Shape(Generic[R]):
    """The columns, key and indexes that a row class declares."""

    row: type[R]
    fields: tuple[Field, ...]
    indexes: tuple[tuple[str, ...], ...]

    NAME: ClassVar[int] = 63
    """PostgreSQL cuts longer names off in silence."""

    @classmethod
    def of(cls, row: type[R]) -> "Shape[R]":
        """Read the shape off a frozen dataclass; its `INDEXES` names those of several columns.

        Raises:
            TypeError: it has no key, or a field of a type that no column can hold.
        """
        if not dataclasses.is_dataclass(row):
            raise TypeError(f"{row.__qualname__} is not a dataclass")
        annotations = hints(row, include_extras=True)
        fields = tuple(_field(f.name, annotations[f.name]) for f in dataclasses.fields(row))
        if not any(field.key for field in fields):
            raise TypeError(f"{row.__qualname__} declares no Key")
        single = tuple((field.name,) for field in fields if field.indexed)
        return cls(row, fields, single + tuple(getattr(row, "INDEXES", ())))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields if field.key)

    def table(self, name: str, schema: str | None = None) -> Table:
        """Return the table of this shape under a name of its own."""
        assert len(name) <= self.NAME, f"{name} is longer than {self.NAME} characters"
        columns = [
            Column(f.name, f.type, primary_key=f.key, nullable=f.nullable, autoincrement=False)
            for f in self.fields
        ]
        return Table(name, MetaData(schema=schema), *columns)

    def table_indexes(self, table: Table) -> list[Index]:
        """The indexes, apart from the table: a rebuild makes them last, at once."""
        return [
            Index(f"{table.name}_i{number}", *(table.c[name] for name in names))
            for number, names in enumerate(self.indexes)
        ]
