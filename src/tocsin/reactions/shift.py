"""One worker at a time over all servers: whoever has the lease works, the others wait for it.

What fails, waits and tries again for as long as the service runs: stores come back.
"""

import asyncio
import logging
from contextlib import suppress
from time import monotonic
from typing import Protocol

from tocsin.asks import Busy
from tocsin.readmodels.lease import Lease
from tocsin.readmodels.reading import OUTAGES
from tocsin.store.entries import StoreUnavailable

logger = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
"""How often a lease is asked for, or made sure of."""
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 2.0
"""Pauses between two attempts while something fails."""


class Work(Protocol):
    """Something that is done in steps."""

    name: str
    pause: float
    """Seconds that may pass before the next step, as of the last one."""

    async def begin(self) -> None:
        """It is ours now: find out where it stands."""
        ...

    async def step(self) -> int:
        """Do what there is to do, not for long; say how much that was."""
        ...

    async def end(self) -> None:
        """It is not ours any more; nothing that was done may depend on this."""
        ...


class Shift:
    """Does some work for as long as it has the lease."""

    def __init__(self, work: Work, lease: Lease) -> None:
        self.work, self._lease = work, lease
        self.held = False
        """Whether it is done here."""
        self._next_beat = 0.0

    async def keep(self, stop: asyncio.Event) -> None:
        """Work until told to stop, and let somebody else go on."""
        failing = FIRST_PAUSE_SECONDS
        try:
            while not stop.is_set():
                try:
                    pause = await self._round()
                    failing = FIRST_PAUSE_SECONDS
                except Exception as error:
                    self._tell(error, failing)
                    pause, failing = failing, min(2 * failing, LONGEST_PAUSE_SECONDS)
                await rest(stop, pause)
        finally:
            await self._leave()

    async def _round(self) -> float:
        """Make sure of the lease when it is time to, and do one step; say how long to rest."""
        if monotonic() >= self._next_beat:
            ours = await asyncio.to_thread(self._lease.take)
            self._next_beat = monotonic() + BEAT_SECONDS
            if ours and not self.held:
                await self.work.begin()
            self.held = ours
        if not self.held:
            return BEAT_SECONDS
        await self.work.step()
        return self.work.pause

    def _tell(self, error: Exception, pause: float) -> None:
        """An outage is told in a line. Anything else is a mistake of ours, and is told in full."""
        outage = isinstance(error, (StoreUnavailable, Busy, *OUTAGES))
        logger.error("%s waits %.1f s: %s", self.work.name, pause, error, exc_info=not outage)

    async def _leave(self) -> None:
        try:
            if self.held:
                await self.work.end()
        except Exception as error:
            logger.warning("%s ends in the middle: %s", self.work.name, error)
        finally:
            self.held = False
            with suppress(*OUTAGES):
                await asyncio.to_thread(self._lease.release)


async def rest(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until told to stop."""
    if seconds <= 0:
        await asyncio.sleep(0)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
