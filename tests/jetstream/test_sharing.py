"""Who holds which part, while parts are given back and renewed at the same time."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from tests.jetstream.kit import until
from tests.jetstream.queueing import Queue
from tocsin.jetstream.sharing import Shares
from tocsin.jetstream.streams import EXPECTED_OF_SUBJECT, WRONG_SEQUENCE, ApiRefused, Streams
from tocsin.settings import Settings


async def test_a_host_whose_queue_was_deleted_says_so_and_ends_when_told(queue: Queue) -> None:
    deleted = queue.but(drain_seconds=0.2)
    async with deleted.host() as intake:
        assert intake.ready == ""
        async with queue.streams() as streams:
            await streams.ask(f"STREAM.DELETE.{queue.settings.intake_stream}")
        await until(lambda: "there is no stream" in intake.ready)


class Slow:
    """Streams with one share, which wait before a renewal is decided."""

    def __init__(self) -> None:
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self.stored = 0

    async def store(
        self, subject: str, _data: bytes, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        if ".part." not in subject:
            return {"seq": 0}
        expected = int((headers or {})[EXPECTED_OF_SUBJECT])
        if expected:
            self.asked.set()
            await self.go.wait()
        if expected != self.stored:
            raise ApiRefused({"err_code": WRONG_SEQUENCE})
        self.stored += 1
        return {"seq": self.stored}

    async def last(self, _stream: str, _subject: str) -> None:
        return None

    async def remove(self, _stream: str, _sequence: int) -> None:
        self.stored = 0


async def test_a_part_that_is_given_back_while_it_is_renewed_is_not_lost() -> None:
    """As when another host comes while this one is under load."""
    streams = Slow()
    shares = Shares(cast(Streams, streams), Settings(), 4)
    assert await shares.take(3)
    async with asyncio.timeout(5):
        renewing = asyncio.create_task(shares.renew())
        await streams.asked.wait()
        await shares.give(3)
        streams.go.set()
        assert await renewing == []
    assert shares.held == {}


async def test_a_part_that_is_lost_while_it_is_released_ends_nothing(queue: Queue) -> None:
    """Its worker still finishes, and is not among the others any more."""
    await queue.prepare()
    async with queue.host() as intake:
        assert intake.shares is not None
        held = intake.shares.held
        await until(lambda: len(held) == 4)
        worker = intake._workers.pop(2)
        async with queue.streams() as streams:
            name = f"{queue.settings.intake_stream}_SHARES"
            subject = f"{queue.settings.intake_subject}.shares.part.2"
            await streams.ask(f"STREAM.PURGE.{name}", {"filter": subject})
            await streams.store(subject, b"somebody")
        await until(lambda: 2 not in held)
        await worker.cancel()
