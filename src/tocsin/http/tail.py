"""The end of the log in memory, for all who wait for what comes next.

However many wait, one of them looks: the newest events are read once and handed to everybody.
"""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from itertools import islice

from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

logger = logging.getLogger(__name__)

Event = tuple[int, bytes]
RING_BYTES = 16_777_216
"""Events kept in memory take no more than this, however large they are."""


class Tail:
    """The newest events, and a way to wait for newer ones."""

    def __init__(self, log: Log, settings: Settings) -> None:
        self._log, self._page, self._period = log, settings.feed_events, settings.poll_seconds
        self._ring: deque[Event] = deque()
        self._bytes = 0
        self._head = -1
        self._waiting = 0
        self._news = asyncio.Event()
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def ring(self) -> None:
        """Something was committed here: look at once."""
        self._bell.set()

    def close(self) -> None:
        """Let everybody who waits go."""
        self._closed = True
        self._bell.set()
        self._news.set()

    async def after(self, position: int, limit: int) -> list[Event]:
        """Positions and stored bytes of the events after a position, in order."""
        ring = self._ring
        if ring and ring[0][0] <= position + 1 <= self._head + 1:
            start = position + 1 - ring[0][0]
            return list(islice(ring, start, start + limit))
        return await asyncio.to_thread(self._log.raw_page, position, limit)

    async def wait(self, position: int, seconds: float) -> bool:
        """Wait until there is an event after a position; false when there is none in time."""
        self._waiting += 1
        try:
            async with asyncio.timeout(seconds):
                while not self._closed:
                    if self._task is None or self._task.done():
                        self._task = asyncio.create_task(self._follow(), name="tocsin-tail")
                    news = self._news
                    if self._head > position:
                        return True
                    await news.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return False

    async def _follow(self) -> None:
        """Look for as long as anybody waits. Nobody read the end meanwhile, so begin anew."""
        known = False
        while self._waiting and not self._closed:
            self._bell.clear()
            try:
                if not known:
                    self._forget(await asyncio.to_thread(self._log.head))
                    known = True
                page = await asyncio.to_thread(self._log.raw_page, self._head, self._page)
            except StoreUnavailable as error:
                logger.warning("the feed waits: %s", error)
                page = []
            if page:
                self._keep(page)
            elif not self._closed:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._period):
                        await self._bell.wait()

    def _forget(self, head: int) -> None:
        self._ring.clear()
        self._bytes, self._head = 0, head
        self._tell()

    def _keep(self, page: list[Event]) -> None:
        self._ring.extend(page)
        self._bytes += sum(len(body) for _, body in page)
        while len(self._ring) > self._page or (self._bytes > RING_BYTES and len(self._ring) > 1):
            self._bytes -= len(self._ring.popleft()[1])
        self._head = page[-1][0]
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
