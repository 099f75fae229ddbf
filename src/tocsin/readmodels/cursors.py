"""How far somebody who follows the log by name has come, apart from any projection.

Losing these loses nothing that lasts: whoever begins again asks for what was asked before, and the
log knows.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import Table
from sqlalchemy.schema import CreateTable

from tocsin.readmodels.database import Database
from tocsin.readmodels.registry import now
from tocsin.readmodels.rows import RowStore
from tocsin.readmodels.shape import Key, Shape


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far one of them has come."""

    name: Key[str]
    position: int
    written_at: datetime

    TABLE: ClassVar[str] = "cursors"


class Cursors:
    """The table of their places."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = RowStore(database, Shape.of(Place), Place.TABLE)

    def migrate(self) -> None:
        """Make the table if it is not there, whoever else is doing so."""
        table: Table = self._rows.table
        with self._database.migrating() as connection:
            connection.execute(CreateTable(table, if_not_exists=True))

    def read(self, name: str) -> int:
        """The position up to which all was done; 0 when nobody knows."""
        with self._database.reading() as connection:
            place: Place | None = self._rows.load(connection, [name]).get(name)
        return place.position if place is not None else 0

    def write(self, name: str, position: int) -> None:
        """All was done up to here."""
        place = Place(name=name, position=position, written_at=now())
        with self._database.writing() as connection:
            self._rows.write(connection, [place], [], new=False)
