"""What growing costs: the same service on ten thousand, a hundred thousand and a million incidents.

The histories are drawn by lot from a seed (`histories.py`), written once with their references and
answers, and kept. Before anything is measured, read models, lake and reactions have seen all of it,
as those of a service that grew so large have. Then the sizes take turns, so that a slow minute of
the machine hits them all alike.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import psutil
from histories import history
from http_mix import loaded, spent
from probe import fsyncs_per_second
from rich.console import Console
from rich.table import Table
from servers import Server, serving
from spreads import spread

from tocsin.keys import Keys, Scope
from tocsin.settings import Settings
from tocsin.store.log import Log

SIZES = (10_000, 100_000, 1_000_000)
EVENTS = 8
"""Of each incident, on the average."""
FLAT = 1.5
"""Times the smallest, up to which a figure counts as not growing."""
CONNECTIONS = 4
"""Few: it is about how long one takes, not about how many there can be."""
QUEUE_PAGE, READ, SAMPLED = 50, 2_000, 40
SETTLE_SECONDS = 3_600.0
IDLE = 0.2
"""Of one processor: what all processes of a service take while nobody asks for anything."""


@dataclass(frozen=True)
class Size:
    """One size, measured once."""

    incidents: int
    events: int
    command_ms: float
    command_p99_ms: float
    queue_ms: float
    queue_p99_ms: float
    incident_ms: float
    incident_p99_ms: float
    api_mib: float
    projector_mib: float
    start_s: float
    quiet_s: float
    fsyncs: float


FIGURES = {
    "command_ms": "command p50, ms",
    "command_p99_ms": "command p99, ms",
    "queue_ms": "queue page p50, ms",
    "queue_p99_ms": "queue page p99, ms",
    "incident_ms": "incident p50, ms",
    "incident_p99_ms": "incident p99, ms",
    "api_mib": "API, MiB",
    "projector_mib": "projector, MiB",
    "start_s": "start to ready, s",
    "quiet_s": "start to quiet, s",
}
"""What must stay flat, in the order of the table."""
UNDRAWN = {"command_p99_ms", "queue_p99_ms", "incident_p99_ms", "quiet_s"}
"""No more lines than can be told apart."""


def show(
    console: Console, runs: int, seconds: int, sizes: Sequence[int], work: Path, plot: Path | None
) -> None:
    """Measure each size so often, in turns, and show how each figure grows."""
    settings = {size: prepared(work, size) for size in sizes}
    found: list[Size] = []
    for number in range(1, runs + 1):
        for size, there in settings.items():
            print(f"run {number} of {runs}: {size:,} incidents", file=sys.stderr)
            found.append(measured(there, size, seconds))
    console.print(table(found))
    probes = spread([each.fsyncs for each in found])
    console.print(f"fsync probe beside them: {probes} a second\n")
    if plot is not None:
        from grown import picture

        drawn = {name: said for name, said in FIGURES.items() if name not in UNDRAWN}
        plot.write_text(picture([asdict(each) for each in found], drawn).svg())


def table(found: Sequence[Size]) -> Table:
    """A line for each figure; of each size its median and spread, and how it grew."""
    sizes = sorted({each.incidents for each in found})
    shown = Table(title="The same service as its log grows")
    shown.add_column("figure")
    for size in sizes:
        events = max(each.events for each in found if each.incidents == size)
        shown.add_column(f"{size:,} incidents\n{events:,} events", justify="right")
    shown.add_column(f"largest of smallest\n(flat: up to {FLAT})", justify="right")
    for name, said in FIGURES.items():
        by = [[getattr(r, name) for r in found if r.incidents == size] for size in sizes]
        grown = median(by[-1]) / median(by[0])
        verdict = "" if grown <= FLAT else " grows"
        shown.add_row(said, *(spread(each, 2) for each in by), f"{grown:.2f}{verdict}")
    return shown


def prepared(work: Path, incidents: int) -> Settings:
    """A log of so many incidents with all that a service keeps beside it, made once."""
    settings = history(work / "grow", incidents * EVENTS)
    settled = settings.home / "settled"
    if settled.exists():
        return settings
    print(f"{incidents:,} incidents: read models, lake and reactions catch up", file=sys.stderr)
    with _served(settings, SETTLE_SECONDS) as server:
        while not _settled(server, settings):
            time.sleep(1.0)
    settled.touch()
    return settings


def _settled(server: Server, settings: Settings) -> bool:
    """Whether nobody has anything to do any more, and nothing new came of it for a while."""
    before = _head(settings)
    if any(each["lag_events"] for each in json.loads(server.get("/projections"))["items"]):
        return False
    time.sleep(10.0)
    return _head(settings) == before


def measured(settings: Settings, incidents: int, seconds: int) -> Size:
    """Start the service on it, and look at each figure."""
    fsyncs = fsyncs_per_second(settings.home)
    with _served(settings) as server:
        began = time.perf_counter() - server.ready_seconds
        _calm(server)
        quiet = time.perf_counter() - began
        _asked(server, settings, _queue_pages(server), 1)
        commands = loaded(server, CONNECTIONS, seconds)
        queue = _asked(server, settings, _queue_pages(server), seconds)
        incident = _asked(server, settings, _incidents(settings, incidents), seconds)
        for each in (commands, queue, incident):
            assert not each["failed"], each
        api, projector = _megabytes(server)
        return Size(
            incidents=incidents,
            events=_head(settings),
            command_ms=commands["p50_ms"],
            command_p99_ms=commands["p99_ms"],
            queue_ms=queue["p50_ms"],
            queue_p99_ms=queue["p99_ms"],
            incident_ms=incident["p50_ms"],
            incident_p99_ms=incident["p99_ms"],
            api_mib=api,
            projector_mib=projector,
            start_s=server.ready_seconds,
            quiet_s=quiet,
            fsyncs=fsyncs,
        )


def _calm(server: Server) -> None:
    """Wait until everybody has read what they read after a start."""
    now, until = sum(spent(server)), time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        time.sleep(1.0)
        before, now = now, sum(spent(server))
        if now - before < IDLE:
            return
    raise RuntimeError("the service does not come to rest")


@contextmanager
def _served(settings: Settings, patience: float = 60.0) -> Iterator[Server]:
    with closing(Keys.open(settings)) as keys:
        token, _ = keys.create("bench", [Scope.ADMIN], by="scripts/bench")
    with serving(settings.home, patience) as server:
        yield replace(server, key=token)


def _asked(
    server: Server, settings: Settings, paths: Sequence[str], seconds: int
) -> dict[str, Any]:
    file = settings.home / "paths"
    file.write_text("".join(f"{path}\n" for path in paths))
    return loaded(server, CONNECTIONS, seconds, "paths.lua", TOCSIN_BENCH_PATHS=str(file))


def _queue_pages(server: Server) -> list[str]:
    """The first page of every group's queue."""
    queues = json.loads(server.get("/queues?limit=200"))["items"]
    return [f"/queues/{queue['group']}?limit={QUEUE_PAGE}".replace(" ", "%20") for queue in queues]


def _incidents(settings: Settings, incidents: int) -> list[str]:
    """Incidents from everywhere in the history that was drawn, each once, and more than are kept in
    memory; not those of earlier measurements, which have fewer events."""
    dice, found = Random(1), dict[str, None]()
    with closing(Log.open(settings, veiled=True)) as log:
        while len(found) < min(READ, incidents // 2):
            for _, body in log.raw_page(dice.randrange(incidents * EVENTS), SAMPLED):
                raw = json.loads(body)
                if raw["event"] == "incident.reported":
                    found[f"/incidents/{raw['stream']}"] = None
    return list(found)


def _head(settings: Settings) -> int:
    with closing(Log.open(settings, veiled=True)) as log:
        return log.head()


def _megabytes(server: Server) -> tuple[float, float]:
    """Resident memory of the API, and of the projector."""
    api = psutil.Process(server.process.pid)
    (projector,) = (child for child in api.children() if "project" in child.cmdline())
    return api.memory_info().rss / 2**20, projector.memory_info().rss / 2**20


assert {*FIGURES} < {each.name for each in fields(Size)}
