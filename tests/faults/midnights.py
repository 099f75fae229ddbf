"""A load whose time comes now, and timekeepers that die when something is due, again and again."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.error import HTTPError

from tests.faults.audit import Audit, audit
from tests.faults.dues import POLICY, Dues
from tests.faults.load import Client, Told
from tests.faults.service import Service
from tests.faults.storm import caught_up
from tests.faults.timekeeping import Kept, kept

WARMING_SECONDS = 1.0
AHEAD_SECONDS = 1.5
"""How far ahead the due moment is at which it dies."""
AROUND_SECONDS = (-0.01, 0.12)
"""When it dies, as seen from that moment: looking, deciding, committing, answering."""
DOWN_SECONDS = 1.0
"""For how long nobody is there, at most; of two, how long the other one is alone."""
SETTLE_SECONDS = 60.0


@dataclass
class Dawn:
    """What was left after all of that."""

    deaths: int
    kept: Kept
    audit: Audit
    answers_changed: tuple[str, ...]
    restarts: list[float]
    read_models: dict[str, Any]

    @property
    def clean(self) -> bool:
        whole = self.audit.clean and not self.answers_changed and bool(self.read_models["ok"])
        return self.kept.clean and whole


def night(services: Sequence[Service], deaths: int, seed: int) -> Dawn:
    """Start services on one store, let one of them die so often, and examine what is left."""
    first = services[0]
    for service in services:
        service.start()
    loads = [Dues(service, seed=seed + n) for n, service in enumerate(services)]
    asyncio.run(_dark(services, loads, deaths, Random(seed)))
    until = datetime.now(UTC)
    found = _settled(first, until)
    caught_up(first)
    heard: list[Told] = [told for load in loads for told in load.heard]
    return Dawn(
        deaths,
        found,
        audit(first.settings, heard),
        tuple(key for load in loads for key in load.changed_their_mind),
        [seconds for service in services for seconds in service.restarts[1:]],
        first.run("verify"),
    )


async def _dark(
    services: Sequence[Service], loads: Sequence[Dues], deaths: int, chance: Random
) -> None:
    await _publish(services[0])
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for load in loads:
            group.create_task(load.run(stop))
        try:
            await asyncio.sleep(WARMING_SECONDS)
            for _ in range(deaths):
                await asyncio.to_thread(_die, chance.choice(services), chance)
        finally:
            stop.set()


async def _publish(service: Service) -> None:
    client = Client(service)
    rules = {"document": POLICY.read_text(encoding="utf-8"), "note": "All is due within minutes."}
    published = await client.tell("policy", "/policy", rules)
    assert published.status == 201, published.answer
    client.close()


def _die(service: Service, chance: Random) -> None:
    """The service dies when something is due, with or without its projector, and comes back."""
    around = chance.uniform(*AROUND_SECONDS)
    time.sleep(max(0.0, _next_due(service, chance) + around - time.time()))
    service.kill(with_projector=chance.random() < 0.5)
    time.sleep(chance.random() * DOWN_SECONDS)
    service.start()


def _next_due(service: Service, chance: Random) -> float:
    """One of the moments at which something falls due soon, as its own agenda says."""
    now, agenda = time.time(), []
    # Right after a start nobody may have built it yet, and then any moment will do.
    with suppress(HTTPError):
        agenda = service.get("/agenda?limit=200")["items"]
    moments = [datetime.fromisoformat(each["due_at"]).timestamp() for each in agenda]
    soon = [moment for moment in moments if now < moment < now + AHEAD_SECONDS]
    return chance.choice(soon) if soon else now + chance.random() * AHEAD_SECONDS


def _settled(service: Service, until: datetime) -> Kept:
    """Wait until all that was due by then is done, if it ever is."""
    latest = time.monotonic() + SETTLE_SECONDS
    while True:
        found = kept(service.settings, until)
        if found.complete or time.monotonic() > latest:
            return found
        time.sleep(0.5)
