"""A queue, hosts that take it in, and the service that they ask: all real, in this process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson

from tests.http.conftest import Running
from tests.jetstream.kit import SECONDS, all_of, until
from tocsin.domain.incident.state import INCIDENT, Incident
from tocsin.jetstream.connecting import connected
from tocsin.jetstream.intake import Intake
from tocsin.jetstream.parked import Lot, Parked
from tocsin.jetstream.streams import Held, Streams
from tocsin.settings import Settings

DISK: dict[str, Any] = {"dedup_key": "disk-1", "title": "The disk is full", "severity": "critical"}


@dataclass
class Queue:
    """What waits, and who takes it in."""

    service: Running
    settings: Settings

    def but(self, **changed: Any) -> "Queue":
        """The same with other settings."""
        return Queue(self.service, replace(self.settings, **changed))

    @asynccontextmanager
    async def streams(self) -> AsyncIterator[Streams]:
        """Somebody else's view."""
        async with connected(self.settings, "test", stay=False) as client:
            yield Streams(client)

    async def prepare(self) -> None:
        """Make the streams, as the first intake would."""
        async with self.host():
            pass

    async def publish(
        self, content: Any, kind: str = "alert", key: str = "k", **headers: str
    ) -> int:
        """Queue one message, and return its place."""
        data = content if isinstance(content, bytes) else orjson.dumps(content)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.streams() as streams:
            answer = await streams.store(f"{self.settings.intake_subject}.{kind}.{key}", data, told)
        return int(answer["seq"])

    async def alert(self, **changed: Any) -> int:
        """Queue an alert of the disk."""
        content = {**DISK, **changed}
        return await self.publish(content, key=str(content["dedup_key"]))

    @asynccontextmanager
    async def host(self) -> AsyncIterator[Intake]:
        """A host, until the end of the block."""
        stop = asyncio.Event()
        async with connected(self.settings, "test-intake", stay=True) as client:
            intake = Intake(Streams(client), self.settings, stop)
            running = asyncio.create_task(intake.run())
            try:
                await until(lambda: running.done() or intake.shares is not None)
                if running.done():
                    await running
                yield intake
            finally:
                stop.set()
                async with asyncio.timeout(SECONDS):
                    await running

    async def waiting(self) -> list[Held]:
        """What is not taken in yet."""
        async with self.streams() as streams:
            return await all_of(streams, self.settings.intake_stream)

    async def drained(self, intake: Intake | None = None) -> None:
        """Wait until nothing is queued any more."""
        async with asyncio.timeout(SECONDS), self.streams() as streams:
            while True:
                info = await streams.info(self.settings.intake_stream)
                if info is not None and info["state"]["messages"] == 0:
                    return
                await asyncio.sleep(0.02)

    async def taken_in(self) -> Intake:
        """One host takes everything in, and leaves."""
        async with self.host() as intake:
            await self.drained()
        return intake

    async def parked(self) -> list[Parked]:
        async with self.streams() as streams:
            return [each async for each in Lot(streams, self.settings).all()]

    def incidents(self) -> list[Incident]:
        """Every incident of the service, by its beginning."""
        log = self.service.app.service.log
        begun = [
            each for each in log.page(0, 10_000) if each.event.event_name == "incident.reported"
        ]
        return [INCIDENT.fold(each.stream, log.history(each.stream)) for each in begun]

    def events(self) -> list[str]:
        """The names of all events of incidents, in order."""
        log = self.service.app.service.log
        names = (each.event.event_name for each in log.page(0, 10_000))
        return [name for name in names if name.startswith("incident.")]


def cloudevent(data: Mapping[str, Any], **changed: Any) -> dict[str, Any]:
    """Something in the envelope of another system."""
    return {
        "specversion": "1.0",
        "id": "e-1",
        "source": "https://monitoring.example",
        "type": "example.alert",
        "data": dict(data),
        **changed,
    }
