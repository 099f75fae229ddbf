"""Relays in this event loop, and what is in their streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from tests.nats import Jetstream
from tests.whatif.kit import critical, record, stream_of
from tocsin.jetstream.connecting import connected
from tocsin.jetstream.relay import Progress, Relay
from tocsin.jetstream.streams import Held, Streams
from tocsin.settings import Settings
from tocsin.store.log import Log

SECONDS = 30.0


def settings_on(jetstream: Jetstream, home: Path) -> Settings:
    """Settings whose streams no other test has."""
    name = uuid4().hex[:12]
    return Settings(
        home=home,
        nats_servers=tuple(jetstream.servers.split(",")),
        nats_replicas=jetstream.replicas,
        relay_stream=f"EVENTS_{name}",
        relay_subject=f"e{name}.events",
        intake_stream=f"INTAKE_{name}",
        intake_subject=f"i{name}.intake",
        parked_stream=f"PARKED_{name}",
        parked_subject=f"p{name}.parked",
        poll_seconds=0.01,
    )


@dataclass
class Place:
    """A log, and the stream that it is relayed to."""

    log: Log
    settings: Settings

    def but(self, **changed: Any) -> "Place":
        """The same with other settings."""
        return Place(self.log, replace(self.settings, **changed))

    @asynccontextmanager
    async def streams(self) -> AsyncIterator[Streams]:
        """Somebody else's view of the streams."""
        async with connected(self.settings, "test", stay=False) as client:
            yield Streams(client)

    async def relay(self, after: int = 0) -> Progress:
        """Relay all that is there."""
        async with asyncio.timeout(SECONDS), self.streams() as streams:
            relay = Relay(self.log, streams, self.settings, asyncio.Event())
            await relay.run(after, until_head=True)
            return relay.progress

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[Relay]:
        """A relay that goes on, until the end of the block."""
        stop = asyncio.Event()
        async with connected(self.settings, "test-relay", stay=True) as client:
            relay = Relay(self.log, Streams(client), self.settings, stop)
            running = asyncio.create_task(relay.run())
            try:
                yield relay
            finally:
                stop.set()
                async with asyncio.timeout(SECONDS):
                    await running

    async def stored(self) -> list[Held]:
        """Every message of the stream, in order."""
        async with self.streams() as streams:
            return await all_of(streams, self.settings.relay_stream)

    async def positions(self) -> list[int]:
        return [int(each.headers["Tocsin-Position"]) for each in await self.stored()]

    async def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(each.data) for each in await self.stored()]


async def all_of(streams: Streams, stream: str) -> list[Held]:
    """Every message of a stream, one after the other."""
    found: list[Held] = []
    while (
        each := await streams.next(stream, ">", found[-1].sequence + 1 if found else 1)
    ) is not None:
        found.append(each)
    return found


def many_more(log: Log) -> None:
    """Seven events more."""
    record(log, stream_of(f"more {log.head()}"), critical()[:1])
    record(log, stream_of(f"other {log.head()}"), critical()[:1] + critical()[2:])


async def until(what: Any, seconds: float = SECONDS) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not what():  # noqa: ASYNC110 - what others do sets no event of ours
            await asyncio.sleep(0.02)
