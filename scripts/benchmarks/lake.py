"""The lake: how fast it is written from a long log, and how far it is behind at full load."""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import what_if
from http_mix import loaded
from servers import Server, tocsin

from tocsin.crew import processors
from tocsin.lake.segments import Segments
from tocsin.lake.writer import Writer
from tocsin.settings import Settings
from tocsin.store.log import Log

PAGE = 5_000
CONNECTIONS = 32
LOOK_SECONDS = 0.25


@dataclass(frozen=True)
class CatchUp:
    """One lake, written from nothing."""

    events: int
    processors: int
    per_second: float
    read_per_second: float
    """Of a plain read of the stored bytes, just before."""
    bytes: int


@dataclass(frozen=True)
class Lag:
    """One load on a service that writes a lake beside it."""

    commands_per_second: float
    events_per_second: float
    seconds: list[float]
    """How far the lake was behind, now and then."""
    caught_up_seconds: float
    """From the end of the load until everything was in the lake."""


def catch_up(home: Path) -> CatchUp:
    """Write the lake of the log that the what-ifs are asked about; it is made once."""
    what_if.prepared(home)
    settings = Settings(home=home)
    with (
        closing(Log.open(settings)) as log,
        tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder,
    ):
        events = log.head()
        began = perf_counter()
        for after in range(0, events, PAGE):
            log.raw_page(after, PAGE)
        read = perf_counter() - began
        written = Settings(home=home, lake_folder=Path(folder))
        began = perf_counter()
        assert Writer(log, written).catch_up(threading.Event())
        took = perf_counter() - began
        segments = Segments(Path(folder))
        assert segments.position == events
        size = sum(file.bytes for part in segments.parts() for file in part.files)
        return CatchUp(events, processors(), events / took, events / read, size)


def at_full_load(seconds: int) -> Lag:
    """Load the service, lake and all, and look how old the oldest event is that the lake lacks."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        home = Path(folder)
        with tocsin(home) as server:
            loaded(server, CONNECTIONS, 5)
            first = figures(server)["tocsin_head"]
            with _watched(server) as lags:
                result = loaded(server, CONNECTIONS, seconds)
            began = perf_counter()
            events = figures(server)["tocsin_head"] - first
            while figures(server)["tocsin_lake_lag_events"]:
                time.sleep(0.05)
            return Lag(
                commands_per_second=result["requests"] / result["microseconds"] * 1e6,
                events_per_second=events / result["microseconds"] * 1e6,
                seconds=lags,
                caught_up_seconds=perf_counter() - began,
            )


def figures(server: Server) -> dict[str, float]:
    """The plain figures of `/metrics`."""
    lines = server.get("/metrics").decode().splitlines()
    pairs = (line.split(" ") for line in lines if line and line[0] != "#" and "{" not in line)
    return {name: float(value) for name, value in pairs}


@contextmanager
def _watched(server: Server) -> Iterator[list[float]]:
    over, lags = threading.Event(), list[float]()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            lags.append(figures(server)["tocsin_lake_lag_seconds"])

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield lags
    finally:
        over.set()
        thread.join()
