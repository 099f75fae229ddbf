"""Which incident a name in an address leads to, for those who have time to look."""

import re
from uuid import UUID

import orjson

from tocsin.http.service import REFERENCE_LENGTH
from tocsin.store.log import Log

REMEMBERED = 10_000
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Whose:
    """The incidents of what is named by its reference, by its id, or by the id of its review or of
    another thing that belongs to it. Asked by one thread at a time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[str, UUID] = {}

    def __call__(self, named: str) -> UUID | None:
        """The incident, if there is one."""
        found = self._known.get(named) or self._look(named)
        if found is not None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[named] = found
        return found

    def _look(self, named: str) -> UUID | None:
        if not _UUID.fullmatch(named):
            if len(named) > REFERENCE_LENGTH or "\0" in named:
                return None
            return self._log.holder("reference", named)
        stream = UUID(named)
        for body in self._log.raw_history(stream, 0, 1):
            # Whose something is stands in clear in its first event.
            about = orjson.loads(body)["data"].get("incident_id")
            return UUID(about) if about else stream
        return None
