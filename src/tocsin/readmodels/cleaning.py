"""Which read models may still hold what was forgotten, and are to be made again?

A read model that was begun after keys were destroyed holds nothing that only they could open. So it
is enough to know, of each generation, up to which place in the log that was so when it was begun.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Protocol, runtime_checkable

from sqlalchemy import Connection, delete, select
from sqlalchemy.schema import CreateTable

from tocsin.readmodels.database import Database
from tocsin.readmodels.registry import Generation, Registry, Role, now
from tocsin.readmodels.rows import RowStore
from tocsin.readmodels.shape import Key, Shape

ABANDONED = timedelta(minutes=1)
"""A generation whose runner has said nothing for so long has none."""
_ASKED = "*"
"""Stands for all of them: what is to be clean by now."""


@runtime_checkable
class Keyed(Protocol):
    """A log whose events are opened with keys that can be destroyed elsewhere."""

    def look(self) -> None:
        """See now which keys are gone, and use none of them any more."""
        ...


@dataclass(frozen=True, kw_only=True)
class Clean:
    """Up to which place in the log a table holds nothing that was forgotten there."""

    table_name: Key[str]
    position: int

    TABLE: ClassVar[str] = "clean"


class Cleaning:
    """What is known of that."""

    def __init__(self, database: Database) -> None:
        self._database, self._registry = database, Registry(database)
        self._rows = RowStore(database, Shape.of(Clean), Clean.TABLE)

    def migrate(self) -> None:
        """Make the tables if they are not there, whoever else is doing so."""
        self._registry.migrate()
        with self._database.migrating() as connection:
            connection.execute(CreateTable(self._rows.table, if_not_exists=True))

    def ask(self, position: int) -> None:
        """The keys of all that was forgotten up to here are destroyed: what was begun before is to
        be made again. Asking for less than was asked for before changes nothing."""
        if position > self.asked():
            with self._database.writing() as connection:
                self._note(connection, _ASKED, position)

    def asked(self) -> int:
        """Up to where everything is to be clean; 0 while nothing was ever forgotten."""
        with self._database.reading() as connection:
            return self._positions(connection).get(_ASKED, 0)

    def asked_of(self, source: object) -> int:
        """The same. From now on who reads this log uses no key that was destroyed by then."""
        position = self.asked()
        if isinstance(source, Keyed):
            source.look()
        return position

    def begun(self, connection: Connection, generation: Generation, position: int) -> None:
        """A generation begins, by who has looked for keys that were destroyed up to here."""
        self._note(connection, generation.table_name, position)

    def clean(self, generation: Generation) -> int:
        """Up to where a generation is clean; 0 where nobody knows."""
        with self._database.reading() as connection:
            return self._positions(connection).get(generation.table_name, 0)

    def waiting(self, position: int) -> list[Generation]:
        """The generations that may still hold what was forgotten up to here."""
        with self._database.reading() as connection:
            known = self._positions(connection)
            found = self._registry.rows(connection)
        return [each for each in found if known.get(each.table_name, 0) < position]

    def drop_abandoned(self, position: int, names: Sequence[str]) -> None:
        """Drop what may still hold it and will not be made again: what somebody began and left, and
        what is of no projection that there is any more."""
        moment = now()
        for each in self.waiting(position):
            left = each.role is not Role.LIVE or each.name not in names
            if left and moment - each.heartbeat_at > ABANDONED:
                with self._database.writing() as connection:
                    self._registry.drop(connection, each)

    def scrub(self) -> bool:
        """Take what was dropped off the disk as well; false when others were in the way."""
        self._forget_dropped()
        return self._database.scrub()

    def _forget_dropped(self) -> None:
        table = self._rows.table
        with self._database.writing() as connection:
            there = [each.table_name for each in self._registry.rows(connection)]
            connection.execute(delete(table).where(table.c.table_name.not_in([_ASKED, *there])))

    def _positions(self, connection: Connection) -> dict[str, int]:
        table = self._rows.table
        rows: Any = connection.execute(select(table.c.table_name, table.c.position))
        return dict(map(tuple, rows))

    def _note(self, connection: Connection, table_name: str, position: int) -> None:
        row = Clean(table_name=table_name, position=position)
        self._rows.write(connection, [row], [], new=False)
