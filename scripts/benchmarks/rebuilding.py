"""Rebuilding every read model over a million events: in bulk by several processes, and as it was.

As it was: one process, page by page. Wall time says what somebody waits for, processor time what
it costs, whoever else uses the machine.
"""

import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from time import perf_counter

import rebuilding_steps
from histories import history
from rich.console import Console
from spreads import spread

from tocsin.crew import processors
from tocsin.readmodels import found
from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.bulk.share import USUAL, Sizes
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import rebuild
from tocsin.settings import Settings
from tocsin.store.log import Log

WORK = Path(tempfile.gettempdir()) / "tocsin-bench-rebuilding"
EVENTS = 1_000_000
PAGES = Sizes(worth=1 << 60)
"""Page by page, all of it."""


@dataclass(frozen=True)
class Figures:
    """What one rebuild of all read models took."""

    events: int
    seconds: float
    processor_seconds: float
    megabytes: int
    """The most that any of the processes had in memory by then."""

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    @property
    def per_processor_second(self) -> float:
        return self.events / self.processor_seconds


def show(console: Console, runs: int, work: Path, events: int = EVENTS) -> None:
    """Both ways, one after the other in each run."""
    settings = history(work, events)
    many = processors()
    ways = {
        f"in bulk, {many} processes": (Hands(settings, many), USUAL),
        "in bulk, one process": (None, USUAL),
        "page by page, one process": (None, PAGES),
    }
    done: dict[str, list[Figures]] = {name: [] for name in ways}
    for number in range(1, runs + 1):
        for name, (hands, sizes) in ways.items():
            print(f"run {number} of {runs}: rebuild {name}", file=sys.stderr)
            done[name].append(measure(settings, hands, sizes))
    console.print(f"Rebuild of every read model from {events:,} events, events/s:")
    for name, figures in done.items():
        rate = spread([each.per_second for each in figures])
        cost = spread([each.per_processor_second for each in figures])
        memory = max(each.megabytes for each in figures)
        console.print(f"  {name}: {rate}; {cost} per processor second; {memory} MiB at most each")
    rebuilding_steps.show(console, settings)


def measure(settings: Settings, hands: Hands | None, sizes: Sizes) -> Figures:
    """One rebuild from nothing, whose read models are removed first."""
    for file in settings.home.glob("readmodels.db*"):
        file.unlink()
    with (
        closing(Log.open(settings)) as log,
        closing(Database.open(settings.home, settings.database)) as database,
    ):
        events, used, started = log.head(), _processor_seconds(), perf_counter()
        assert rebuild(log, database, found(), fresh=True, hands=hands, sizes=sizes)
        seconds = perf_counter() - started
        used = _processor_seconds() - used
    most = max(getrusage(who).ru_maxrss for who in (RUSAGE_SELF, RUSAGE_CHILDREN))
    return Figures(events, seconds, used, most // 1024)


def _processor_seconds() -> float:
    spent = [getrusage(who) for who in (RUSAGE_SELF, RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in spent)
