"""The power fails under load: is all that was acknowledged on the disk itself?

A store on a disk of its own, whose power cut is: the service is frozen, the disk is copied as it
is by then, without what the system has only in memory, and the copy is looked at as if that
machine had been started again. Then the service goes on. The same service, told to flush less,
must be found out.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from random import Random
from time import sleep

import psutil

from tests.faults.audit import PAGE, Audit, audit
from tests.faults.disks import copied, formatted, lacking, mounted
from tests.faults.load import ANSWER_SECONDS, Load, Told
from tests.faults.rebuilds import check
from tests.faults.service import Service
from tests.faults.storm import caught_up
from tests.faults.trials import Result, Site, Trial
from tests.faults.weak import SYNCHRONOUS
from tocsin.drivers import sqlite3
from tocsin.ledger.merkle import Frontier
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

CUTS_OF_ONE_DISK, MEGABYTES = 20, 256
FIRST_SECONDS, MORE_SECONDS = 0.1, 0.3
"""How long the load runs between one cut and the next: at least, and at most so much more."""
CLIENTS = 16
Unreadable = (StoreUnavailable, sqlite3.Error, OSError, LookupError, ValueError)


@dataclass(frozen=True)
class Cut:
    """What one cut left."""

    audit: Audit
    same_tree: bool
    """Whether the tree at the last acknowledged position is that of the machine that went on."""


@dataclass(frozen=True)
class Outcome:
    """What the cuts of one disk left."""

    cuts: tuple[Cut, ...]
    restarts: tuple[float, ...]
    rebuilt: bool
    """Whether, started again on the last copy, the read models are what rebuilt ones are."""


def cuts(site: Site, count: int, *, synchronous: str = "") -> list[Outcome]:
    """Cut the power so often, of one disk after another."""
    outcomes, weak = [], {SYNCHRONOUS: synchronous} if synchronous else {}
    program = "tests.faults.weak" if weak else "tocsin"
    for left in range(count, 0, -CUTS_OF_ONE_DISK):
        image = formatted(site.folder / "disk", MEGABYTES)
        with mounted(image, site.folder / "home") as home:
            service = Service(home, program=program, beside=weak)
            try:
                service.start()
                number = min(left, CUTS_OF_ONE_DISK)
                load = Load(service, CLIENTS, site.seed + left)
                found = asyncio.run(_outages(service, image, number, load))
                outcomes.append(found if weak else _started_again(service, image, found))
            finally:
                service.stop()
    return outcomes


async def _outages(service: Service, image: Path, count: int, load: Load) -> Outcome:
    stop, chance, found = asyncio.Event(), Random(load.seed), list[Cut]()
    clients = asyncio.create_task(load.run(stop))
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await load.news.wait()
        for _ in range(count):
            await asyncio.sleep(FIRST_SECONDS + chance.random() * MORE_SECONDS)
            found.append(await asyncio.to_thread(outage, service, image, load))
    finally:
        stop.set()
        await clients
    return Outcome(tuple(found), (), rebuilt=True)


def outage(service: Service, image: Path, load: Load) -> Cut:
    """Cut the power, look at what is left, and let the machine go on as if nothing had been."""
    copy = image.with_name("copy")
    with frozen(service):
        heard = list(load.heard)
        copied(image, copy)
    with mounted(copy, image.with_name("after")) as home:
        return examined(replace(service.settings, home=home), service.settings, heard)


@contextmanager
def frozen(service: Service) -> Iterator[None]:
    """All processes of a service, stopped between two of their instructions."""
    family = service.family()
    for process in family:
        process.suspend()
    while not all(map(_stands, family)):
        sleep(0.001)
    yield
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.resume()


def _stands(process: psutil.Process) -> bool:
    """Whether no thread of it runs, not even to the end of something it had asked the system."""
    with suppress(FileNotFoundError):
        tasks = Path("/proc", str(process.pid), "task").iterdir()
        return all((task / "stat").read_text().rpartition(") ")[2][0] in "TtZ" for task in tasks)
    return True


def examined(after: Settings, live: Settings, heard: Sequence[Told]) -> Cut:
    """Compare a disk with what had been acknowledged, and with the machine that went on."""
    last = max((told.fields.get("position", 0) for told in heard), default=0)
    try:
        found, there = audit(after, heard), root(after, last)
        return Cut(found, there is not None and there == root(live, last))
    except Unreadable as error:  # not even to be opened: nothing of it is there
        keys = tuple(told.key for told in heard)
        return Cut(Audit(len(heard), 0, keys, (), (), repr(error)), same_tree=False)


def root(settings: Settings, size: int) -> bytes | None:
    """The root over the first events, made anew from their bytes; None if there are fewer, or if
    the store keeps another.
    """
    bodies: list[bytes] = []
    with closing(Log.open(settings, veiled=True)) as log:
        if log.head() < size:
            return None
        while len(bodies) < size:
            page = log.raw_page(len(bodies), min(PAGE, size - len(bodies)))
            bodies += (body for _, body in page)
        kept = log.tree_root(size)
    frontier = Frontier()
    frontier.extend(bodies)
    return kept if kept == frontier.root() else None


def _started_again(service: Service, image: Path, found: Outcome) -> Outcome:
    """The machine of the last copy is started: by itself it is well, and stays so."""
    with mounted(image.with_name("copy"), image.with_name("after")) as home:
        restored = Service(home)
        try:
            restored.start()
            caught_up(restored)
            verified = bool(restored.run("verify")["ok"])
        finally:
            restored.stop()
        same = not check(restored.settings, positions=1).differing
    return replace(found, restarts=tuple(restored.restarts), rebuilt=verified and same)


def lasting(site: Site, count: int) -> Result:
    """Nothing that was acknowledged is missing after any cut."""
    outcomes = cuts(site, count)
    found = [each for outcome in outcomes for each in outcome.cuts]
    whole = all(cut.audit.clean and cut.same_tree for cut in found)
    rebuilt = all(outcome.rebuilt for outcome in outcomes)
    return told(found, outcomes, ok=whole and rebuilt)


def losing(site: Site, count: int, *, synchronous: str) -> Result:
    """Flushed less, it must lose: or else these cuts would be none."""
    outcomes = cuts(site, count, synchronous=synchronous)
    found = [each for outcome in outcomes for each in outcome.cuts]
    return told(found, outcomes, ok=any(cut.audit.lost for cut in found))


def _missed(outcome: Outcome) -> set[str]:
    """Keys of what was missing after some cut; the next may have found it on the disk."""
    return {key for cut in outcome.cuts for key in cut.audit.lost}


def told(found: Sequence[Cut], outcomes: Sequence[Outcome], *, ok: bool) -> Result:
    """What is told of them. Each cut is asked for all that was acknowledged until then."""
    audits = [each.audit for each in found]
    trees = sum(each.same_tree for each in found)
    damaged = {audit.integrity for audit in audits} - {"ok"}
    cuts_that_lost = sum(bool(audit.lost) for audit in audits)
    return Result(
        runs=len(found),
        ok=ok,
        acknowledged=sum(each.cuts[-1].audit.acknowledged for each in outcomes),
        lost=sum(len(_missed(each)) for each in outcomes),
        doubled=sum(len(audit.doubled) for audit in audits),
        gaps=sum(len(audit.gaps) for audit in audits),
        recoveries=[seconds for outcome in outcomes for seconds in outcome.restarts],
        remark=f"{cuts_that_lost} cuts lost something, {trees} trees the same"
        + (f"; {min(damaged)}" if damaged else ", integrity ok"),
    )


TRIALS = (
    Trial("T2", "power cut, SQLite", lasting, 6, 100, lacking),
    Trial(
        "T2b", "control: synchronous=NORMAL",
        partial(losing, synchronous="NORMAL"), 3, 15, lacking,
    ),
    Trial(
        "T2c", "control: synchronous=OFF",
        partial(losing, synchronous="OFF"), 3, 15, lacking,
    ),
)  # fmt: skip
