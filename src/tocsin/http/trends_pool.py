"""The processes that answer questions to the lake: started when somebody asks, few, and bounded."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

from tocsin.asks import Busy
from tocsin.crew import CONTEXT
from tocsin.http.problems import BUSY, later
from tocsin.http.trends_work import Job, Reply, work
from tocsin.settings import Settings

END_SECONDS = 5.0

logger = logging.getLogger(__name__)


class Died(Exception):
    """The process ended before it replied: killed, or out of memory."""


class Late(Exception):
    """The process took longer than anybody may wait."""


class Analyst:
    """One process, which answers one question at a time."""

    def __init__(self, settings: Settings) -> None:
        self._asking, theirs = CONTEXT.Pipe()
        self._process: Any = CONTEXT.Process(
            target=work, args=(theirs, settings), daemon=True, name="tocsin-trends"
        )
        self._theirs: Connection | None = theirs

    @property
    def pid(self) -> int | None:
        """Which process it is, once it has begun."""
        pid: int | None = self._process.pid
        return pid

    def ask(self, job: Job, seconds: float) -> Reply:
        """Its reply.

        Raises:
            Died: it gave none.
            Late: it did not give one in time.
        """
        try:
            if self._theirs is not None:
                self._process.start()
                self._theirs.close()
                self._theirs = None
            self._asking.send(job)
            if not self._asking.poll(seconds):
                raise Late
            reply: Reply = self._asking.recv()
        except (EOFError, OSError) as error:
            raise Died from error
        return reply

    def end(self) -> None:
        """End it, whatever it does: it writes nothing that could be left half done."""
        self._asking.close()
        if self._theirs is not None:
            self._theirs.close()
        if self._process.pid is not None:
            self._process.kill()
            self._process.join(END_SECONDS)


def _advice(job: Job) -> str:
    if job.kind == "past":
        return "Ask `tocsin queue`, which takes its time and shows how far it is."
    less = "Ask for less: fewer dimensions, a shorter time"
    return f"{less}; or let it be kept by `tocsin trends {job.name}`."


class Analysts:
    """Whoever is free answers the next question; few may wait for one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        most = max(1, settings.trends_processes)
        self._turns = asyncio.Semaphore(most)
        # Threads of their own: who waits for a trend must not keep a command from being stored.
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="tocsin-trends")
        self._free: list[Analyst] = []
        self._asked = 0
        self._most_asked = most + settings.trends_waiting

    async def ask(self, job: Job) -> Reply:
        """The reply to a job.

        Raises:
            Busy: too many wait already.
            Problem: 503, it took too long, or its process ended.
        """
        if self._asked >= self._most_asked:
            raise Busy("Too many questions to the lake are waiting: ask again later.")
        self._asked += 1
        try:
            async with self._turns:
                return await self._reply(job)
        finally:
            self._asked -= 1

    async def _reply(self, job: Job) -> Reply:
        analyst = self._free.pop() if self._free else Analyst(self._settings)
        seconds = self._settings.trends_seconds
        loop = asyncio.get_running_loop()
        try:
            reply = await loop.run_in_executor(self._threads, analyst.ask, job, seconds)
        except Late:
            self._drop(analyst)
            detail = f"It took more than {seconds:g} seconds. {_advice(job)}"
            raise later(BUSY, detail, 5) from None
        except Died:
            self._drop(analyst)
            logger.warning("The process that answered a question to the lake has ended.")
            raise later(BUSY, "The process that answered has ended: ask again.") from None
        except BaseException:
            self._drop(analyst)
            raise
        self._free.append(analyst)
        return reply

    def _drop(self, analyst: Analyst) -> None:
        self._threads.submit(analyst.end)

    async def stop(self) -> None:
        """End all of them."""
        for analyst in self._free:
            analyst.end()
        self._free.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)
