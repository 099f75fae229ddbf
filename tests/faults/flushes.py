"""A disk that flushes slowly, or fails to: does an answer ever leave before its flush?

A library that stands between the service and libc makes it so, compiled where the tests run.
"""

import asyncio
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic
from urllib.error import HTTPError

from tests.faults.disks import run
from tests.faults.probing import Heard, Probes, as_told, audited
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial, together

SOURCE = Path(__file__).with_name("faultio.c")
SLOW_MILLISECONDS = 200
CROWD, QUEUE = 64, 24
"""Clients, and commands that may wait: more of them come at a time than are let in."""
MEGABYTES_MORE = 64
"""What a service under back-pressure may take at most."""
SETTLE_SECONDS, LOOK_SECONDS = 0.5, 1.0


def lacking() -> str:
    """What is missing on this machine."""
    return "" if shutil.which("gcc") else "there is no compiler: apt-get install gcc libc6-dev"


@dataclass(frozen=True)
class Disk:
    """What the library is told, and what it notes."""

    folder: Path
    library: Path

    @classmethod
    def below(cls, folder: Path) -> "Disk":
        """Compile the library there."""
        library = folder / "faultio.so"
        run("gcc", "-shared", "-fPIC", "-O2", "-o", library, SOURCE, "-ldl")
        return cls(folder, library)

    @property
    def environment(self) -> dict[str, str]:
        """What the service runs under: only the files of its log are touched."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAULTIO_PATH": "/tocsin.db",
            "FAULTIO_SAYS": str(self.folder / "says"),
            "FAULTIO_NOTES": str(self.folder / "notes"),
            "TOCSIN_QUEUE_COMMANDS": str(QUEUE),
        }

    def say(self, what: str) -> None:
        """From now on: `slow 200`, `eio once`, `eio`, `read-only`, or nothing."""
        (self.folder / "new").write_text(what)
        (self.folder / "new").rename(self.folder / "says")

    def flushes(self) -> list[tuple[float, float, bool]]:
        """When each began and ended, and whether it succeeded."""
        with suppress(FileNotFoundError):
            lines = map(str.split, (self.folder / "notes").read_text().splitlines())
            return [(float(began), float(ended), code == "0") for _, began, ended, code in lines]
        return []


def premature(heard: Sequence[Heard], flushes: Sequence[tuple[float, float, bool]]) -> list[str]:
    """Keys of acknowledgements between whose sending and arrival no flush began and succeeded."""
    return [
        each.key
        for each in heard
        if each.acknowledged
        and not any(
            ok and each.sent <= began and ended <= each.received for began, ended, ok in flushes
        )
    ]


def slow(site: Site, count: int) -> Result:
    """Each acknowledgement waits for its flush, and a crowd is told to come back, not heaped up."""
    disk = Disk.below(site.folder)
    service = _on(disk, site)
    try:
        service.start()
        before = _megabytes(service)
        disk.say(f"slow {SLOW_MILLISECONDS}")
        probes = Probes(service, CROWD)
        asyncio.run(_for(probes, count))
        grown = _megabytes(service) - before
        disk.say("")
        early = premature(probes.heard, disk.flushes())
        found = audited(probes, service)
    finally:
        service.stop()
    slowest = [ended - began for began, ended, _ in disk.flushes()]
    took = sum(seconds >= SLOW_MILLISECONDS / 1_000 for seconds in slowest)
    orderly = all(each.in_order for each in probes.heard)
    assert took, "no flush of the log came by: it does not go through the library"
    return Result(
        runs=len(probes.acknowledged),
        ok=found.clean and not early and bool(probes.refused) and orderly
        and grown < MEGABYTES_MORE,
        acknowledged=found.acknowledged,
        lost=len(found.lost) + len(early),
        doubled=len(found.doubled),
        gaps=len(found.gaps),
        remark=f"{took} slow flushes, {len(early)} answers before theirs,"
        f" {len(probes.refused)} told to come back, {grown:+.0f} MB",
    )  # fmt: skip


def _megabytes(service: Service) -> float:
    """Memory of the service itself."""
    return float(service.family()[0].memory_info().rss) / 2**20


async def _for(probes: Probes, count: int) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(probes.run(stop))
    await probes.until(count)
    stop.set()
    await running


def _on(disk: Disk, site: Site) -> Service:
    (home := site.folder / "home").mkdir(mode=0o700)
    disk.say("")
    return Service(home, beside=disk.environment)


def failing(site: Site, count: int, *, how: str) -> Result:
    """From the flush that failed, nothing is acknowledged; a new start finds all that ever was."""
    return together([_failed(site, how, number) for number in range(count)])


def _failed(site: Site, how: str, number: int) -> Result:
    (folder := site.folder / f"{number}").mkdir()
    disk = Disk.below(folder)
    service = _on(disk, Site(folder, site.postgres, site.seed))
    try:
        service.start()
        probes = Probes(service)
        before, after, reads, ready = asyncio.run(_break(probes, disk, how))
        disk.say("")
        # Long after the disk is well again it still must not write: what it dropped is gone.
        asyncio.run(_some(probes))
        later = len(probes.acknowledged) - after
        service.kill(with_projector=True)
        service.start()
        found = audited(probes, service)
        whole = bool(service.run("verify")["ok"])
    finally:
        service.stop()
    quiet = before == after and not later
    orderly = all(each.in_order for each in probes.heard)
    return Result(
        1, found.clean and quiet and orderly and reads and not ready and whole,
        found.acknowledged, len(found.lost), len(found.doubled), len(found.gaps),
        service.restarts[1:],
        f"{after - before + later} acknowledged after it, {len(probes.refused)} refused, reads"
        f" {'go on' if reads else 'FAIL'}, readiness {'SAYS NOTHING' if ready else 'says so'}",
    )  # fmt: skip


async def _break(probes: Probes, disk: Disk, how: str) -> tuple[int, int, bool, bool]:
    """Let a flush fail under load: acknowledged right after it, and a while later; what is read;
    and whether it calls itself ready."""
    stop = asyncio.Event()
    running = asyncio.create_task(probes.run(stop))
    await probes.until(3 * probes.clients)
    disk.say(how)
    ends = monotonic() + 30
    while all(ok for _, _, ok in disk.flushes()):
        assert monotonic() < ends, "no flush failed"
        await asyncio.sleep(0.01)
    await asyncio.sleep(SETTLE_SECONDS)
    before = len(probes.acknowledged)
    await asyncio.sleep(LOOK_SECONDS)
    after = len(probes.acknowledged)
    (first, *_) = as_told(probes.heard)
    path = f"/incidents/{first.fields['incident_id']}"
    reads = await asyncio.to_thread(answers, probes.service, path)
    ready = await asyncio.to_thread(answers, probes.service, "/health/ready")
    stop.set()
    await running
    return before, after, reads, ready


async def _some(probes: Probes) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(probes.run(stop))
    await asyncio.sleep(LOOK_SECONDS)
    stop.set()
    await running


def answers(service: Service, path: str) -> bool:
    """Whether it can be read now."""
    with suppress(HTTPError):
        return bool(service.get(path))
    return False


TRIALS = (
    Trial("T11", "flushes that take 200 ms", slow, 60, 600, lacking),
    Trial(
        "T11b", "a flush that fails once (EIO)", partial(failing, how="eio once"), 1, 10, lacking
    ),
    Trial("T11c", "flushes that fail for good", partial(failing, how="eio"), 1, 10, lacking),
)
