"""Every server notices when keys were destroyed by another one, and uses nothing they opened."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from tocsin.desk import Desk
from tocsin.store.log import Log
from tocsin.vault import VaultUnavailable

LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Watch:
    """Looks for as long as the server runs."""

    def __init__(self, log: Log, desk: Desk, noticed: Callable[[], None] = lambda: None) -> None:
        """`noticed` is called, in a thread, once what is in memory is not used any more."""
        self._log, self._desk, self._noticed = log, desk, noticed
        self._generation = log.vault.generation
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._keep(), name="tocsin-vault-watch")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except VaultUnavailable as error:
                logger.warning("%s", error)
            except OSError as error:
                logger.error("What keys had opened is not all removed yet: %s", error)

    async def _look(self) -> None:
        await asyncio.to_thread(self._log.look)
        generation = self._log.vault.generation
        if generation != self._generation:
            self._desk.renew()
            await asyncio.to_thread(self._noticed)
            self._generation = generation  # or else it is tried again
