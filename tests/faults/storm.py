"""A load, and things that die under it, again and again."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.faults.audit import Audit, audit
from tests.faults.load import Client, Load, Told
from tests.faults.service import Service
from tests.postgres import Postgres

FIRST_SECONDS, MORE_SECONDS = 0.15, 0.5
"""How long the load runs between one death and the next: at least, and at most so much more."""
RECOVERY_SECONDS = 60.0
CATCH_UP_SECONDS = 60.0
SAMPLE = 60
"""Commands of each round that are sent again after the restart."""

Death = Callable[[Service, Random], None]


def of_the_service(service: Service, chance: Random) -> None:
    """The service dies, with or without its projector; somebody starts it again."""
    service.kill(with_projector=chance.random() < 0.5)
    service.start()


def of_the_projector(service: Service, chance: Random) -> None:
    """Only the projector dies; the service goes on, and starts another."""
    service.kill_projector()


def of_anything(service: Service, chance: Random) -> None:
    """Mostly the service, now and then the projector alone."""
    (of_the_projector if chance.random() < 0.15 else of_the_service)(service, chance)


def of_the_database(postgres: Postgres) -> Death:
    """PostgreSQL dies with all its sessions, and comes back a moment later."""

    def death(service: Service, chance: Random) -> None:
        postgres.kill()
        time.sleep(chance.random() * 0.5)
        postgres.start()

    return death


@dataclass
class Outcome:
    """What was left after a storm."""

    deaths: int
    audit: Audit
    answers_changed: tuple[str, ...]
    """Keys whose second answer, maybe from another process, was not byte for byte the first."""
    restarts: list[float]
    read_models: dict[str, Any]
    """What `tocsin verify` says about the log and the rebuilt read models."""
    retried: int = field(default=0)
    """Commands that were sent more than once before they were answered."""
    recoveries: tuple[float, ...] = ()
    """Seconds from each death until somebody was answered again."""
    differing: tuple[str, ...] = ()
    """Read models that say otherwise when they are made anew, now or as of an earlier position."""

    @property
    def clean(self) -> bool:
        whole = self.audit.clean and not self.answers_changed and not self.differing
        return whole and bool(self.read_models["ok"])


def storm(service: Service, death: Death, deaths: int, seed: int, clients: int = 16) -> Outcome:
    """Start the service, let it die so often under load, and examine what is left."""
    if not service.restarts:
        service.start()
    load = Load(service, clients, seed)
    recoveries = asyncio.run(_weather(service, death, deaths, load))
    caught_up(service)
    return Outcome(
        deaths,
        audit(service.settings, load.heard),
        tuple(load.changed_their_mind),
        service.restarts[1:],
        service.run("verify"),
        sum(told.attempts > 1 for told in load.heard),
        tuple(recoveries),
    )


async def _weather(service: Service, death: Death, deaths: int, load: Load) -> list[float]:
    stop, chance = asyncio.Event(), Random(load.seed)
    recoveries = []
    clients = asyncio.create_task(load.run(stop))
    try:
        for _ in range(deaths):
            await asyncio.sleep(FIRST_SECONDS + chance.random() * MORE_SECONDS)
            began = time.monotonic()
            await asyncio.to_thread(death, service, chance)
            load.news.clear()
            await _either(load.news.wait(), clients)
            recoveries.append(time.monotonic() - began)
            again = chance.sample(load.heard, min(SAMPLE, len(load.heard)))
            load.changed_their_mind += await ask_again(service, again)
    finally:
        stop.set()
        await clients
    return recoveries


async def _either(news: Coroutine[Any, Any, bool], clients: "asyncio.Task[None]") -> None:
    """Wait until somebody is answered again, or a client has failed."""
    waiting = asyncio.create_task(news)
    done, _ = await asyncio.wait(
        (waiting, clients), timeout=RECOVERY_SECONDS, return_when=asyncio.FIRST_COMPLETED
    )
    waiting.cancel()
    assert done, f"nobody was answered for {RECOVERY_SECONDS} s"


async def ask_again(service: Service, before: list[Told]) -> list[str]:
    """Send commands again; return the keys of those whose answer is not the first one."""
    client = Client(service)
    changed = []
    for told in before:
        again = await client.tell(told.key, told.path, told.body)
        same = (again.status, again.answer) == (told.status, told.answer)
        if not same or not again.replayed:
            changed.append(told.key)
    client.close()
    return changed


def caught_up(service: Service) -> None:
    """Soon it is well again, and the live read models have seen all events."""
    until = time.monotonic() + CATCH_UP_SECONDS
    while not service.is_ready():
        assert time.monotonic() < until, f"it is not ready\n{service.stderr()}"
        time.sleep(0.05)
    while True:
        live = [each for each in service.get("/projections")["items"] if each["role"] == "live"]
        if live and not any(each["lag_events"] for each in live):
            return
        late = f"the read models do not follow: {live}\n{service.stderr()}"
        assert time.monotonic() < until, late
        time.sleep(0.05)
