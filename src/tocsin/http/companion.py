"""What runs beside the service, each a process of its own, so that reading never slows writing:
the projector of the read models, and the writer of the lake."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from time import monotonic
from typing import Self

from tocsin.http.child import END_SECONDS, ended, started
from tocsin.lake.extra import NOT_WRITTEN, installed
from tocsin.settings import Settings

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 60.0
"""One that ran so long has recovered from whatever ended the one before."""

logger = logging.getLogger(__name__)


class Companion:
    """One module of ours as a process: started again when it dies, ended with the service."""

    end_seconds = END_SECONDS
    """Time for what is at hand when it is to end."""

    def __init__(
        self,
        settings: Settings,
        name: str,
        *command: str,
        module: str = "tocsin",
        handed: Sequence[int] = (),
    ) -> None:
        self.name, self._command = name, command
        self._module, self._handed = module, handed
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return self._process.pid if self._process is not None else None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep(), name=f"tocsin-{self.name}")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ask it to finish the page at hand, and end it if it does not."""
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        process = self._process
        if process is None or process.returncode is not None:
            return
        await ended(process, self.end_seconds)

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = monotonic()
            try:
                says = f"ended with {await self._run()}"
            except OSError as error:  # the system has no process or memory to give: that passes
                says = f"cannot be started ({error})"
            if monotonic() - began > SETTLED_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            logger.error("The %s %s; it is started again in %g s.", self.name, says, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    async def _run(self) -> int:
        command = ("-m", self._module, *self._command, f"--with-parent={os.getpid()}")
        self._process = await started(self._settings, *command, handed=self._handed)
        return await self._process.wait()


@asynccontextmanager
async def companions(settings: Settings) -> AsyncIterator[None]:
    """All that belongs beside the service, while it runs."""
    async with AsyncExitStack() as beside:
        await beside.enter_async_context(Companion(settings, "projector", "project"))
        if settings.lake and installed():
            await beside.enter_async_context(
                Companion(settings, "writer of the lake", "lake", "follow")
            )
        elif settings.lake:
            logger.warning("%s", NOT_WRITTEN)
        yield
