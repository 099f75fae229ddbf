"""What was sent and is not acknowledged yet: as much as may be, in the order of the stream."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Final

logger = logging.getLogger(__name__)

STALL_SECONDS: Final = 3.0
"""Without an acknowledgement for so long, nobody waits for one any more."""


class Interrupted(Exception):
    """It is not known any more what is stored: look."""


class Window:
    """What was sent and is not acknowledged yet, in the order of the stream."""

    def __init__(self, size: int) -> None:
        self._size = max(size, 1)
        self._waiting: deque[int] = deque()
        self._early: set[int] = set()
        self._news = asyncio.Event()
        self._fault = ""
        self.rival = False
        """Whether somebody else wrote where we were about to."""
        self.turn = 0
        """How often it has begun anew: an answer to an older turn says nothing."""
        self.acknowledged = 0
        """Everything up to this sequence is stored."""

    def restart(self, sequence: int) -> None:
        """Begin behind a sequence."""
        self._waiting.clear()
        self._early.clear()
        self._fault, self.rival, self.acknowledged = "", False, sequence
        self.turn += 1

    @property
    def full(self) -> bool:
        """Whether nothing more is to be sent now."""
        return len(self._waiting) >= self._size or bool(self._fault)

    def sent(self, sequence: int) -> None:
        """The next is on its way."""
        self._waiting.append(sequence)

    def stored(self, sequence: int) -> None:
        """One has arrived."""
        self._early.add(sequence)
        while self._waiting and self._waiting[0] in self._early:
            self.acknowledged = self._waiting.popleft()
            self._early.discard(self.acknowledged)
        self._news.set()

    def broken(self, why: str, *, rival: bool = False) -> None:
        """One has not, and nothing behind it will."""
        self.rival = self.rival or rival
        if not self._fault:
            self._fault = why
            logger.info("looking again where the stream ends: %s", why)
        self._news.set()

    async def room(self) -> None:
        """Wait until there is some.

        Raises:
            Interrupted: something was not stored, or nothing is heard any more.
        """
        await self._until(lambda: not self.full)

    async def settled(self) -> None:
        """Wait until everything that was sent is stored.

        Raises:
            Interrupted: see `room`.
        """
        await self._until(lambda: not self._waiting)

    async def _until(self, done: Callable[[], bool]) -> None:
        while True:
            if self._fault:
                raise Interrupted(self._fault)
            if done():
                return
            self._news.clear()
            try:
                async with asyncio.timeout(STALL_SECONDS):
                    await self._news.wait()
            except TimeoutError as error:
                raise Interrupted("no acknowledgement in time") from error
