"""Asking a read model: in one snapshot, by the name of the projection, never by its version."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar, overload
from uuid import UUID

from annotated_types import Ge, Le, Len
from sqlalchemy import ColumnElement, Connection, Select, Table
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnection

from tocsin.readmodels import cursor
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Projection, Query
from tocsin.readmodels.registry import Generation, Registry, Role, State, columns, now
from tocsin.readmodels.rows import filled
from tocsin.readmodels.source import Source, recorded_at

R = TypeVar("R")
T = TypeVar("T")

PAGE_ROWS = 200
LOOK_SECONDS = 0.02
"""How often a reader looks whether a read model has reached a position."""
RETRIES = 3
OUTAGES = (DBAPIError, NoConnection)
"""What asking raises while the database is busy, away, or broken."""

Limit = Annotated[int, Ge(1), Le(PAGE_ROWS)]
"""How many items a page may have."""
Cursor = Annotated[str | None, Len(0, 2_000)]
"""Where a page begins: what the page before gave as `next`."""


class BeingBuilt(Exception):
    """There is no table yet that could answer. Ask again soon."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The read model {name} is being built.")
        self.name = name


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of the rows, where to go on, and how far the read model has come."""

    items: tuple[T, ...]
    next: str | None
    """The cursor of the following page; none when this is the last."""
    position: int
    """Place in the log up to which these rows are complete."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a projection is doing."""

    name: str
    version: int
    generation: int
    role: Role
    state: State
    position: int
    head: int
    lag_events: int
    lag_seconds: float
    """Age of the oldest event that is not applied yet; 0 when there is none."""
    error: str | None
    error_position: int | None
    error_stream: UUID | None
    error_event: str | None
    heartbeat_at: datetime
    updated_at: datetime


class View(Generic[R]):
    """One read model in one snapshot."""

    def __init__(
        self,
        connection: Connection,
        table: Table,
        row: type[R],
        position: int,
        states: Table | None = None,
    ) -> None:
        self.connection, self.table, self.row, self.position = connection, table, row, position
        self._states = states

    @property
    def now(self) -> datetime:
        """The time of day, for what grows older without any event: a question is asked at a
        moment, though rows know none."""
        return now()

    @property
    def states(self) -> Table:
        """The table of the private states, of a projection that has a `State`."""
        assert self._states is not None, "this projection has no State"
        return self._states

    def matching(self, **wanted: Any) -> list[ColumnElement[bool]]:
        """Conditions on columns by name: nothing asks nothing, several values ask for any."""
        conditions: list[ColumnElement[bool]] = []
        for name, value in wanted.items():
            if isinstance(value, list):
                conditions += [self.table.c[name].in_(value)] if value else []
            elif value is not None:
                conditions.append(self.table.c[name] == value)
        return conditions

    def all(self, statement: Select[Any], into: type[T], limit: int = PAGE_ROWS) -> list[T]:
        """The first rows of a select, as objects of a dataclass with fields of those names."""
        return list(filled(into, self.connection.execute(statement.limit(limit))))

    def one(self, statement: Select[Any]) -> R | None:
        """The row that a select finds, or none."""
        return next(filled(self.row, self.connection.execute(statement.limit(1))), None)

    @overload
    def page(self, statement: Select[Any], limit: int, after: str | None) -> Page[R]: ...

    @overload
    def page(
        self, statement: Select[Any], limit: int, after: str | None, into: type[T]
    ) -> Page[T]: ...

    def page(
        self,
        statement: Select[Any],
        limit: int,
        after: str | None,
        into: type[Any] | None = None,
    ) -> Page[Any]:
        """Some rows of an ordered select, beginning after a cursor.

        A select over the table itself is ordered by its key in the last place. Any other must
        order by columns that it selects and that together tell its rows apart.

        Raises:
            BadCursor: the cursor is not one of this list.
        """
        limit = max(1, min(limit, PAGE_ROWS))
        own = statement.get_final_froms() == [self.table] and not statement._group_by_clauses
        terms = cursor.order_of(statement, list(self.table.primary_key) if own else [])
        ordered = statement.order_by(None).order_by(*(term.clause for term in terms))
        if after:
            ordered = ordered.where(cursor.after(terms, cursor.read(terms, after)))
        found = self.connection.execute(ordered.limit(limit + 1))
        items = tuple(filled(into or self.row, found))
        following = None
        if len(items) > limit:
            last = items[limit - 1]
            following = cursor.write(terms, [getattr(last, term.name) for term in terms])
        return Page(items[:limit], following, self.position)


class ReadModels:
    """Every read model of a database, for whoever wants to ask."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._registry = Registry(database)
        self._registry.migrate()
        self._tables: dict[tuple[str, str], tuple[Table, Table | None]] = {}

    def ask(self, projection: Projection, query: Query, **parameters: Any) -> Any:
        """Answer a question from the generation that is live.

        Raises:
            BeingBuilt: no live table has the columns that this code asks for.
            BadCursor: the cursor is not one of this list.
        """
        for attempt in range(RETRIES):
            try:
                with self.view(projection) as view:
                    return query.function(view, **parameters)
            except (OperationalError, ProgrammingError):
                # The table may have been dropped between being looked up and being read.
                if attempt + 1 == RETRIES:
                    raise
        raise AssertionError("unreachable")

    @contextmanager
    def view(self, projection: Projection) -> Iterator[View[Any]]:
        """One projection in one snapshot.

        Raises:
            BeingBuilt: no live table has the columns that this code asks for.
        """
        with self.database.reading() as connection:
            live = self._registry.find(connection, projection.name, Role.LIVE)
            if live is None or not set(columns(projection)) <= set(live.columns):
                raise BeingBuilt(projection.name)
            table, states = self._known(projection, live)
            yield View(connection, table, projection.row, live.position, states)

    def position(self, name: str) -> int:
        """How far the live generation of a projection has come; 0 when there is none."""
        with self.database.reading() as connection:
            live = self._registry.find(connection, name, Role.LIVE)
        return live.position if live is not None else 0

    def wait_for(self, name: str, position: int, seconds: float) -> bool:
        """Wait until a read model has seen a position; false when that takes too long."""
        until = time.monotonic() + seconds
        while self.position(name) < position:
            if time.monotonic() >= until:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    async def wait_until(self, name: str, position: int, seconds: float) -> bool:
        """`wait_for` on the event loop."""
        until = time.monotonic() + seconds
        while await asyncio.to_thread(self.position, name) < position:
            if time.monotonic() >= until:
                return False
            await asyncio.sleep(LOOK_SECONDS)
        return True

    def standings(self, source: Source) -> list[Standing]:
        """How every generation of every projection is doing, against the log as it is now."""
        with self.database.reading() as connection:
            generations = self._registry.rows(connection)
        head, moment = source.head(), now()
        return [_standing(each, source, head, moment) for each in generations]

    def _known(self, projection: Projection, live: Generation) -> tuple[Table, Table | None]:
        known = (projection.name, live.table_name)
        if known not in self._tables:
            # One generation per projection is asked at a time; the others need no place here.
            for old in [key for key in self._tables if key[0] == projection.name]:
                del self._tables[old]
            table, states = projection.shape.table(live.table_name, self.database.schema), None
            if projection.states is not None:
                states = projection.states.table(live.states_name, self.database.schema)
            self._tables[known] = table, states
        return self._tables[known]


def _standing(each: Generation, source: Source, head: int, moment: datetime) -> Standing:
    waiting = recorded_at(source, each.position + 1) if each.position < head else None
    return Standing(
        name=each.name,
        version=each.version,
        generation=each.generation,
        role=each.role,
        state=each.state,
        position=each.position,
        head=head,
        lag_events=max(0, head - each.position),
        lag_seconds=max(0.0, (moment - waiting).total_seconds()) if waiting else 0.0,
        error=each.error,
        error_position=each.error_position,
        error_stream=each.error_stream,
        error_event=each.error_event,
        heartbeat_at=each.heartbeat_at,
        updated_at=each.updated_at,
    )
