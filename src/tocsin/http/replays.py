"""The what-ifs that the service answers: one at a time, in a process that gives way to requests.

The folder of a question is held by whoever has taken it on, so that the workers of one service,
which share a home, tell the same of it. Elsewhere nobody knows of it: the same question can be
asked there.
"""

import asyncio
import logging
import os
import signal
from collections import deque
from contextlib import suppress

from tocsin.asks import Busy
from tocsin.http.child import ended, started
from tocsin.settings import Settings
from tocsin.whatif.jobs import PROGRESS, Job, forget_oldest
from tocsin.whatif.keeping import held, locked
from tocsin.whatif.question import Question

logger = logging.getLogger(__name__)


class Replays:
    """Who is next, and whose turn it is."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._waiting: deque[str] = deque()
        self._running: str | None = None
        self._held: dict[str, int] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def job(self, name: str) -> Job:
        """The folder of a question."""
        return Job(self._settings.home, name)

    def state(self, job: Job) -> str:
        """How a question stands: `waiting`, `running`, or what its folder says."""
        if job.name in self._waiting:
            return "waiting"
        # Cancelled, its process may take a moment to end.
        if job.name == self._running and job.asked:
            return "running"
        if job.name not in self._held and job.state == "interrupted" and held(job.folder):
            return "running" if job.part(PROGRESS) else "waiting"
        return job.state

    async def ask(self, question: Question) -> Job:
        """Join the job of the same question, or begin one.

        Raises:
            Busy: too many wait already.
        """
        job = self.job(question.digest)
        if self.state(job) in ("waiting", "running", "finished"):
            return job
        if len(self._waiting) >= self._settings.what_if_waiting:
            raise Busy("Too many what-ifs are waiting: ask again later.")
        self._waiting.append(job.name)
        try:
            taken = await asyncio.to_thread(self._begin, job, question)
        except BaseException:
            self._leave(job)
            raise
        if not taken:
            self._leave(job)
            return job
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="tocsin-what-if")
        return job

    def _begin(self, job: Job, question: Question) -> bool:
        """Take a question on, unless another process of this home just did."""
        lock = locked(job.folder)
        if lock is None:
            return False
        self._held[job.name] = lock
        job.ask(question)
        needed = {*self._waiting, *([self._running] if self._running else ())}
        forget_oldest(self._settings.home, self._settings.what_if_reports, needed)
        return True

    def _leave(self, job: Job) -> None:
        """It is not waited for here any more."""
        with suppress(ValueError):
            self._waiting.remove(job.name)
        if (lock := self._held.pop(job.name, None)) is not None:
            os.close(lock)

    async def cancel(self, job: Job) -> None:
        """Work on it no more, and keep nothing of it."""
        self._leave(job)
        await asyncio.to_thread(job.forget)
        if job.name == self._running and self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)

    async def stop(self) -> None:
        """End what runs, in order: what it has finished is kept, and it can be asked again."""
        for name in list(self._waiting):
            self._leave(self.job(name))
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        while self._waiting:
            # Nothing may come between: whoever asks meanwhile must find it in one or the other.
            self._running = self._waiting.popleft()
            lock = self._held.pop(self._running, None)
            try:
                await self._run(self.job(self._running))
            except OSError:
                logger.exception("A what-if could not be started.")
            finally:
                if lock is not None:
                    os.close(lock)
                self._running = self._process = None

    async def _run(self, job: Job) -> None:
        arguments = ("-m", "tocsin.whatif", job.name, str(os.getpid()))
        self._process = process = await started(self._settings, *arguments)
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            await ended(process)
            raise
        if code and self.state(job) == "running" and job.state == "interrupted":
            reason = f"The process that answered it ended with {code}: ask again, and it goes on."
            logger.error("A what-if: %s", reason)
            await asyncio.to_thread(job.fail, reason)
