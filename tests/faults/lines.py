"""What happens to the line between the service and PostgreSQL: is each command done once, is it
said in time that something is wrong, and does everything go on by itself?"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import psycopg

from tests.faults.audit import Audit, audit
from tests.faults.deaths import empty
from tests.faults.load import Load
from tests.faults.service import Service
from tests.faults.standby import Pair
from tests.faults.storm import ask_again, caught_up
from tests.faults.trials import Result, Site, Trial
from tests.store.proxy import Proxy

CLIENTS, PAUSE_SECONDS = 6, 0.02
"""A load that leaves the machine some air: here it is counted in seconds how things recover."""
ALARM_SECONDS = CAUGHT_UP_SECONDS = 5.0
"""What is promised."""
PATIENCE_SECONDS = 60.0
SAMPLE = 30
LOOK_SECONDS = 0.02


@dataclass
class Seen:
    """What was measured on the way."""

    alarms: list[float] = field(default_factory=list)
    """Seconds from a fault that lasts until readiness said so."""
    recoveries: list[float] = field(default_factory=list)
    """Seconds from its end until the read models had all that there was then, and all was well."""


@dataclass(frozen=True)
class Scene:
    """A service on a line of its own."""

    service: Service
    url: str
    """The database itself, past the line."""
    wire: Proxy


Fault = Callable[[Scene, Seen, Random], None]
"""Happens once, and returns when it is over."""


def alarmed(scene: Scene, seen: Seen) -> None:
    """Wait until it says that something is wrong."""
    began = time.monotonic()
    while scene.service.is_ready():
        assert time.monotonic() - began < PATIENCE_SECONDS, "nobody said anything"
        time.sleep(LOOK_SECONDS)
    seen.alarms.append(time.monotonic() - began)


def commit_cut(scene: Scene, seen: Seen, _: Random) -> None:
    """The server gets a COMMIT, and its answer finds no line any more."""
    cuts = scene.wire.cuts
    scene.wire.cut_when(lambda said: b"COMMIT\0" in said, deliver=True)
    ends = time.monotonic() + PATIENCE_SECONDS
    while scene.wire.cuts == cuts:
        assert time.monotonic() < ends, "nobody committed anything"
        time.sleep(LOOK_SECONDS)


def terminated(scene: Scene, seen: Seen, _: Random) -> None:
    """Every session is ended by the server's administrator."""
    with psycopg.connect(scene.url, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def stranded(scene: Scene, seen: Seen, _: Random) -> None:
    """What is open leads nowhere from now on, and nobody is told; whoever connects anew is well."""
    scene.wire.strand()


def silent(scene: Scene, seen: Seen, _: Random) -> None:
    """Nothing passes for a while, also nothing new, and nobody is told."""
    scene.wire.silence()
    alarmed(scene, seen)
    scene.wire.heal()


def follower_cut(scene: Scene, seen: Seen, _: Random) -> None:
    """Only the sessions by which the projector follows the log are ended. No session listens for
    news: there is no doorbell whose wire could be cut, and a follower looks by itself."""
    ports = [
        each.laddr.port
        for process in scene.service.projectors()
        for each in process.net_connections("inet")
        if each.raddr
    ]
    assert ports, "nobody follows"
    with psycopg.connect(scene.url, autocommit=True) as other:
        ended = other.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE client_port = ANY(%s)",
            (ports,),
        ).fetchone()
    assert ended is not None
    assert ended[0], "the projector has no session"


def restarted(site: Site) -> Fault:
    """PostgreSQL is stopped in order, as for an update, and is back a moment later."""

    def restart(scene: Scene, seen: Seen, chance: Random) -> None:
        site.postgres.stop()
        try:
            alarmed(scene, seen)
            time.sleep(chance.random())
        finally:
            site.postgres.start()

    return restart


@contextmanager
def wired(site: Site, folder: Path, *, direct: bool = False) -> Iterator[Scene]:
    """A service that has started, and reaches its database by a wire unless `direct`."""
    url = empty(site, shared=True)
    with Proxy(site.postgres.port) as wire:
        service = Service(folder, url if direct else wire.through(url))
        try:
            service.start()
            scene = Scene(service, url, wire)
            settled(scene)
            yield scene
        finally:
            wire.heal()
            service.stop()


def settled(scene: Scene) -> float:
    """Wait until the read models have all that is there now, and say how long that took."""
    began, head = time.monotonic(), 0
    while True:
        assert time.monotonic() - began < PATIENCE_SECONDS, "it is not well again"
        try:
            live = [p for p in scene.service.get("/projections")["items"] if p["role"] == "live"]
            head = head or max((each["head"] for each in live), default=0)
            behind = [p for p in live if p["position"] < head or p["state"] != "running"]
            if live and not behind and scene.service.is_ready():
                return time.monotonic() - began
        except (OSError, ValueError):
            pass
        time.sleep(LOOK_SECONDS)


async def weather(scene: Scene, fault: Fault, faults: int, seed: int, seen: Seen) -> Load:
    """A load, and a fault again and again."""
    load = Load(scene.service, CLIENTS, seed, PAUSE_SECONDS)
    stop, chance = asyncio.Event(), Random(seed)
    clients = asyncio.create_task(load.run(stop))
    try:
        for _ in range(faults):
            await asyncio.sleep(0.3 + chance.random())
            await asyncio.to_thread(fault, scene, seen, chance)
            seen.recoveries.append(await asyncio.to_thread(settled, scene))
            assert not clients.done(), clients.exception()
            again = chance.sample(load.heard, min(SAMPLE, len(load.heard)))
            load.changed_their_mind += await ask_again(scene.service, again)
    finally:
        stop.set()
        await clients
    return load


def judged(scene: Scene, fault: Fault, faults: int, seed: int) -> Result:
    """Let it happen so often, and look at what is left."""
    seen = Seen()
    load = asyncio.run(weather(scene, fault, faults, seed, seen))
    caught_up(scene.service)
    verified = scene.service.run("verify")
    return told(audit(scene.service.settings, load.heard), seen, load, faults, bool(verified["ok"]))


def told(found: Audit, seen: Seen, load: Load, faults: int, verified: bool) -> Result:
    """What is told of it."""
    retried = sum(told.attempts > 1 for told in load.heard)
    alarm = f"alarm after {max(seen.alarms):.2f} s at most, " if seen.alarms else ""
    timely = max(seen.alarms, default=0.0) < ALARM_SECONDS
    timely &= max(seen.recoveries, default=0.0) < CAUGHT_UP_SECONDS
    return Result(
        runs=faults,
        ok=found.clean and verified and timely and not load.changed_their_mind,
        acknowledged=found.acknowledged,
        lost=len(found.lost),
        doubled=len(found.doubled),
        gaps=len(found.gaps),
        recoveries=seen.recoveries,
        remark=f"{alarm}{retried} sent again, {len(load.changed_their_mind)} answers changed,"
        f" read models {'as rebuilt' if verified else 'DIFFER'}",
    )


def line(site: Site, faults: int, *, fault: Callable[[Site], Fault], direct: bool) -> Result:
    """A trial of one fault."""
    with tempfile.TemporaryDirectory(dir=site.folder) as home:
        place: AbstractContextManager[Scene] = wired(site, Path(home), direct=direct)
        with place as scene:
            return judged(scene, fault(site), faults, site.seed)


def failed_over(site: Site, times: int) -> Result:
    """The primary dies, and its synchronous standby takes its place: both are in the address."""
    results = []
    for number in range(times):
        with Pair.started() as pair, tempfile.TemporaryDirectory(dir=site.folder) as home:
            service = Service(Path(home), pair.url)
            try:
                service.start()
                with Proxy(pair.standby.port) as unused:
                    scene = Scene(service, pair.standby.url("tocsin"), unused)
                    settled(scene)
                    results.append(judged(scene, pair.fail_over, 1, site.seed + number))
            finally:
                service.stop()
    return Result(
        runs=times,
        ok=all(each.ok for each in results),
        acknowledged=sum(each.acknowledged for each in results),
        lost=sum(each.lost for each in results),
        doubled=sum(each.doubled for each in results),
        gaps=sum(each.gaps for each in results),
        recoveries=[seconds for each in results for seconds in each.recoveries],
        remark=results[-1].remark,
    )


def _trial(
    number: str, name: str, fault: Fault, short: int, long: int, *, direct: bool = False
) -> Trial:
    run = partial(line, fault=lambda _: fault, direct=direct)
    return Trial(number, name, run, short, long, alone=True)


TRIALS = (
    _trial("T4", "PostgreSQL: cut behind a COMMIT", commit_cut, 3, 200),
    _trial("T4b", "PostgreSQL: all sessions ended", terminated, 2, 100, direct=True),
    _trial("T4c", "PostgreSQL: connections half open", stranded, 1, 50),
    _trial("T4d", "PostgreSQL: silent for a while", silent, 1, 50),
    _trial("T4e", "PostgreSQL: the followers' sessions ended", follower_cut, 1, 100, direct=True),
    Trial(
        "T4f", "PostgreSQL: restarted", partial(line, fault=restarted, direct=True), 1, 50,
        alone=True,
    ),
    Trial("T4g", "PostgreSQL: fail-over to a standby", failed_over, 1, 20, alone=True),
)  # fmt: skip
