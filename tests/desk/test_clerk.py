"""A thread that does one thing after the other for an event loop."""

import asyncio
import threading
from collections.abc import Callable
from functools import partial

import pytest

from tocsin.clerk import Clerk


def slowly(go: threading.Event, done: list[int]) -> Callable[[], None]:
    def work() -> None:
        go.wait(5)
        done.append(1)

    return work


async def test_what_it_is_given_is_done_in_order_by_one_thread() -> None:
    clerk, done = Clerk("a test"), list[tuple[int, str]]()

    def note(number: int) -> int:
        done.append((number, threading.current_thread().name))
        return number

    found = await asyncio.gather(*(clerk.do(partial(note, number)) for number in range(20)))
    clerk.close()
    assert list(range(20)) == found
    assert [(number, "a test") for number in range(20)] == done


async def test_who_waits_gets_what_was_raised() -> None:
    clerk = Clerk("a test")

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await clerk.do(fail)
    assert 1 == await clerk.do(lambda: 1)
    clerk.close()


async def test_nobody_need_wait_to_the_end() -> None:
    clerk, go, done = Clerk("a test"), threading.Event(), list[int]()
    waiting = asyncio.create_task(clerk.do(slowly(go, done)))
    await asyncio.sleep(0.01)
    waiting.cancel()
    go.set()
    assert 2 == await clerk.do(lambda: 2)
    assert waiting.cancelled()
    clerk.close()
    assert [1] == done


def test_a_loop_that_is_gone_hinders_nobody() -> None:
    """What was begun is finished, and the thread ends when it is told to."""
    clerk, go, done = Clerk("a test"), threading.Event(), list[int]()

    async def leave() -> None:
        task = asyncio.create_task(clerk.do(slowly(go, done)))
        await asyncio.sleep(0.01)
        task.cancel()

    asyncio.run(leave())
    go.set()
    clerk.close()
    assert [1] == done


def test_one_that_had_nothing_to_do_ends_at_once() -> None:
    Clerk("a test").close()
    assert "a test" not in {thread.name for thread in threading.enumerate()}
