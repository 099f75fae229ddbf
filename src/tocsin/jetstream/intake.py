"""One host of the intake: takes its share of what queues, until it is told to stop."""

import asyncio
import logging
import re
from contextlib import suppress
from typing import Any, Final

from tocsin.jetstream.asking import Asker
from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.consuming import Consumer, Part
from tocsin.jetstream.handling import Handler, Refusal
from tocsin.jetstream.incoming import Received
from tocsin.jetstream.parked import Lot
from tocsin.jetstream.sharing import RENEW_SECONDS, Shares
from tocsin.jetstream.streams import AWAY, NANOSECONDS, ApiRefused, StreamAway, Streams
from tocsin.settings import Settings

logger = logging.getLogger(__name__)

DUPLICATES_SECONDS: Final = 120
SUSPECT: Final = 2
"""After so many hosts that ended at one message, it is taken alone."""
_PARTS: Final = re.compile(r"\{\{\s*[pP]artition\((\d+)\s*,\s*2\s*\)\s*\}\}")


class Intake:
    """One host, with a worker for each part that it holds."""

    def __init__(self, streams: Streams, settings: Settings, stop: asyncio.Event) -> None:
        self.asker = Asker(settings)
        self.handler: Handler | None = None
        self.shares: Shares | None = None
        self.pending = 0
        """Messages that wait in the stream, for whatever host."""
        self._fault = ""
        """Why the streams were of no use when they were last asked."""
        self._streams, self._settings, self._stop = streams, settings, stop
        self._workers: dict[int, Worker] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> str:
        """Why it does not get on; empty when it does."""
        if self.shares is None:
            return "The streams are not there yet."
        if not self._streams.client.is_connected:
            return "There is no connection to NATS."
        return self._fault or self.asker.standing.fault

    async def run(self) -> None:
        """Take messages in until told to stop. What was begun by then is finished, or left to
        others.

        Raises:
            CannotStream: a stream does not fit, or there is no API key.
        """
        if not await self._prepared():
            return
        self.asker.start()
        try:
            while not self._stop.is_set():
                try:
                    await self._shared()
                    self._fault = ""
                except (StreamAway, ApiRefused) as away:
                    self._fault = f"The streams do not answer: {away}"
                    logger.warning("the streams do not answer: %s", away)
                self._check()
                await self._rest(RENEW_SECONDS)
        finally:
            await self._end()

    async def _prepared(self) -> bool:
        """Make or find the streams; false when it was told to stop meanwhile."""
        settings, streams = self._settings, self._streams
        while not self._stop.is_set():
            with suppress(StreamAway):
                info = await streams.ensured(_queue(settings))
                parts, origin = _parts(info), _origin(info)
                lot = Lot(streams, settings)
                await lot.ensure()
                shares = Shares(streams, settings, parts)
                await shares.ensure()
                self.handler = Handler(self.asker, lot, settings, origin)
                self.shares = shares
                return True
            logger.warning("the streams are not there yet")
            await self._rest(AWAY)
        return False

    async def _shared(self) -> None:
        """Hold our fair share of the parts, and a worker for each."""
        shares = self.shares
        assert shares is not None
        for part in await shares.renew():
            logger.warning("part %d is somebody else's now", part)
            if worker := self._workers.pop(part, None):  # or else it is being released
                await worker.cancel()
        free, may = await shares.wanted()
        for part in free[: max(may, 0)]:
            if await shares.take(part):
                self._begin(part)
        for part in sorted(self._workers)[: max(-may, 0)]:
            task = asyncio.create_task(self._release(part))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        info = await self._streams.info(name := self._settings.intake_stream)
        if info is None:
            raise StreamAway(f"there is no stream {name}: a start makes it anew")
        self.pending = int(info["state"]["messages"])

    def _begin(self, part: int) -> None:
        assert self.handler is not None
        settings = self._settings
        place = Part(settings.intake_stream, settings.intake_subject, part)
        consumer = Consumer(self._streams, place, settings.intake_batch)
        self._workers[part] = Worker(consumer, self.handler, settings.intake_tries)

    async def _release(self, part: int) -> None:
        """Finish with a part, and let others have it."""
        assert self.shares is not None
        if worker := self._workers.pop(part, None):
            await worker.finish(self._settings.drain_seconds)
            await self.shares.give(part)

    async def _end(self) -> None:
        shares = self.shares
        assert shares is not None
        renewing = asyncio.create_task(self._renewing(shares))
        await asyncio.gather(*(self._release(part) for part in list(self._workers)))
        await asyncio.gather(*self._leaving, return_exceptions=True)
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        await self.asker.stop()
        await shares.leave()

    async def _renewing(self, shares: Shares) -> None:
        """Keep what we are about to give back, until it is finished."""
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            await shares.renew()

    def _check(self) -> None:
        """What stopped by itself is a defect: nobody would take its part."""
        self.asker.check()
        for worker in self._workers.values():
            worker.check()

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()


class Worker:
    """Takes one part, batch after batch."""

    def __init__(self, consumer: Consumer, handler: Handler, tries: int) -> None:
        self._consumer, self._handler, self._tries = consumer, handler, max(tries, 1)
        self._stop = asyncio.Event()
        self._handling = False
        self._task = asyncio.create_task(self._run())

    def check(self) -> None:
        """Raise what ended it, if anything did."""
        if self._task.done():
            self._task.result()

    async def finish(self, seconds: float) -> None:
        """End after what is being handled, or leave that to others when it takes too long."""
        self._stop.set()
        if self._handling:
            await asyncio.wait({self._task}, timeout=seconds)
        await self._ended()
        await self._consumer.close()

    async def cancel(self) -> None:
        """End now. What is not acknowledged is delivered to the next holder."""
        await self._ended()
        await self._consumer.leave()

    async def _ended(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        taken = await self._opened()
        while not self._stop.is_set():
            self._handling = False
            try:
                received = await self._consumer.take(1 if taken >= SUSPECT else 0)
                if received:
                    self._handling = True
                    await self._handle(received, taken)
                    taken = 0
            except* (StreamAway, ApiRefused) as away:
                logger.warning("part %d: %s", self._consumer.part.number, away.exceptions[0])
                await self._again()

    async def _handle(self, received: list[Received], taken: int) -> None:
        if taken > self._tries:
            why = f"{taken} times, an intake ended while it had this message first."
            await self._handler.park(received[0], None, Refusal("ended-the-intake", why))
        else:
            await self._handler.settle(received)
        await self._consumer.acknowledge(received)

    async def _opened(self) -> int:
        while not self._stop.is_set():
            with suppress(StreamAway, ApiRefused):
                return await self._consumer.open()
            await asyncio.sleep(AWAY / 4)
        return 0

    async def _again(self) -> None:
        while not self._stop.is_set():
            await asyncio.sleep(AWAY / 4)
            with suppress(StreamAway, ApiRefused):
                await self._consumer.begin_again()
                return


def _queue(settings: Settings) -> dict[str, Any]:
    """The stream in which alerts and commands wait. It gives each key its part by itself, so that
    whoever publishes needs to know nothing about parts."""
    subject = settings.intake_subject
    part = f"{{{{partition({max(settings.intake_partitions, 1)},2)}}}}"
    return {
        "name": settings.intake_stream,
        "description": "Tocsin: alerts and commands that wait to be taken in.",
        "subjects": [f"{subject}.*.*"],
        "subject_transform": {
            "src": f"{subject}.*.*",
            "dest": f"{subject}.{{{{wildcard(1)}}}}.{part}.{{{{wildcard(2)}}}}",
        },
        "retention": "workqueue",
        "discard": "new",
        "num_replicas": settings.nats_replicas,
        "duplicate_window": DUPLICATES_SECONDS * NANOSECONDS,
    }


def _parts(info: dict[str, Any]) -> int:
    """In how many parts a stream has its keys."""
    configuration = info["config"]
    found = _PARTS.search(configuration.get("subject_transform", {}).get("dest", ""))
    if found is None or configuration["retention"] != "workqueue":
        raise CannotStream(
            f"The stream {configuration['name']} is there and is no queue of Tocsin: it has to have"
            " the retention workqueue and a transform of its subjects with a partition. Set another"
            " TOCSIN_INTAKE_STREAM and TOCSIN_INTAKE_SUBJECT, and it is made."
        )
    return int(found[1])


def _origin(info: dict[str, Any]) -> str:
    """A name of the stream that one made later under its name has not."""
    made = "".join(filter(str.isdigit, info["created"]))
    return f"{info['config']['name']}-{made}"
