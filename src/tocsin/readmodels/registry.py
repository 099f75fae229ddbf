"""What is known of each projection: which table serves it, how far it has come, what is wrong.

A generation is one table of one projection, with a second one for the states if it has a `State`.
One of them is live. Another may be in the making beside it, and becomes the live one, with both
tables, in a single transaction.
"""

import dataclasses
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Connection, MetaData, Table, delete, exists, func, insert, select, update
from sqlalchemy.schema import CreateTable, DropTable

from tocsin.readmodels.database import Database
from tocsin.readmodels.lease import Lease
from tocsin.readmodels.projection import Projection
from tocsin.readmodels.rows import filled
from tocsin.readmodels.shape import Key, Shape

logger = logging.getLogger(__name__)


class Role(StrEnum):
    """What a generation is for."""

    LIVE = "live"
    BUILDING = "building"
    VERIFYING = "verifying"


class State(StrEnum):
    """How a generation is doing."""

    RUNNING = "running"
    REBUILDING = "rebuilding"
    HALTED = "halted"


class Overtaken(Exception):
    """Somebody else moved this generation, replaced it, or may move it now. Nothing was written."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Generation:
    """What was made of one projection at one time, and how far it has come."""

    name: Key[str]
    generation: Key[int]
    version: int
    role: Role
    state: State
    table_name: str
    columns: tuple[str, ...]
    position: int
    error: str | None = None
    error_position: int | None = None
    error_stream: UUID | None = None
    error_event: str | None = None
    heartbeat_at: datetime
    """When its runner last said that it lives."""
    updated_at: datetime
    """When it last made progress."""

    TABLE: ClassVar[str] = "projections"

    @property
    def states_name(self) -> str:
        """The table of the states, where the projection has a `State`."""
        return f"{self.table_name}_state"


SHAPE = Shape.of(Generation)


def now() -> datetime:
    return datetime.now(UTC)


def columns(projection: Projection) -> tuple[str, ...]:
    """What the tables must have to serve the queries of this code, whatever their version."""
    rows = projection.shape.fields
    states = projection.states.fields if projection.states else ()
    return (
        *(f"{f.name} {type(f.type).__name__}" for f in rows),
        *(f"State.{f.name} {type(f.type).__name__}" for f in states),
    )


class Registry:
    """The table of generations."""

    def __init__(self, database: Database, lease: Lease | None = None) -> None:
        """Of a generation nothing is changed unless whoever changes it has the `lease`, if any."""
        self.database, self._lease = database, lease
        self.table: Table = SHAPE.table(Generation.TABLE, database.schema)

    def migrate(self) -> None:
        """Make the registry if it is not there, whoever else is doing so."""
        with self.database.migrating() as connection:
            connection.execute(CreateTable(self.table, if_not_exists=True))

    def rows(self, connection: Connection, name: str | None = None) -> list[Generation]:
        """All generations, or those of one projection."""
        wanted = select(self.table).order_by(self.table.c.name, self.table.c.generation)
        if name is not None:
            wanted = wanted.where(self.table.c.name == name)
        return list(filled(Generation, connection.execute(wanted)))

    def find(self, connection: Connection, name: str, role: Role) -> Generation | None:
        """The generation of a projection that has a role."""
        found = [row for row in self.rows(connection, name) if row.role is role]
        assert len(found) <= 1, f"{name} has {len(found)} generations that are {role}"
        return found[0] if found else None

    def hold(self, connection: Connection) -> None:
        """Keep the lease, if there is one, to the end of a transaction.

        Raises:
            Overtaken: it is somebody else's by now.
        """
        ours = self._lease.fence() if self._lease is not None else None
        if ours is not None and connection.execute(select(ours)).first() is None:
            raise Overtaken("the lease is another's")

    def begin(self, connection: Connection, projection: Projection, role: Role) -> Generation:
        """Register a new generation with empty tables, at position 0."""
        newest = select(func.max(self.table.c.generation))
        last = connection.execute(newest.where(self.table.c.name == projection.name)).scalar()
        number = (last or 0) + 1
        moment = now()
        generation = Generation(
            name=projection.name,
            generation=number,
            version=projection.version,
            role=role,
            state=State.REBUILDING,
            table_name=f"{projection.name}_v{projection.version}_g{number}",
            columns=columns(projection),
            position=0,
            heartbeat_at=moment,
            updated_at=moment,
        )
        connection.execute(insert(self.table).values(vars(generation)))
        table = projection.shape.table(generation.table_name, self.database.schema)
        connection.execute(CreateTable(table))
        if projection.states is not None:
            table = projection.states.table(generation.states_name, self.database.schema)
            connection.execute(CreateTable(table))
        return generation

    def move(self, connection: Connection, generation: Generation, old: int, new: int) -> None:
        """Say how far a generation has come, in the transaction of its rows.

        Raises:
            Overtaken: it is no longer at `old`, or no longer ours to move.
        """
        if not self._set(connection, generation, old, position=new, updated_at=now()):
            raise Overtaken(f"{generation.table_name} is another's, or not at position {old}")

    def mark(self, generation: Generation, state: State, **error: Any) -> None:
        """Say how a generation is doing, and forget any error but the one given.

        Raises:
            Overtaken: it was replaced.
        """
        known = dict.fromkeys(("error", "error_position", "error_stream", "error_event"))
        with self.database.writing() as connection:
            if not self._set(connection, generation, None, state=state, **{**known, **error}):
                raise Overtaken(f"{generation.table_name} was replaced")
        if state is State.HALTED:
            # Why it did may repeat what people wrote: that is for those who may read it.
            says = "%s (version %d) has halted at position %s: GET /projections says why."
            at = (generation.name, generation.version, error.get("error_position"))
            logger.error(says, *at, extra={"incident_id": error.get("error_stream")})

    def beat(self, generations: Sequence[Generation]) -> list[Generation]:
        """Say that their runner lives, idle or not, and return those that were replaced."""
        moment = now()
        with self.database.writing() as connection:
            return [
                generation
                for generation in generations
                if not self._set(connection, generation, None, heartbeat_at=moment)
            ]

    def switch(self, generation: Generation, position: int, head: int) -> bool:
        """Make a generation the live one and drop its predecessor, unless that is ahead of it.

        Being ahead of the log itself, as after a restored backup, does not count.

        Raises:
            Overtaken: it is no longer at `position`.
        """
        with self.database.writing() as connection:
            # Holding the rows keeps the runner of the live one where it is.
            mine = self.table.c.name == generation.name
            connection.execute(select(self.table.c.name).where(mine).with_for_update()).all()
            live = self.find(connection, generation.name, Role.LIVE)
            if live is not None and position < live.position <= head:
                return False
            if live is not None:
                self.drop(connection, live)
            settled = {"role": Role.LIVE, "state": State.RUNNING}
            if not self._set(connection, generation, position, **settled):
                raise Overtaken(f"{generation.table_name} is no longer at position {position}")
        return True

    def drop(self, connection: Connection, generation: Generation) -> None:
        """Forget a generation and its tables."""
        connection.execute(delete(self.table).where(*self._is(generation)))
        # Whoever drops it may not know which code made it: a `State` leaves no table behind.
        for name in (generation.table_name, generation.states_name):
            table = Table(name, MetaData(schema=self.database.schema))
            connection.execute(DropTable(table, if_exists=True))

    def _is(self, generation: Generation) -> tuple[Any, ...]:
        known = self.table.c
        return known.name == generation.name, known.generation == generation.generation

    def _set(
        self, connection: Connection, generation: Generation, at: int | None, **values: Any
    ) -> bool:
        where = self._is(generation)
        if at is not None:
            where = (*where, self.table.c.position == at)
        change = update(self.table).where(*where).values(values)
        if self._lease is not None and (ours := self._lease.fence()) is not None:
            change = change.add_cte(ours).where(exists(select(ours)))
        return bool(connection.execute(change).rowcount)
