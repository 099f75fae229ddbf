"""Real desks on a real log, in a world where nothing happens by accident.

Work for other threads waits a number of turns that a seed decides and is then done by the event
loop itself; ids are counted; the clock is set. So the same seed gives the same story, also when
the desk dies in the middle of it.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any
from unittest import mock
from uuid import UUID

from tests.model.asks import START
from tests.model.rounds import Unheard
from tests.model.world import Answer, Call
from tocsin import desk as module
from tocsin import taking
from tocsin.desk import Desk
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import verify
from tocsin.readmodels.projector import Pace, Projector
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Outcome, StoreUnavailable
from tocsin.store.log import Log

Sabotage = Callable[["Post"], None]
"""Breaks a desk or its log on purpose."""
MOST_TURNS = 6


class Turns(Executor):
    """Does its work on the event loop, after as many turns as chance says."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        """Do it later; never, if it is cancelled before."""
        future: Future[Any] = Future()
        loop = asyncio.get_running_loop()

        def turn(left: int) -> None:
            if left:
                loop.call_soon(turn, left - 1)
            elif future.set_running_or_notify_cancel():
                try:
                    future.set_result(work(*given, **named))
                except Exception as error:
                    future.set_exception(error)

        turn(self._chance.randrange(1, MOST_TURNS))
        return future

    async def do(self, work: Callable[[], Any]) -> Any:
        """The same for a desk's clerk."""
        return await asyncio.wrap_future(self.submit(work))

    def close(self) -> None:
        """There is no thread to end."""


@dataclass(eq=False)
class Post:
    """One process, as far as it matters: a log open for writing, and its desk."""

    log: Log
    desk: Desk

    def close(self) -> None:
        """Let go of everything, as the end of a process does."""
        self.log.close()


class Rig:
    """One log, and the processes that write it."""

    def __init__(
        self, settings: Settings, desks: int, seed: int, sabotage: Sabotage | None
    ) -> None:
        self.settings, self.now, self.chance = settings, START, Random(seed)
        self._desks, self._sabotage = desks, sabotage
        self._runner = asyncio.Runner()
        self._patches = ExitStack()
        ids: dict[str, Any] = {"new_id": lambda: UUID(int=self.chance.getrandbits(128), version=4)}
        threads: dict[str, Any] = dict.fromkeys(
            ("ThreadPoolExecutor", "Clerk"), lambda *_: Turns(self.chance)
        )
        self._patches.enter_context(mock.patch.multiple(taking, **ids))
        self._patches.enter_context(
            mock.patch.multiple(module, **ids, **threads, COMMIT_PAUSE_SECONDS=0.0)
        )
        self.posts: list[Post] = []
        self.open()
        self.reader = Log.open(settings)
        self.database: Database | None = None
        self.projector: Projector | None = None

    def open(self) -> None:
        """Start the processes."""
        for _ in range(self._desks):
            log = Log.open(self.settings, writer=True)
            post = Post(log, Desk(log, self.settings, clock=lambda: self.now))
            if self._sabotage is not None:
                self._sabotage(post)
            self.posts.append(post)
            self._runner.run(post.desk.start())

    def stop(self) -> None:
        """Let the processes end in good order."""
        while self.posts:
            post = self.posts.pop()
            self._runner.run(post.desk.stop())
            post.close()

    def close(self) -> None:
        """Leave nothing behind."""
        self.stop_following()
        self.stop()
        self.reader.close()
        self._runner.close()
        self._patches.close()

    def ask(self, calls: Sequence[tuple[int, Call]]) -> list[Answer]:
        """Send all at the same time, each to a desk, and wait for all answers."""
        return self._runner.run(self._ask(calls, None))

    def ask_and_die(self, calls: Sequence[tuple[int, Call]], turns: int) -> list[Answer]:
        """Send all, and kill every process some turns of the event loop later; then start again."""
        answers = self._runner.run(self._ask(calls, turns))
        while self.posts:
            self.posts.pop().close()
        self.open()
        return answers

    async def _ask(self, calls: Sequence[tuple[int, Call]], turns: int | None) -> list[Answer]:
        tasks = [asyncio.ensure_future(self._handle(desk, call)) for desk, call in calls]
        if turns is not None:
            for _ in range(turns):
                await asyncio.sleep(0)
            dying = [post.desk._loop_task for post in self.posts]
            for task in (*tasks, *filter(None, dying)):
                task.cancel()
            await asyncio.gather(*filter(None, dying), return_exceptions=True)
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        return [Unheard() if isinstance(a, asyncio.CancelledError) else a for a in answers]

    async def _handle(self, desk: int, call: Call) -> Answer:
        return await self.posts[desk % len(self.posts)].desk.handle(
            call.command,
            stream=call.stream,
            caller=call.caller,
            command_id=call.command_id,
            fingerprint=call.fingerprint,
            expected_version=call.expected_version,
        )

    def state(self, post: Post, stream: UUID, aggregate: Any) -> Any:
        """What a desk says about an incident."""
        return self._runner.run(post.desk.state(stream, aggregate))

    def follow(self, page: int) -> None:
        """The read models take in a page."""
        if self.projector is None:
            self.database = Database.open(self.settings.home, self.settings.database)
            pace = Pace(live_events=page, rebuild_events=page, beat_seconds=0.0)
            self.projector = Projector(self.reader, self.database, found(), pace=pace)
        self.projector.step()

    def stop_following(self) -> None:
        """The projector ends; another one goes on where it was."""
        if self.projector is not None and self.database is not None:
            self.projector.close()
            self.database.close()
            self.projector = None

    def differing(self) -> list[str]:
        """The read models that do not say what a rebuilt one says."""
        if self.projector is None:
            return []
        while self.projector.step():
            pass
        assert self.database is not None
        verdicts = [verify(self.reader, self.database, each) for each in found()]
        return [each.name for each in verdicts if not each.equal]

    @contextmanager
    def losing(self, before: int, after: int) -> Iterator[None]:
        """The next commits break down: some before anything is stored, some when all is."""
        with mock.patch.multiple(
            self.posts[0].log, commit=Breaks(self.posts[0].log, before, after)
        ):
            yield


class Breaks:
    """A connection that breaks before, and then after a commit."""

    def __init__(self, log: Log, before: int, after: int) -> None:
        self.commit_for_real, self.before, self.after = log.commit, before, after

    def __call__(self, entries: Sequence[Entry]) -> list[Outcome]:
        if self.before:
            self.before -= 1
            raise StoreUnavailable("the connection broke before the commit")
        outcomes = self.commit_for_real(entries)
        if self.after:
            self.after -= 1
            raise StoreUnavailable("the connection broke after the commit")
        return outcomes
