"""A thread that does one thing after the other for an event loop."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")
Task = tuple[Callable[[], Any], "asyncio.Future[Any]", asyncio.AbstractEventLoop]


class Clerk:
    """Does what it is given, in order. An executor would do the same at several times the price: a
    future of its own, with a lock and a condition, for each thing that is to be done."""

    def __init__(self, name: str) -> None:
        self._tasks: SimpleQueue[Task | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._started = False

    async def do(self, function: Callable[[], T]) -> T:
        """What the function returns or raises, once the thread has come to it."""
        if not self._started:
            self._started = True
            self._thread.start()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._tasks.put((function, done, loop))
        return await done

    def close(self) -> None:
        """Do what was given before, and end."""
        if self._started:
            self._tasks.put(None)
            self._thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            function, done, loop = task
            try:
                result, error = function(), None
            except BaseException as raised:
                result, error = None, raised
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_tell, done, result, error)
            del task, function, done, result, error


def _tell(done: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if done.done():  # nobody waits any more
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(result)
