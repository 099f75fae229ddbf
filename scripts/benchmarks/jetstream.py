"""JetStream on this machine: events out and alerts in, on a cluster of three that keeps all thrice.

The cluster, the service and the intakes share the machine's processors. Beside what the relay does
stands what the client library does in the same minute with nothing but a payload of that size.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import psutil
import uvloop
from jetstream_load import (
    ALARMS,
    ALERTS,
    EVENTS,
    STORM,
    bytes_of_one,
    ended,
    hosts,
    incidents,
    published_raw,
    relayed_all,
    taken_in,
    there,
    write,
)
from probe import fsyncs_per_second
from rich.console import Console
from rich.table import Table
from servers import tocsin
from spreads import spread

from tests.nats import Jetstream
from tocsin.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Phase:
    """One thing that was measured, and what each message took of processors, in microseconds."""

    per_second: float
    ours: float
    """Of the relay, or the intakes."""
    servers: float
    """Of the three servers together."""
    service: float = 0.0


@dataclass(frozen=True)
class Run:
    """The figures of one run."""

    phases: Mapping[str, Phase]
    folded: float
    """Share of the storm that needed no command."""
    stored_bytes: float
    sent_bytes: float
    """Of an event, in the log and in the stream."""
    fsyncs: float


RAW, RELAYED = "nats-py alone, publish_async", "events relayed"
TAKEN, RANG = "alerts taken in, an incident each", f"a storm of {ALARMS} alarms taken in"


def show(console: Console, runs: int) -> None:
    """Measure, and print."""
    found = []
    for number in range(1, runs + 1):
        sys.stderr.write(f"run {number} of {runs}: JetStream ...\n")
        found.append(measure())
    table = Table(title="JetStream, three nodes, three replicas, on this machine")
    for heading in ("what", "a second", "us of relay or intakes", "us of servers", "us of service"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for name in (RAW, RELAYED, TAKEN, RANG):
        mine = [run.phases[name] for run in found]
        figures = ([p.per_second for p in mine], [p.ours for p in mine])
        more = ([p.servers for p in mine], [p.service for p in mine])
        table.add_row(name, *(spread(each) for each in (*figures, *more)))
    console.print(table)
    ratios = [run.phases[RELAYED].per_second / run.phases[RAW].per_second for run in found]
    console.print(f"Relayed, of nats-py alone: {spread(ratios, 2)}")
    console.print(f"Of the storm, folded before the desk: {spread([f.folded for f in found], 3)}")
    console.print(
        f"An event takes {spread([f.stored_bytes for f in found])} bytes of the log (SQLite), and"
        f" {spread([f.sent_bytes for f in found])} of the stream on each server"
    )
    console.print(f"fsync/s: {spread([f.fsyncs for f in found])}\n")


def measure() -> Run:
    """One run, on a cluster and stores of its own."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder, ExitStack() as stack:
        place = Path(folder)
        fsyncs = fsyncs_per_second(place)
        cluster = Jetstream(place / "nats", 3)
        stack.callback(cluster.stop)
        cluster.start()
        settings = Settings(home=place / "home", nats_servers=tuple(cluster.servers.split(",")))
        write(settings)
        (place / "service").mkdir()
        nodes, me = [node.pid for node in cluster.nodes], [os.getpid()]
        phases = {
            RAW: phase(lambda: published_raw(settings), EVENTS, me, nodes),
            RELAYED: phase(lambda: relayed_all(settings), EVENTS, me, nodes),
        }
        sent = _run(lambda: bytes_of_one(settings))
        stored = settings.log_file.stat().st_size / EVENTS
        with tocsin(place / "service") as server:
            key = place / "key"
            key.write_text(server.key)
            asking = replace(settings, intake_url=server.url, intake_key_file=key)
            with hosts(asking) as running:
                _run(lambda: there(asking))
                all_of = ([each.pid for each in running], nodes, [server.process.pid])
                for name, count, alarms in ((TAKEN, ALERTS, ALERTS), (RANG, STORM, ALARMS)):
                    phases[name] = phase(
                        lambda name=name, count=count, alarms=alarms: taken_in(  # type: ignore[misc]
                            asking, name.split(" ", 1)[0], count, alarms
                        ),
                        count,
                        *all_of,
                    )
                told = ended(running)
            assert incidents(place / "service") == (ALERTS + ALARMS, ALERTS + ALARMS), told
        assert not any(each["parked"] for each in told), told
        folded = sum(each["folded"] for each in told) / STORM
    return Run(phases, folded, stored, sent, fsyncs)


def phase(
    work: Callable[[], Awaitable[None]],
    count: int,
    ours: Sequence[int],
    servers: Sequence[int],
    service: Sequence[int] = (),
) -> Phase:
    """Do so many of something, and see what it takes of whom."""
    groups = (ours, servers, service)
    before, began = [_processor(group) for group in groups], time.perf_counter()
    _run(work)
    passed = time.perf_counter() - began
    took = [_processor(group) - first for group, first in zip(groups, before, strict=True)]
    return Phase(count / passed, *(seconds / count * 1e6 for seconds in took))


def _processor(pids: Sequence[int]) -> float:
    """Seconds that processes, and those that they have started, had of a processor."""
    members = [psutil.Process(pid) for pid in pids]
    if os.getpid() not in pids:
        members += [child for each in members for child in each.children(recursive=True)]
    return float(sum(sum(each.cpu_times()[:2]) for each in members))


def _run(work: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())
