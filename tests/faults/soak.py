"""After an hour at half of what it can do: does anything grow that should not?"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from statistics import linear_regression, median, quantiles
from time import monotonic
from typing import Any

import psutil

from tests.faults.service import Service
from tests.faults.storm import caught_up
from tests.faults.trials import Result, Site, Trial
from tests.faults.wire import Asks, to, told

CLIENTS = 16
SHARE = 0.5
"""Of the full load, which is measured first."""
FULL_SHARE, FULL_SECONDS = 0.2, 30.0
"""How much of the time that takes, and at most."""
SAMPLES = 360
"""At most: the shorter the trial, the more often it looks."""
LOOK_SECONDS = 0.5
PAUSE_SECONDS = 0.05
MB = 1 << 20
MB_PER_MINUTE, WAL_MB, LAG_SECONDS, FILES = 1.0, 64.0, 1.0, 3.0
"""What is promised; as to open files, so many more or fewer are the same number."""
LONG = 600
"""Seconds from which on a slope says something."""
ROLES = {"API": "serve", "projector": "project", "lake writer": "lake"}
COMMANDS: tuple[tuple[str, dict[str, str]], ...] = (
    ("note", {"text": "Looked at the first host."}),
    ("acknowledge", {}),
    ("note", {"text": "It is the disk."}),
    ("resolve", {"resolution_code": "fixed", "resolution": "Put another disk in."}),
)


class WithLake(Service):
    """A service with everything that runs beside it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.settings = replace(self.settings, lake=True)

    def roles(self) -> dict[str, Any]:
        """Its processes by what they do."""
        found = {}
        for process in self.family():
            with suppress(psutil.Error):
                said = process.cmdline()
                for role, word in ROLES.items():
                    if word in said:
                        found[role] = process
        return found


@dataclass
class Load:
    """Clients that live through one incident after the other, at a given rate or as they can."""

    service: Service
    answered: int = 0
    _numbers: Iterator[int] = field(default_factory=count)

    async def run(self, seconds: float, per_second: float = float("inf")) -> float:
        """Go on for so long; return how many commands a second were answered."""
        began, before = monotonic(), self.answered
        slots = count()
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._client(began, seconds, per_second, slots))
        return (self.answered - before) / (monotonic() - began)

    async def _client(
        self, began: float, seconds: float, per_second: float, slots: Iterator[int]
    ) -> None:
        asks = to(self.service)
        try:
            while True:
                path = "/incidents"
                for name, body in (("", {"title": "An alarm", "source": "monitoring"}), *COMMANDS):
                    due = began + next(slots) / per_second
                    await asyncio.sleep(due - monotonic())
                    if monotonic() >= began + seconds:
                        return
                    path = await self._ask(asks, path, name, body)
        finally:
            asks.close()

    async def _ask(self, asks: Asks, path: str, name: str, body: dict[str, str]) -> str:
        key = f"soak-{next(self._numbers)}"
        where = f"{path}/{name}" if name else path
        answer = await told(asks, "POST", where, body, key, PAUSE_SECONDS)
        assert answer.status < 300, answer.body
        self.answered += 1
        return path if name else f"/incidents/{answer.fields['incident_id']}"


@dataclass
class Watch:
    """What was seen of the processes, again and again."""

    service: WithLake
    minutes: list[float] = field(default_factory=list)
    memory: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    files: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    logs: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    ends: set[tuple[str, int]] = field(default_factory=set)
    """Every process that was seen: more than one of a role, and one has died."""

    async def run(self, seconds: float) -> None:
        """Look every so often."""
        began = monotonic()
        while monotonic() < began + seconds:
            await asyncio.to_thread(self._look, (monotonic() - began) / 60)
            await asyncio.sleep(max(LOOK_SECONDS, seconds / SAMPLES))

    def _look(self, minute: float) -> None:
        for role, process in self.service.roles().items():
            self.memory[role].append(process.memory_info().rss / MB)
            self.files[role].append(process.num_fds())
            self.ends.add((role, process.pid))
        self.minutes.append(minute)
        home = self.service.settings.home
        self.logs.append(max((f.stat().st_size for f in home.glob("*.db-wal")), default=0) / MB)
        live = self.service.get("/projections")["items"]
        self.lags.append(max((each["lag_seconds"] for each in live), default=0.0))

    def slope(self, role: str) -> float:
        """MB a minute, over the second half."""
        half = len(self.memory[role]) // 2
        seen = self.memory[role][half:]
        return float(linear_regression(self.minutes[-len(seen) :], seen).slope)

    def more_files(self, role: str) -> float:
        """How many more a process had open in the last quarter than in the third."""
        quarter = max(1, len(self.files[role]) // 4)
        seen = self.files[role]
        return abs(median(seen[-quarter:]) - median(seen[-2 * quarter : -quarter]))

    @property
    def lag(self) -> float:
        """Seconds that the read models were behind at 99 of 100 looks, at most."""
        return quantiles(self.lags, n=100)[-1]

    @property
    def kept(self) -> bool:
        """Whether nothing grew that should not."""
        return (
            all(self.slope(role) < MB_PER_MINUTE for role in ROLES)
            and all(self.more_files(role) <= FILES for role in ROLES)
            and max(self.logs) < WAL_MB
            and self.lag < LAG_SECONDS
        )

    def told(self) -> Iterator[str]:
        """Figures, a few words each."""
        for role in ROLES:
            end, slope = self.memory[role][-1], self.slope(role)
            files = f"{self.files[role][-1]:.0f} files, {self.more_files(role):+.0f}"
            yield f"{role} {end:.0f} MB, {slope:+.2f} MB/min, {files}"
        yield f"WAL at most {max(self.logs):.1f} MB"
        yield f"lag p99 {self.lag:.2f} s, max {max(self.lags):.2f} s"


async def soaked(service: WithLake, seconds: float) -> tuple[float, float, int, Watch]:
    """The full rate, the one that was kept then, all that was answered, and what was seen."""
    load, watch = Load(service), Watch(service)
    full = await load.run(min(FULL_SECONDS, FULL_SHARE * seconds))
    await asyncio.to_thread(caught_up, service)
    looking = asyncio.create_task(watch.run(seconds))
    half = await load.run(seconds, SHARE * full)
    await looking
    return full, half, load.answered, watch


def soak(site: Site, seconds: int) -> Result:
    """Half of the full load for so many seconds; only a long time is judged by what grew."""
    service = WithLake(site.folder)
    try:
        service.start()
        full, half, answered, watch = asyncio.run(soaked(service, seconds))
    finally:
        service.stop()
    whole = len(watch.ends) == len(ROLES) and watch.memory.keys() == ROLES.keys()
    figures: Sequence[str] = [*watch.told()] if whole else [f"processes: {sorted(watch.ends)}"]
    return Result(
        runs=seconds,
        ok=whole and half < full and (seconds < LONG or watch.kept),
        acknowledged=answered,
        remark="; ".join([f"{half:.0f} of {full:.0f} commands/s", *figures]),
    )


TRIALS = (Trial("T26", "seconds at half of the full load", soak, 8, 3_600, alone=True),)
