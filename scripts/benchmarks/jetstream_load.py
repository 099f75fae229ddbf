"""What is put through JetStream in the benchmark: a log to relay, and alerts to take in."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import orjson
from nats.js.api import StreamConfig

from tocsin.domain.incident.events import IncidentLogged, IncidentReported
from tocsin.domain.incident.values import Source
from tocsin.domain.kernel import Recorded
from tocsin.jetstream.connecting import connected
from tocsin.jetstream.relay import Relay
from tocsin.jetstream.sharing import RENEW_SECONDS
from tocsin.jetstream.streams import ApiRefused, StreamAway, Streams
from tocsin.settings import Settings
from tocsin.store.entries import Entry
from tocsin.store.log import Log

EVENTS, ALERTS, STORM, ALARMS = 40_000, 20_000, 100_000, 500
"""Relayed; taken in, each an incident; taken in, of so many alarms that ring again and again."""
HOSTS = 2
PAYLOAD = 900
"""Bytes: about those of an event."""
AHEAD = 4_000
WAIT_SECONDS = 300.0


def write(settings: Settings) -> None:
    """A log of so many events."""
    now = datetime.now(UTC)
    with closing(Log.open(settings, writer=True)) as log:
        for start in range(0, EVENTS // 2, 500):
            log.commit([_reported(f"INC{start + each:07d}", now) for each in range(500)])


def _reported(reference: str, now: datetime) -> Entry:
    stream, command = uuid4(), uuid4()
    title = f"Alarm {reference}: the disk of a server is nearly full"
    happened = (
        IncidentReported(title=title, source=Source.MONITORING, services=("storage",)),
        IncidentLogged(reference=reference),
    )
    drafts = tuple(
        Recorded(
            stream=stream,
            version=version,
            position=0,
            actor="monitoring",
            occurred_at=now,
            recorded_at=now,
            command_id=command,
            event=event,
        )
        for version, event in enumerate(happened, 1)
    )
    return Entry(command_id=command, fingerprint=b"", drafts=drafts, answer=lambda _: b"")


def incidents(home: Path) -> tuple[int, int]:
    """How many incidents there are, and of how many alarms."""
    keys, position = [], 0
    with closing(Log.open(Settings(home=home))) as log:
        while page := log.page(position, 5_000):
            reported = (each.event for each in page if isinstance(each.event, IncidentReported))
            keys += [event.dedup_key for event in reported]
            position = page[-1].position
    return len(keys), len(set(keys))


async def published_raw(settings: Settings) -> None:
    """Have the client library store messages there, and do nothing else."""
    async with connected(settings, "bench", stay=False) as client:
        context = client.jetstream(publish_async_max_pending=settings.relay_window, timeout=30)
        stream = StreamConfig(name="RAW", subjects=["raw"], num_replicas=settings.nats_replicas)
        await _patiently(lambda: context.add_stream(stream))
        payload = b"x" * PAYLOAD
        for number in range(EVENTS):
            await context.publish_async("raw", payload, headers={"Nats-Msg-Id": f"{number}"})
        await context.publish_async_completed()
        assert (await context.stream_info("RAW")).state.messages == EVENTS
        await context.delete_stream("RAW")


async def relayed_all(settings: Settings) -> None:
    """Relay the log from its beginning to its end."""
    with closing(Log.open(settings, veiled=True)) as log:
        async with connected(settings, "bench-relay", stay=True) as client:
            relay = Relay(log, Streams(client), settings, asyncio.Event())
            await relay.run(until_head=True)
    assert relay.progress.relayed == EVENTS, relay.progress


async def bytes_of_one(settings: Settings) -> float:
    """How much an event takes in the stream."""
    async with connected(settings, "bench", stay=False) as client:
        info = await Streams(client).info(settings.relay_stream)
        assert info is not None
        return float(info["state"]["bytes"] / info["state"]["messages"])


async def taken_in(settings: Settings, name: str, count: int, alarms: int) -> None:
    """Publish alerts, and wait until none waits any more."""
    async with connected(settings, "bench", stay=False) as client:
        streams = Streams(client)
        async with asyncio.timeout(WAIT_SECONDS):
            for number in range(count):
                key = f"{name}-{number % alarms}"
                alert = {"dedup_key": key, "title": f"The disk of {key} is nearly full"}
                headers = {"Nats-Msg-Id": f"{name}-{number}"}
                subject = f"{settings.intake_subject}.alert.{key}"
                await client.publish(subject, orjson.dumps(alert), headers=headers)
                if number % AHEAD == 0:
                    await client.flush()
            await client.flush()
            while await _waiting(streams, settings):  # noqa: ASYNC110 - the server sets no event
                await asyncio.sleep(0.02)


@contextmanager
def hosts(settings: Settings) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """The intakes, as processes."""
    command = [sys.executable, "-m", "tocsin", "--json", "intake", "nats"]
    variables = {**os.environ, **{k: v for k, v in settings.environment().items() if v}}
    running = [
        subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(HOSTS)
    ]
    try:
        yield running
    finally:
        for each in running:
            each.terminate()
            each.wait(30)


def ended(running: Sequence["subprocess.Popen[bytes]"]) -> list[dict[str, int]]:
    """What they say in the end."""
    for each in running:
        each.terminate()
    return [orjson.loads(each.communicate(timeout=30)[0]) for each in running]


async def there(settings: Settings) -> None:
    """Wait until every host holds its share of the parts."""
    async with connected(settings, "bench", stay=False) as client, asyncio.timeout(WAIT_SECONDS):
        streams, stream = Streams(client), f"{settings.intake_stream}_SHARES"
        holders: list[bytes] = []
        while len(holders) < settings.intake_partitions or len(set(holders)) < HOSTS:
            await asyncio.sleep(0.2)
            with suppress(ApiRefused, StreamAway):
                found = [
                    await streams.last(stream, f"{settings.intake_subject}.shares.part.{part}")
                    for part in range(settings.intake_partitions)
                ]
                holders = [each.data for each in found if each is not None]
        await asyncio.sleep(RENEW_SECONDS)


async def _waiting(streams: Streams, settings: Settings) -> int:
    try:
        info = await streams.info(settings.intake_stream)
    except StreamAway:
        return -1
    assert info is not None
    return int(info["state"]["messages"])


async def _patiently(ask: Callable[[], Awaitable[object]]) -> None:
    """A cluster that has just begun may not have agreed on a leader yet."""
    for attempt in range(20):
        try:
            await ask()
            return
        except Exception:
            if attempt == 19:
                raise
            await asyncio.sleep(0.5)
