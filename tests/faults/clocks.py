"""The clock of the machine jumps: does anything but the times on record notice?

Each service runs under libfaketime, which says another time of day whenever it is told so; what
counts seconds is left alone. Of two servers on one database, each has a clock of its own.
"""

import asyncio
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import cycle, islice, pairwise
from pathlib import Path
from random import Random
from time import monotonic, sleep
from typing import Any
from uuid import UUID

from tests.faults.audit import audit, every_event
from tests.faults.deaths import empty
from tests.faults.load import Client, Load, Told
from tests.faults.service import Service
from tests.faults.storm import caught_up
from tests.faults.trials import Result, Site, Trial
from tocsin.domain.kernel import Recorded
from tocsin.store.log import Log

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
YEAR, HOUR = 365 * 86_400, 3_600
STEPS = (0, YEAR, 0, -YEAR, 0, HOUR, -HOUR, 5, -5, 86_400, -86_400, 0)
"""Seconds that the clock is off, one after the other."""
CHANGES = tuple(datetime(2026, *day, 0, 59, 57, tzinfo=UTC) for day in ((3, 29), (10, 25)))
BEFORE_SECONDS = 3.0
"""So long after these moments the clocks of Berlin are set forward, and back."""
ZONE = "Europe/Berlin"
ACROSS_SECONDS, SETTLE_SECONDS = 5.0, 20.0
NOTICED_SECONDS = 1
"""After so long a service sees that its clock was set; to look each time would slow it down."""
CLIENTS, ANSWERS = 6, 40


def lacking() -> str:
    """What is missing on this machine."""
    return "" if LIBRARY.exists() else "there is no libfaketime: apt-get install faketime"


@dataclass(frozen=True)
class Clock:
    """The time of day of one service."""

    file: Path

    @classmethod
    def below(cls, folder: Path) -> "Clock":
        """One that is right, for now."""
        clock = cls(folder / "clock")
        clock.set(0)
        return clock

    @property
    def environment(self) -> dict[str, str]:
        """What the service runs under."""
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_CACHE_DURATION": str(NOTICED_SECONDS),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "TZ": ZONE,
        }

    def set(self, seconds: float) -> None:
        """Be off by so much from now on."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+.3f}\n")
        new.rename(self.file)


@dataclass
class Scene:
    """Services whose clocks jump, and what their clients were told."""

    services: Sequence[Service]
    clocks: Sequence[Clock]
    loads: Sequence[Load]
    both: list[Told]
    """Of commands on one incident that were sent to the services in turn."""
    unready: int = 0
    """Jumps after which a service did not call itself ready again."""


def jumping(site: Site, jumps: int, *, services: int) -> Result:
    """Jump so often under load; nothing is refused for it, nor told or kept in another order."""
    scene = _scene(site, services)
    try:
        for service in scene.services:
            service.start()
        asyncio.run(_jumps(scene, list(islice(cycle(STEPS[1:]), jumps)), site.seed))
        events, result = _looked_at(scene, jumps)
        assert any(b.recorded_at < a.recorded_at for a, b in pairwise(events)), "no clock went back"
        return result
    finally:
        for service in scene.services:
            service.stop()


def changing(site: Site, times: int) -> Result:
    """Go across a change of summer time under load, so often, in a zone that has it."""
    scene = _scene(site, 1)
    (service,), (clock,) = scene.services, scene.clocks
    moments = [CHANGES[n % 2] for n in range(times)]
    try:
        clock.set((moments[0] - datetime.now(UTC)).total_seconds())
        service.start()
        asyncio.run(_changes(scene, moments))
        events, result = _looked_at(scene, times)
        around = [(each.recorded_at - moments[0]).total_seconds() for each in events]
        assert any(0 <= each < BEFORE_SECONDS for each in around), "nothing came before the change"
        assert any(BEFORE_SECONDS < each < HOUR for each in around), "nothing came after it"
        return result
    finally:
        service.stop()


def _scene(site: Site, count: int) -> Scene:
    """Services with one home: the keys of vault and ledger are those of all servers."""
    database, services, clocks = empty(site, shared=count > 1), list[Service](), list[Clock]()
    (home := site.folder / "home").mkdir(mode=0o700)
    for number in range(count):
        (place := site.folder / f"{number}").mkdir()
        clocks.append(Clock.below(place))
        services.append(Service(home, database, beside=clocks[-1].environment))
    loads = [Load(each, CLIENTS, site.seed + n, 0.01) for n, each in enumerate(services)]
    return Scene(services, clocks, loads, [])


async def _jumps(scene: Scene, steps: Sequence[float], seed: int) -> None:
    """Each jump is of one of the clocks, and followed by so many answers."""
    stop, chance = asyncio.Event(), Random(seed)
    async with asyncio.TaskGroup() as group:
        for load in scene.loads:
            group.create_task(load.run(stop))
        group.create_task(_in_turn(scene, stop))
        await _answers(scene)
        for step in steps:
            chance.choice(scene.clocks).set(step)
            await _answers(scene)
            scene.unready += await asyncio.to_thread(_unready, scene)
        for clock in scene.clocks:
            clock.set(0)
        await _answers(scene)
        stop.set()


async def _changes(scene: Scene, moments: Sequence[datetime]) -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(scene.loads[0].run(stop))
        group.create_task(_in_turn(scene, stop))
        for moment in moments:
            scene.clocks[0].set((moment - datetime.now(UTC)).total_seconds())
            await asyncio.sleep(ACROSS_SECONDS)
            await _answers(scene)
            scene.unready += await asyncio.to_thread(_unready, scene)
        stop.set()


async def _answers(scene: Scene) -> None:
    """Wait until so many more were answered by each, once it has noticed."""
    await asyncio.sleep(NOTICED_SECONDS)
    wanted = [len(load.heard) + ANSWERS for load in scene.loads]
    ends = monotonic() + SETTLE_SECONDS
    while any(len(load.heard) < many for load, many in zip(scene.loads, wanted, strict=True)):
        assert monotonic() < ends, "nobody is answered any more"
        await asyncio.sleep(0.01)


async def _in_turn(scene: Scene, stop: asyncio.Event) -> None:
    """One incident, noted on at one service after the other."""
    clients = [Client(service) for service in scene.services]
    report = ("turns", "/incidents", {"title": "It is down", "source": "monitoring"})
    scene.both.append(await clients[0].tell(*report))
    path = f"/incidents/{scene.both[0].fields['incident_id']}/note"
    while not stop.is_set():
        number = len(scene.both)
        client = clients[number % len(clients)]
        scene.both.append(await client.tell(f"turn-{number}", path, {"text": f"Turn {number}"}))
    for client in clients:
        client.close()


def _unready(scene: Scene) -> int:
    """How many never become ready again."""
    return sum(not _ready(service) for service in scene.services)


def _ready(service: Service) -> bool:
    ends = monotonic() + SETTLE_SECONDS
    while monotonic() < ends:
        if service.is_ready():
            return True
        sleep(0.05)
    return False


def _looked_at(scene: Scene, jumps: int) -> tuple[list[Recorded[Any]], Result]:
    first = scene.services[0]
    caught_up(first)
    heard = [told for load in scene.loads for told in load.heard] + scene.both
    found = audit(first.settings, heard)
    with closing(Log.open(first.settings)) as log:
        events = list(every_event(log))
    backwards = sum(after.recorded_at < before.recorded_at for before, after in pairwise(events))
    turned = going_back(events)
    later = sum(told.attempts > 1 for told in heard)
    changed = sum(len(load.changed_their_mind) for load in scene.loads)
    whole = bool(first.run("verify")["ok"])
    return events, Result(
        jumps,
        found.clean and whole and not (turned or later or changed or scene.unready),
        found.acknowledged, len(found.lost), len(found.doubled), len(found.gaps) + len(turned),
        remark=f"{backwards} events with an earlier time than the one before,"
        f" {len(turned)} within a stream, {later} put off, {scene.unready} unready",
    )  # fmt: skip


def going_back(events: Sequence[Recorded[Any]]) -> list[str]:
    """Events that were recorded before the one before them in their stream."""
    last, found = dict[UUID, datetime](), []
    for each in events:
        if each.recorded_at < last.get(each.stream, each.recorded_at):
            found.append(f"version {each.version} of {each.stream}")
        last[each.stream] = each.recorded_at
    return found


TRIALS = (
    Trial("T14", "clock jumps of a year, SQLite", partial(jumping, services=1), 3, 60, lacking),
    Trial(
        "T14b", "the same on one of two servers, PostgreSQL",
        partial(jumping, services=2), 3, 60, lacking,
    ),
    Trial("T14c", "across changes of summer time", changing, 0, 20, lacking),
)  # fmt: skip
