"""What a server does so that what is forgotten stays forgotten, from its start to its end."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress

from fastapi import FastAPI

from tocsin.erasure.closing import reconcile
from tocsin.erasure.purging import Purge
from tocsin.erasure.watching import Watch
from tocsin.erasure.worker import Erasing
from tocsin.http import forgetting, subjects
from tocsin.http.service import Service
from tocsin.reactions.service import Reading, shift
from tocsin.readmodels import Projection
from tocsin.readmodels.database import Database

END_SECONDS = 10.0

logger = logging.getLogger(__name__)


def mount(
    app: FastAPI, service: Service, database: Database, projections: Sequence[Projection]
) -> None:
    """Serve subjects, and do what forgetting them takes."""
    purge = Purge(service.settings, database, [each.name for each in projections])
    known = subjects.Subjects(service, purge)
    subjects.mount(app, service, known)
    forgetting.mount(app, service, known)
    keeping = Keeping(service, database, purge)
    service.beginnings.append(keeping.start)
    service.endings.append(keeping.stop)
    service.metrics.own.append(keeping.readings)


class Keeping:
    """Destroys keys, has things made again, and notices when others destroyed keys."""

    def __init__(self, service: Service, database: Database, purge: Purge) -> None:
        self._service = service
        self._erasing = Erasing(service.log, service.desk, purge)
        self._shift = shift(database, self._erasing)
        self._watch = Watch(service.log, service.desk, purge.drop_indexes)
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._keep(), name="tocsin-erasure")
        self._watch.start()

    async def stop(self) -> None:
        """Finish the step at hand, and let others go on."""
        self._stop.set()
        await self._watch.stop()
        if self._task is not None:
            _, late = await asyncio.wait([self._task], timeout=END_SECONDS)
            for task in late:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def readings(self) -> Iterator[Reading]:
        """What can be read off at any moment."""
        what = "Subjects that are forgotten, and not yet off every disk."
        yield "erasures_pending", what, {}, float(self._erasing.pending)

    async def _keep(self) -> None:
        """First of all, whatever was put back from a backup is brought in line with the log."""
        log = self._service.log
        try:
            if count := await asyncio.to_thread(reconcile, log, log.vault):
                self._service.desk.renew()
                logger.warning("%d keys of what was forgotten were there again: destroyed", count)
        except Exception:  # the shift tries again for as long as it takes
            logger.exception("The vault cannot be compared with the log now.")
        await self._shift.keep(self._stop)
