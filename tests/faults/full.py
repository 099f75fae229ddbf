"""A disk that is full, and one that its system has made read-only: is the service honest about it?

Nothing is acknowledged that is not stored, whoever asks is told to come back, reads go on; and when
there is room again the service goes on by itself, without anybody starting it.
"""

import asyncio
import os
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import monotonic

from tests.faults.audit import Audit
from tests.faults.disks import formatted, lacking, mounted, repaired, run, tmpfs
from tests.faults.flushes import Disk, answers, premature
from tests.faults.flushes import lacking as without_compiler
from tests.faults.probing import Probes, as_told, audited
from tests.faults.service import Service
from tests.faults.trials import Result, Site, Trial, together

MEGABYTES, FILLS_OF_ONE_DISK = 64, 4
"""After so many what is stored takes too much of it: then comes an empty one."""
PIECE, LEFT = 65_536, 131_072
"""What is filled in at a time, and what a disk that is almost full has left."""
LOOK_SECONDS, WELL_SECONDS = 1.0, 60.0


@dataclass(frozen=True)
class Phase:
    """What was seen while nothing could be written."""

    reads: bool
    """Whether what had been acknowledged could still be read."""
    recovery: float
    """Seconds from when there was room again until it was acknowledged again."""


def in_memory(folder: Path) -> AbstractContextManager[Path]:
    """A small disk in memory."""
    return tmpfs(folder / "home", MEGABYTES)


def on_ext4(folder: Path) -> AbstractContextManager[Path]:
    """A small ext4, which gives out space later than it promises it."""
    return mounted(formatted(folder / "disk", MEGABYTES), folder / "home")


def filled(
    site: Site, times: int, *, disk: Callable[[Path], AbstractContextManager[Path]]
) -> Result:
    """Fill a disk under load, make room again, so often; then look at what is there."""
    results = []
    for left in range(times, 0, -FILLS_OF_ONE_DISK):
        (folder := site.folder / f"{left}").mkdir()
        with disk(folder) as home:
            results.append(_filled(home, min(left, FILLS_OF_ONE_DISK)))
    return together(results)


def _filled(home: Path, times: int) -> Result:
    service = Service(home)
    try:
        service.start()
        probes = Probes(service)
        phases = asyncio.run(_fills(probes, home, times))
        found = audited(probes, service)
        whole = bool(service.run("verify")["ok"])
    finally:
        service.stop()
    return _told(probes, phases, found, whole=whole)


async def _fills(probes: Probes, home: Path, times: int) -> list[Phase]:
    stop = asyncio.Event()
    running = asyncio.create_task(probes.run(stop))
    phases = []
    for _ in range(times):
        await probes.until(len(probes.acknowledged) + 2 * probes.clients)
        ballast = home / "ballast"
        await asyncio.to_thread(_fill, ballast)
        phases.append(await _until_well(probes, ballast.unlink))
    stop.set()
    await running
    return phases


def _fill(ballast: Path) -> None:
    """Leave almost nothing, however much the service takes meanwhile."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(PIECE))
    os.truncate(ballast, max(ballast.stat().st_size - LEFT, 0))


async def _until_well(probes: Probes, mend: Callable[[], None]) -> Phase:
    """Wait until it is refused, mend it, and wait until it is acknowledged again."""
    reads = await _refused(probes)
    before = len(probes.acknowledged)
    mend()
    began = monotonic()
    await probes.until(before + 2 * probes.clients, WELL_SECONDS)
    return Phase(reads, monotonic() - began)


async def _refused(probes: Probes) -> bool:
    """Wait until everybody is refused; return whether it can still be read, a while later."""
    ends, refused = monotonic() + WELL_SECONDS, len(probes.refused)
    while len(probes.refused) < refused + 2 * probes.clients:
        assert monotonic() < ends, "nobody is refused: it can still be written"
        await asyncio.sleep(0.02)
    await asyncio.sleep(LOOK_SECONDS)
    path = f"/incidents/{as_told(probes.heard)[0].fields['incident_id']}"
    return await asyncio.to_thread(answers, probes.service, path)


def aborted(site: Site, times: int) -> Result:
    """The system takes a file system away for writing, as it does when its disk breaks, so often;
    it is repaired and mounted again, and the service started.

    A kernel that gives a file system up may call a flush that is under way a success, and drop what
    it was to flush. Nobody above it can know. So an answer counts as lost if it left without a
    flush that was called a success; those that the kernel dropped are told apart.
    """
    return together([_aborted(site.folder / f"{number}") for number in range(times)])


def _aborted(folder: Path) -> Result:
    folder.mkdir()
    image, disk = formatted(folder / "disk", MEGABYTES), Disk.below(folder)
    disk.say("")
    with mounted(image, folder / "home") as home:
        service = Service(home, beside=disk.environment)
        try:
            service.start()
            probes = Probes(service)
            reads = asyncio.run(_aborts(probes, home))
        finally:
            service.kill(with_projector=True)
            service.stop()
    repaired(image)
    with mounted(image, folder / "home") as home:
        service = Service(home)
        try:
            service.start()
            found = audited(probes, service)
            whole = bool(service.run("verify")["ok"])
        finally:
            service.stop()
    missing = [each for each in probes.acknowledged if each.key in found.lost]
    early = premature(missing, disk.flushes())
    dropped = {each.key for each in missing} - {*early}
    kept = replace(found, lost=tuple(key for key in found.lost if key not in dropped))
    result = _told(probes, [Phase(reads, service.restarts[0])], kept, whole=whole)
    return replace(result, remark=f"{result.remark}; dropped by the kernel: {len(dropped)}")


async def _aborts(probes: Probes, home: Path) -> bool:
    """Take it away under load, and see whether it can still be read."""
    stop = asyncio.Event()
    running = asyncio.create_task(probes.run(stop))
    await probes.until(2 * probes.clients)
    await asyncio.to_thread(run, "mount", "-o", "remount,abort", home)
    reads = await _refused(probes)
    stop.set()
    await running
    return reads


def _told(probes: Probes, phases: list[Phase], found: Audit, *, whole: bool) -> Result:
    reads = all(phase.reads for phase in phases)
    orderly = all(each.in_order for each in probes.heard)
    return Result(
        runs=len(phases),
        ok=found.clean and whole and reads and orderly,
        acknowledged=found.acknowledged,
        lost=len(found.lost),
        doubled=len(found.doubled),
        gaps=len(found.gaps),
        recoveries=[phase.recovery for phase in phases],
        remark=f"{len(probes.refused)} told to come back, reads"
        f" {'go on' if reads else 'FAIL'}, read models {'as rebuilt' if whole else 'DIFFER'}",
    )


TRIALS = (
    Trial("T10", "disk full, in memory", partial(filled, disk=in_memory), 2, 20, lacking),
    Trial("T10b", "disk full, ext4", partial(filled, disk=on_ext4), 2, 20, lacking),
    Trial(
        "T10c",
        "file system turned read-only",
        aborted,
        1,
        10,
        lambda: lacking() or without_compiler(),
    ),
)
