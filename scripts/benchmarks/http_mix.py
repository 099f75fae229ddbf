"""Commands per second over HTTP: report, acknowledge, resolve; ours, the floor and the ceiling."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import psutil
from probe import fsyncs_per_second
from rich.table import Table
from servers import HERE, Server, plain, projected, tocsin
from spreads import at_percent, spread

WARM_UP_SECONDS = 2
LOOK_SECONDS = 0.1
READ_MODELS_SECONDS = 60.0
BESIDE = {"project", "lake", str(HERE / "naive_projection.py")}
"""What a process beside the API is told to do."""

LEGEND = """\
empty: a FastAPI POST that does nothing. naive: one save of the library per request; projected: with
one read model, in a process of its own. Ours has all of its own, the lake and the reactions.
us: of the processor, for each command: in the processes that answer, and in those beside them.
"""


@dataclass
class Run:
    """One service under load once."""

    service: str
    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int
    fsyncs: float
    ready_seconds: float
    megabytes: float = 0.0
    api_us: float = 0.0
    """Of the processor, for each command, in the processes that answer."""
    beside_us: float = 0.0
    """The same, in those that read on."""
    lags: list[float] = field(default_factory=list)
    """Seconds that the slowest read model was behind, several times a second."""
    catch_up_seconds: float = 0.0


def run(
    service: str,
    connections: int,
    seconds: int,
    database: str = "",
    processes: int = 1,
    **variables: str,
) -> Run:
    """Start a service on an empty store, load it, and stop it. The variables are ours alone.

    The store is a file, or an empty PostgreSQL `database`, which several processes can share.

    Raises:
        RuntimeError: wrk is not installed, or a request failed.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        home = Path(folder)
        fsyncs = fsyncs_per_second(home)
        if database and service == "tocsin":
            variables |= {"TOCSIN_DATABASE": database, "TOCSIN_WORKERS": str(processes)}
        with _service(service, home, database, processes, variables) as server:
            if service == "tocsin":
                _await_read_models(server)
            loaded(server, connections, WARM_UP_SECONDS)
            watch = _Watch(server) if service == "tocsin" else None
            before = spent(server)
            result = loaded(server, connections, seconds)
            api, beside = (now - then for now, then in zip(spent(server), before, strict=True))
            return Run(
                service=service,
                connections=connections,
                per_second=result["requests"] / result["microseconds"] * 1e6,
                p50_ms=result["p50_ms"],
                p99_ms=result["p99_ms"],
                failed=result["failed"],
                fsyncs=fsyncs,
                ready_seconds=server.ready_seconds,
                megabytes=_megabytes(server),
                api_us=api / result["requests"] * 1e6,
                beside_us=beside / result["requests"] * 1e6,
                lags=watch.stop() if watch else [],
                catch_up_seconds=_catch_up(server) if watch else 0.0,
            )


def _service(
    name: str, home: Path, database: str, processes: int, variables: dict[str, str]
) -> AbstractContextManager[Server]:
    if name == "tocsin":
        return tocsin(home, **variables)
    if name == "projected":
        return projected(home, database, processes)
    return plain(f"{name}_app", home, database, processes)


def loaded(
    server: Server, connections: int, seconds: int, script: str = "mix.lua", **variables: str
) -> dict[str, Any]:
    """Load a service, and return what the script tells of it.

    Raises:
        RuntimeError: wrk is not installed.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed: `apt-get install wrk` brings it.")
    ours = {"TOCSIN_BENCH_KEY": server.key, "TOCSIN_BENCH_SCRIPTS": str(HERE)}
    output = subprocess.run(
        [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / script), server.url],
        env={**os.environ, **variables, **ours},
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    ).stdout
    line = next(line for line in output.splitlines() if line.startswith("RESULT "))
    result: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    return result


def _processes(server: Server) -> list[psutil.Process]:
    root = psutil.Process(server.process.pid)
    beside = [psutil.Process(server.follower.pid)] if server.follower else []
    return [root, *root.children(recursive=True), *beside]


def _megabytes(server: Server) -> float:
    return float(sum(each.memory_info().rss for each in _processes(server)) / 2**20)


def spent(server: Server) -> tuple[float, float]:
    """Seconds of the processor so far: of those who answer, and of those who read on."""
    found = {False: 0.0, True: 0.0}
    for each in _processes(server):
        if each.status() == psutil.STATUS_ZOMBIE:
            continue
        found[bool(BESIDE & set(each.cmdline()))] += sum(each.cpu_times()[:2])
    return found[False], found[True]


def _lag(server: Server) -> float:
    return max(each["lag_seconds"] for each in json.loads(server.get("/projections"))["items"])


def _await_read_models(server: Server) -> None:
    """Wait until the projector has begun, which is a process of its own."""
    until = time.perf_counter() + READ_MODELS_SECONDS
    while not json.loads(server.get("/projections"))["items"]:
        if time.perf_counter() > until:
            raise RuntimeError("the read models do not begin")
        time.sleep(0.05)


def _catch_up(server: Server) -> float:
    """Seconds until every read model has seen everything, once the load is over."""
    started = time.perf_counter()
    while any(each["lag_events"] for each in json.loads(server.get("/projections"))["items"]):
        time.sleep(0.02)
    return time.perf_counter() - started


class _Watch:
    """Looks again and again how far the read models are behind."""

    def __init__(self, server: Server) -> None:
        self._server, self._over, self._lags = server, threading.Event(), list[float]()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            self._lags.append(_lag(self._server))

    def stop(self) -> list[float]:
        """The lags that were seen."""
        self._over.set()
        self._thread.join()
        return self._lags


def in_turns(
    runs: int, connections: Iterable[int], kinds: Iterable[str], measure: Callable[[str, int], Run]
) -> dict[tuple[int, str], list[Run]]:
    """So many runs of each kind with each number of connections, one kind after the other, so that
    a slow minute of the machine hits them all alike."""
    found: dict[tuple[int, str], list[Run]] = {}
    order = list(product(connections, kinds))
    for number in range(1, runs + 1):
        for count, kind in order:
            said = f"run {number} of {runs}: {kind}, {count} connections ..."
            print(said, file=sys.stderr, flush=True)
            found.setdefault((count, kind), []).append(measure(kind, count))
    return found


def compared(title: str, what: str, found: dict[tuple[int, str], list[Run]], *beside: str) -> Table:
    """A line for each number of connections and each thing that was loaded; ratios are within a
    run, to those that the others stand beside."""
    table = Table(title=title)
    table.add_column("connections", justify="right")
    table.add_column(what)
    for heading in ("commands/s", *(f"of {each}" for each in beside), "p50 ms", "p99 ms"):
        table.add_column(heading, justify="right")
    for heading in ("p99/p50", "failed", "API us", "beside us", "fsync/s", "MiB", "ready s"):
        table.add_column(heading, justify="right")
    for (connections, name), mine in found.items():
        table.add_row(
            str(connections),
            name,
            spread([run.per_second for run in mine]),
            *(ratio(mine, found[connections, each]) for each in beside),
            spread([run.p50_ms for run in mine], 1),
            spread([run.p99_ms for run in mine], 1),
            spread([run.p99_ms / run.p50_ms for run in mine], 1),
            str(sum(run.failed for run in mine)),
            spread([run.api_us for run in mine]),
            spread([run.beside_us for run in mine]),
            spread([run.fsyncs for run in mine]),
            spread([run.megabytes for run in mine]),
            spread([run.ready_seconds for run in mine], 2),
        )
    return table


def ratio(mine: list[Run], others: list[Run]) -> str:
    """How many times as many commands, within each run."""
    return spread([a.per_second / b.per_second for a, b in zip(mine, others, strict=True)], 2)


def lagged(runs: Iterable[Run]) -> str:
    """How far the read models of these runs were behind, and how soon they were not."""
    ours = [run for run in runs if run.lags]
    lags = [lag for run in ours for lag in run.lags]
    return (
        f"Lag of the slowest read model at full load: {spread(lags, 3)} s,"
        f" p99 {at_percent(lags, 99):.3f} s; caught up after it in"
        f" {spread([run.catch_up_seconds for run in ours], 3)} s"
    )
