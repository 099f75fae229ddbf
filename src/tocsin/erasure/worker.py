"""Follows what the log says is forgotten, to the end: keys are destroyed, what was made of the log
is made again, and the log is told when that is done.

One server at a time does it. It keeps nothing of its own: whoever is next reads in the log what is
to be done.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import orjson

from tocsin.desk import NOW, Desk
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.subject.commands import CompletePurge
from tocsin.erasure.closing import Forgotten, closed_by, forgotten, living
from tocsin.erasure.purging import PLACES, Purge
from tocsin.store.log import Log
from tocsin.vault import NOTICED_SECONDS

logger = logging.getLogger(__name__)

NAMESPACE = UUID("7a3f3f0e-5c38-5c1f-9a52-5f0b6d2f4b0a")
"""Of the ids of the commands by which the log is told."""
LOOK_SECONDS = 0.5
"""How often to look for what is new, and for what others have done of the rest."""
PURGES = ("subject.purged",)
AT_ONCE = 500


class Erasing:
    """The work, for one shift after the other."""

    name = "erasure"

    def __init__(
        self,
        log: Log,
        desk: Desk,
        purge: Purge,
        *,
        clock: Callable[[], datetime] = NOW,
    ) -> None:
        self.pause = LOOK_SECONDS
        self._log, self._desk, self._purge = log, desk, purge
        self._clock = clock
        self._seen = 0
        self._closing: list[Forgotten] = []
        """Whose keys are to be destroyed, as soon as nobody seals anything more with them."""
        self._open: list[Forgotten] = []
        """What is not known to be purged, in the order of the log."""
        self._emptied = 0
        """Up to where the content of evidence is removed."""

    @property
    def pending(self) -> int:
        """How much of what was forgotten is not purged yet."""
        return len(self._open)

    async def begin(self) -> None:
        """Read in the log what is to be done: all that was ever forgotten, since an old vault may
        have been put back meanwhile."""
        self._seen, self._closing, self._open, self._emptied = 0, [], [], 0
        await asyncio.to_thread(self._purge.prepare)

    async def end(self) -> None:
        """Nothing is kept: the log says what is to be done."""

    async def step(self) -> int:
        """Do what can be done now; say how much was completed.

        Raises:
            StoreUnavailable: the log, or the desk, is away. Asking again is safe.
            VaultUnavailable: the vault is away. Asking again is safe.
            Busy: the desk is full, or closing.
        """
        clean = await asyncio.to_thread(self._round)
        for each in clean:
            await self._complete(each)
            self._open.remove(each)
        return len(clean)

    def _round(self) -> Sequence[Forgotten]:
        """Look, destroy and purge; return what is purged by now."""
        self._look()
        self._destroy()
        limit = self._closing[0].position if self._closing else self._seen + 1
        ready = [each for each in self._open if each.position < limit]
        if not ready:
            return ()
        until = ready[-1].position
        for each in ready:
            if each.incident is not None and each.position > self._emptied:
                self._purge.remove(self._log, each.incident, each.position)
        self._emptied = max(self._emptied, until)
        self._purge.ask(until)
        if self._purge.waiting(ready[0].position):
            return ()
        clean = [each for each in ready if not self._purge.waiting(each.position)]
        return clean if self._purge.done(clean[-1].position) else ()

    def _look(self) -> None:
        """Take in what the log says since."""
        head = self._log.head()
        if head == self._seen:
            return
        new = forgotten(self._log, self._seen, head)
        self._closing += new
        self._open += new
        for stream, version in _purged(self._log, self._seen, head):
            self._open = [
                each for each in self._open if (each.stream, each.version) != (stream, version)
            ]
        self._seen = head

    def _destroy(self) -> None:
        """Destroy the keys of what was forgotten so long ago that everybody has noticed."""
        noticed = self._clock() - timedelta(seconds=NOTICED_SECONDS)
        while self._closing:
            said = self._closing[0]
            if datetime.fromisoformat(said.recorded_at) > noticed:
                return
            if alive := living(self._log.vault, closed_by(self._log, said)):
                count = self._log.vault.destroy(alive)
                self._desk.renew()
                logger.info("%d keys of %s are destroyed", count, said.stream)
            self._closing.pop(0)

    async def _complete(self, said: Forgotten) -> None:
        await self._desk.handle(
            CompletePurge(actor=TIMEKEEPER, forgotten=said.version, places=PLACES),
            stream=said.stream,
            caller=TIMEKEEPER,
            command_id=uuid5(NAMESPACE, f"purged:{said.position}"),
            causation=said.position,
        )


def _purged(log: Log, after: int, until: int) -> list[tuple[UUID, int]]:
    """What the log says is purged: the subjects, and the versions at which they were forgotten."""
    found: list[tuple[UUID, int]] = []
    while page := log.raw_named(PURGES, after, until, AT_ONCE):
        for _, body in page:
            raw = orjson.loads(body)
            found.append((UUID(raw["stream"]), raw["data"]["forgotten"]))
        after = page[-1][0]
    return found
