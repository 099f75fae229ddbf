"""Making everything again that was made of the log while it could still be read."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tocsin.evidence.pieces import delete
from tocsin.evidence.storage import Storage
from tocsin.readmodels.cleaning import Cleaning
from tocsin.readmodels.database import Database
from tocsin.settings import Settings
from tocsin.store.log import Log

READ_MODELS = "read models"
INDEXES = "indexes of similar incidents"
STATES = "states in memory"
CONTENT = "content of evidence"
PLACES = (READ_MODELS, INDEXES, STATES, CONTENT)
"""Where names and texts are kept in the clear besides the log. The lake holds pseudonyms and no
text; receipts, the hash tree and what-ifs hold neither."""
SIMILAR = "similar"
"""The folder in the home where indexes lie: made anew by whoever asks next what is similar."""


class Purge:
    """What of that is still to be done. The projectors do the long part."""

    def __init__(self, settings: Settings, database: Database, names: Sequence[str]) -> None:
        """`names` are those of the projections that there are."""
        self._settings, self._names = settings, names
        self._similar = settings.home / SIMILAR
        self._cleaning = Cleaning(database)

    def prepare(self) -> None:
        """Make sure that it can be asked for."""
        self._cleaning.migrate()

    def ask(self, position: int) -> None:
        """All keys of what was forgotten up to here are destroyed: make the read models again."""
        self._cleaning.ask(position)
        self.drop_indexes()

    def remove(self, log: Log, incident: UUID, position: int) -> None:
        """Remove the content of the evidence that an incident had up to here: nobody can open it.

        Raises:
            StorageUnavailable: it cannot be reached. Asking again goes on where this ended.
        """
        delete(log, Storage.open(self._settings, log.seals), incident, position)

    def waiting(self, position: int) -> list[dict[str, Any]]:
        """The read models that may still hold what was forgotten up to here, and how they do."""
        return [
            {"name": each.name, "state": each.state, "role": each.role, "position": each.position}
            for each in self._cleaning.waiting(position)
        ]

    def done(self, position: int) -> bool:
        """Whether nothing is left, on the disk neither."""
        self._cleaning.drop_abandoned(position, self._names)
        if self._cleaning.waiting(position):
            return False
        self.drop_indexes()  # one that was being written when it was asked for
        return self._cleaning.scrub()

    def drop_indexes(self) -> None:
        """Those of this home: every server has its own."""
        for file in self._similar.glob("*"):
            file.unlink(missing_ok=True)
