"""Pages by the place of their last row: complete and stable while rows come and go.

A cursor holds the values by which the last row of a page was ordered; the next page begins after
them. Nothing is counted, so the thousandth page costs what the first did.
"""

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Select, UnaryExpression, and_, false, or_, true
from sqlalchemy.sql import operators

from tocsin.readmodels.shape import EPOCH, MICROSECOND


class BadCursor(ValueError):
    """The cursor is not one of ours, or belongs to another question."""

    def __init__(self) -> None:
        super().__init__("This cursor does not belong to this list: start without one.")


@dataclass(frozen=True)
class Term:
    """One column of an order."""

    column: ColumnElement[Any]
    descending: bool
    nullable: bool

    @property
    def name(self) -> str:
        return str(getattr(self.column, "key", self.column))

    @property
    def clause(self) -> ColumnElement[Any]:
        """Rows without a value come last in either direction, on either store."""
        ordered = self.column.desc() if self.descending else self.column.asc()
        return ordered.nulls_last() if self.nullable else ordered

    def same(self, value: Any) -> ColumnElement[bool]:
        return self.column.is_(None) if value is None else self.column == value

    def later(self, value: Any) -> ColumnElement[bool]:
        if value is None:
            return false()
        beyond = self.column < value if self.descending else self.column > value
        return or_(beyond, self.column.is_(None)) if self.nullable else beyond

    def not_before(self, value: Any) -> ColumnElement[bool]:
        """What an index can use; `later` alone is an `or`, which none can."""
        if self.nullable:
            return true()
        within: ColumnElement[bool] = (
            self.column <= value if self.descending else self.column >= value
        )
        return within


def order_of(statement: Select[Any], key: Sequence[ColumnElement[Any]]) -> list[Term]:
    """The order of a select, made total by the key."""
    terms: list[Term] = []
    for clause in statement._order_by_clauses:
        column, descending = clause, False
        while isinstance(column, UnaryExpression):
            descending = descending or column.modifier is operators.desc_op
            column = column.element
        terms.append(Term(column, descending, bool(getattr(column, "nullable", True))))
    named = {term.name for term in terms}
    terms += [Term(column, False, False) for column in key if column.key not in named]
    return terms


def after(terms: Sequence[Term], values: Sequence[Any]) -> ColumnElement[bool]:
    """The condition that a row comes after the one that has these values."""
    choices: list[ColumnElement[bool]] = []
    for at, (term, value) in enumerate(zip(terms, values, strict=True)):
        same = [t.same(v) for t, v in zip(terms[:at], values[:at], strict=True)]
        choices.append(and_(*same, term.later(value)))
    return and_(terms[0].not_before(values[0]), or_(*choices))


def write(terms: Sequence[Term], values: Sequence[Any]) -> str:
    """The cursor after a row, for the caller to hand back unread."""
    said = [_mark(terms), *(_plain(value) for value in values)]
    return base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")


def read(terms: Sequence[Term], cursor: str) -> list[Any]:
    """The values that a cursor holds.

    Raises:
        BadCursor: it is damaged, or was given out for another order.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        mark, *said = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if mark != _mark(terms) or len(said) != len(terms):
            raise BadCursor
        return [_value(t.column.type.python_type, v) for t, v in zip(terms, said, strict=True)]
    except (binascii.Error, ValueError, TypeError, OverflowError) as error:
        raise BadCursor from error


def _mark(terms: Sequence[Term]) -> int:
    said = ",".join(f"{term.name} {term.descending}" for term in terms)
    return zlib.crc32(said.encode())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND
    return str(value) if isinstance(value, UUID) else value


def _value(kind: type[Any], said: Any) -> Any:
    if said is None:
        return None
    if kind is datetime:
        return EPOCH + int(said) * MICROSECOND
    if kind is UUID:
        return UUID(said)
    if not isinstance(said, str | int):
        raise BadCursor
    return kind(said)
