"""JetStream's leader dies under load: is every event relayed once, and every alert taken in once?

A real cluster of three nodes on this machine keeps every message three times; the relay, the
service and two intakes are processes as people run them. Each death is a `kill -9` of the node that
leads the stream (for the intake, of a consumer as well), which comes back a moment later.
"""

import asyncio
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from itertools import pairwise
from typing import Any

from nats.js.api import AckPolicy, ConsumerConfig

from tests.faults.busy import publishing, running, writing
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial
from tests.nats import Jetstream, Node
from tocsin.jetstream.connecting import CannotStream, connected
from tocsin.jetstream.streams import ApiRefused, StreamAway, Streams
from tocsin.settings import Settings
from tocsin.store.log import Log

BETWEEN_SECONDS = 1.0
"""Load before each death."""
DEAD_SECONDS = 1.0
"""Until a node that was killed is started again."""
RECOVERY_SECONDS = 60.0
CATCH_UP_SECONDS = 120.0
PARTS = 4
ASK_SECONDS = 1.0


def relayed(site: Site, kills: int) -> Result:
    """Events are written and relayed while leaders die."""
    with ExitStack() as stack:
        cluster, settings = _cluster(stack, site)
        log = stack.enter_context(closing(Log.open(settings, writer=True)))
        writer = stack.enter_context(writing(log))
        relay = stack.enter_context(running(settings, "relay", "nats"))
        recoveries = []
        _await(lambda: _last(settings) > 0, CATCH_UP_SECONDS, relay)
        for _ in range(kills):
            time.sleep(BETWEEN_SECONDS)
            node = cluster.kill_leader(settings.relay_stream)
            recoveries.append(_recovered(lambda: _last(settings), node, relay))
            cluster.start()
        writer.stop()
        head = log.head()
        _await(lambda: _last(settings) >= head, CATCH_UP_SECONDS, relay)
        found = asyncio.run(_positions(settings))
    lost, doubled, gaps = in_order(found, head)
    ok = not (lost or doubled or gaps)
    return Result(kills, ok, head, lost, doubled, gaps, recoveries, f"{head:,} events in the log")


def in_order(found: Sequence[int], head: int) -> tuple[int, int, int]:
    """What of 1 to `head` is missing, is there again, and does not follow the one before it."""
    times = Counter(found)
    lost = sum(1 for position in range(1, head + 1) if not times[position])
    doubled = sum(each - 1 for each in times.values())
    gaps = sum(1 for one, other in pairwise(found) if other != one + 1)
    return lost, doubled, gaps


def taken_in(site: Site, kills: int) -> Result:
    """Alerts are queued and taken in by two hosts while leaders die."""
    with ExitStack() as stack:
        cluster, settings = _cluster(stack, site)
        service = Service(settings.home)
        stack.callback(service.stop)
        service.start()
        settings = _asking(settings, service)
        hosts = [stack.enter_context(running(settings, "intake", "nats")) for _ in range(2)]
        _await(lambda: _waits(settings) is not None, CATCH_UP_SECONDS, *hosts)
        storm = stack.enter_context(publishing(settings))
        recoveries = []
        for number in range(kills):
            time.sleep(BETWEEN_SECONDS)
            node = _killed(cluster, settings, number)
            recoveries.append(_recovered(lambda: _done(settings), node, *hosts))
            cluster.start()
        storm.stop()
        _await(lambda: _waits(settings) == 0, CATCH_UP_SECONDS, *hosts)
        parked = asyncio.run(_parked(settings))
        with closing(Log.open(service.settings)) as log:
            reported, resolved = _alarms(log)
    lost, doubled = each_once(storm.rang, storm.ended, reported, resolved)
    ok = not (lost or doubled or parked)
    remark = f"{len(reported):,} incidents of {len(storm.stored):,} alerts, {parked} parked"
    return Result(kills, ok, len(storm.stored), lost, doubled, 0, recoveries, remark)


def each_once(
    rang: Iterable[str], ended: Iterable[str], reported: "Counter[str]", resolved: "Counter[str]"
) -> tuple[int, int]:
    """Alarms whose beginning or end is missing, and those that are there again."""
    lost = sum(1 for key in rang if not reported[key])
    lost += sum(1 for key in ended if not resolved[key])
    doubled = sum(times - 1 for times in (*reported.values(), *resolved.values()))
    return lost, doubled


def _cluster(stack: ExitStack, site: Site) -> tuple[Jetstream, Settings]:
    cluster = Jetstream(site.folder / "nats", 3)
    stack.callback(cluster.stop)
    cluster.start()
    home = site.folder / "home"
    home.mkdir()
    return cluster, Settings(home=home, nats_servers=tuple(cluster.servers.split(",")))


def _asking(settings: Settings, service: Service) -> Settings:
    """The settings of an intake that asks a service."""
    key = settings.home / "intake.key"
    key.write_text(service.token)
    chosen = {name: getattr(settings, name) for name in ("home", "nats_servers")}
    url = f"http://127.0.0.1:{service.settings.port}"
    return Settings(**chosen, intake_url=url, intake_key_file=key, intake_partitions=PARTS)


def _killed(cluster: Jetstream, settings: Settings, number: int) -> Node:
    """Whoever leads the stream; every other time, whoever leads a consumer of it."""
    consumer = f"intake-{number // 2 % PARTS}" if number % 2 else ""
    node = asyncio.run(cluster.leader(settings.intake_stream, consumer))
    node.kill()
    return node


def _recovered(position: Any, dead: Node, *programs: "subprocess.Popen[bytes]") -> float:
    """Seconds until it goes on: something more is there than whoever leads next found."""
    began, first, passed = time.monotonic(), -1, 0.0
    while first < 0 or position() <= first:
        passed = time.monotonic() - began
        first = position() if first < 0 else first
        if passed > DEAD_SECONDS:
            dead.start()
        assert passed < RECOVERY_SECONDS, "it does not go on"
        assert all(each.poll() is None for each in programs), "a program ended by itself"
        time.sleep(0.02)
    passed = time.monotonic() - began
    time.sleep(max(0.0, DEAD_SECONDS - passed))
    return passed


def _await(done: Any, seconds: float, *programs: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, "it does not come to an end"
        assert all(each.poll() is None for each in programs), "a program ended by itself"
        time.sleep(0.1)


async def _told(settings: Settings, stream: str) -> dict[str, Any] | None:
    try:
        async with connected(settings, "audit", stay=False) as client:
            return await Streams(client, ASK_SECONDS).info(stream)
    except (CannotStream, StreamAway, ApiRefused):
        return None


def _last(settings: Settings) -> int:
    """The last sequence of the events' stream; each event is one, so it is the position."""
    info = asyncio.run(_told(settings, settings.relay_stream))
    return int(info["state"]["last_seq"]) if info else -1


def _waits(settings: Settings) -> int | None:
    info = asyncio.run(_told(settings, settings.intake_stream))
    return int(info["state"]["messages"]) if info else None


def _done(settings: Settings) -> int:
    """Messages that were taken in so far; none is known while nobody leads the stream."""
    info = asyncio.run(_told(settings, settings.intake_stream))
    return int(info["state"]["last_seq"] - info["state"]["messages"]) if info else -1


async def _parked(settings: Settings) -> int:
    info = await _told(settings, settings.parked_stream)
    return int(info["state"]["messages"]) if info else 0


async def _positions(settings: Settings) -> list[int]:
    """Those of all messages, in the order of the stream."""
    found: list[int] = []
    async with connected(settings, "audit", stay=False) as client:
        nothing = ConsumerConfig(ack_policy=AckPolicy.NONE)
        consumer = await client.jetstream().pull_subscribe(
            "", durable="audit", stream=settings.relay_stream, config=nothing
        )
        info = await Streams(client).info(settings.relay_stream)
        assert info is not None
        while len(found) < info["state"]["messages"]:
            messages = await consumer.fetch(500, timeout=10)
            found += [int((each.headers or {})["Tocsin-Position"]) for each in messages]
    return found


def _alarms(log: Log) -> tuple["Counter[str]", "Counter[str]"]:
    """How often an incident was reported under each key, and resolved."""
    keys: dict[Any, str] = {}
    reported: Counter[str] = Counter()
    resolved: Counter[str] = Counter()
    position = 0
    while page := log.page(position, 5_000):
        for each in page:
            if each.event.event_name == "incident.reported" and each.event.dedup_key:
                keys[each.stream] = each.event.dedup_key
                reported[each.event.dedup_key] += 1
            elif each.event.event_name == "incident.resolved":
                resolved[keys[each.stream]] += 1
        position = page[-1].position
    return reported, resolved


TRIALS: Sequence[Trial] = (
    Trial("N1", "JetStream's leader, relay", relayed, 1, 10),
    Trial("N2", "JetStream's leader, intake", taken_in, 1, 10),
)
