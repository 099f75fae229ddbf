"""What one running service holds, and the two things that every route needs of it."""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tocsin.asks import Receipt
from tocsin.desk import Desk
from tocsin.domain.kernel import Command
from tocsin.domain.review.state import review_stream
from tocsin.http.access import Access
from tocsin.http.journal import Readings
from tocsin.http.metrics import Metrics
from tocsin.http.problems import NO_SUCH_EVIDENCE, NO_SUCH_INCIDENT, Problem
from tocsin.http.tail import Tail
from tocsin.settings import Settings
from tocsin.store.log import Log

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
REFERENCE_LENGTH = 200
KEYED = "dedup:"
"""Before a deduplication key: the incident that is open under it now."""
Handle = Callable[..., Awaitable[Receipt]]
"""Handles a command as the desk does: called as its `handle`."""


@dataclass
class Service:
    """One log with its desk, and whoever may come to it."""

    settings: Settings
    log: Log
    desk: Desk
    access: Access
    metrics: Metrics
    tail: Tail
    readings: Readings
    """Who reads what about people, on its way into the access journal."""
    beginnings: list[Callable[[], None]] = field(default_factory=list)
    """What else begins, in order, once commands are taken."""
    endings: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What else is to be ended, in order, when the service ends."""
    ways: dict[type[Command[Any]], Handle] = field(default_factory=dict)
    """How commands are handled that take more than the desk."""
    lasts: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What is to be ended, in order, after the last command was stored."""
    stopping: bool = False
    """Whether nothing new is begun any more, and what waits should end."""
    _streams: "OrderedDict[str, UUID]" = field(default_factory=OrderedDict)

    def begin_to_stop(self) -> None:
        """Let everybody who only waits go, so that the rest can be answered and the service end."""
        self.stopping = True
        self.tail.close()

    def find_evidence(self, named: str) -> UUID:
        """Return the stream of a piece of evidence that is named by its UUID.

        Raises:
            Problem: 404, that is none.
        """
        if _UUID.fullmatch(named):
            return UUID(named)
        raise Problem(NO_SUCH_EVIDENCE, f"There is no evidence {named[:60]}.")

    async def find_review(self, named: str) -> UUID:
        """Return the stream of a review that is named by its own UUID, or as its incident is.

        Raises:
            Problem: 404, no incident has that reference.
        """
        stream = await self.find(named)
        of_incident = review_stream(stream)
        if not _UUID.fullmatch(named):
            return of_incident
        versions = await asyncio.to_thread(self.log.version, of_incident)
        return of_incident if versions else stream

    async def find(self, incident: str) -> UUID:
        """Return the stream of an incident that is named by its UUID or its reference; or, behind
        `dedup:`, by the deduplication key under which it is open.

        Raises:
            Problem: 404, no incident has that reference, or none is open under that key.
        """
        stream = self.known(incident)
        if stream is not None:
            return stream
        if incident.startswith(KEYED) and "\0" not in incident:
            return await self._open_under(incident.removeprefix(KEYED))
        if len(incident) <= REFERENCE_LENGTH and "\0" not in incident:
            stream = await asyncio.to_thread(self.log.holder, "reference", incident)
        if stream is None:
            raise Problem(NO_SUCH_INCIDENT, f"No incident has the reference {incident[:60]}.")
        self.remember(incident, stream)
        return stream

    async def _open_under(self, key: str) -> UUID:
        """It is asked for each time: the key goes from one incident to the next."""
        stream = await asyncio.to_thread(self.log.holder, "dedup", key)
        if stream is None:
            raise Problem(NO_SUCH_INCIDENT, f"No incident is open under the key {key[:60]}.")
        return stream

    def known(self, incident: str) -> UUID | None:
        """The stream of an incident that is so named, if the log need not be asked."""
        if _UUID.fullmatch(incident):
            return UUID(incident)
        known = self._streams.get(incident)
        if known is not None:
            self._streams.move_to_end(incident)
        return known

    def remember(self, reference: str, stream: UUID) -> None:
        """Keep in memory whose reference this is: references are never given to another."""
        self._streams[reference] = stream
        if len(self._streams) > self.settings.hot_incidents:
            self._streams.popitem(last=False)
