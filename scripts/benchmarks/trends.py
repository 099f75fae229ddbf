"""Every trend there is, from scratch and again after something new, over lakes of many sizes.

Each figure is taken in a process of its own, over a tiled lake, of which each run gets a copy of
links with nothing kept. Beside it stand a plain scan of every file, and two of the trends as
windows over the events. What was measured is written down, so that a run that was stopped goes on
where it was; other code, and everything is measured anew.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import psutil
from tiling import COPY, Progress, Tiles

from tocsin.lake.segments import SEGMENT

MILLION = 1_000_000
MEBIBYTE = 1_048_576
NEW = 10_000
"""Events that come between a question and the next."""
LOOK_SECONDS = 0.05
FIGURES = "figures.jsonl"
HERE = Path(__file__).parent
WORK = Path(tempfile.gettempdir()) / "tocsin-bench-trends"
ASKED = ("src/tocsin/lake", "src/tocsin/trends", "projections/trends")
WRITTEN = (*(f"src/tocsin/lake/{name}.py" for name in ("tables", "life", "measuring", "columns")),
           *(f"src/tocsin/lake/{name}.py" for name in ("spells", "scribe", "placing")),
           "scripts/benchmarks/lives.py", "scripts/benchmarks/tiling.py")  # fmt: skip
"""What the figures depend on, and what the files of a lake do."""
NAIVE_MILLIONS = 20
"""Windows over more than that take longer than all the rest."""


@dataclass(frozen=True)
class Wanted:
    """What is measured."""

    work: Path
    """Where lakes and figures are kept."""
    millions: tuple[int, ...]
    engine: str
    runs: int
    tiles: Tiles
    progress: Progress
    python: str = sys.executable
    """That of the environment in which the engine is installed."""

    @classmethod
    def of(cls, work: Path, progress: Progress, **asked: Any) -> "Wanted":
        """With lakes that are kept in the same folder; those of other code go."""
        lakes = work / f"lakes-{code(WRITTEN)}"
        for other in work.glob("lakes-*"):
            if other != lakes:
                shutil.rmtree(other)
        tiles = Tiles(lakes, progress=progress)
        return cls(work=work, tiles=tiles, progress=progress, **asked)


def segments(millions: int) -> int:
    """As many as so many million events take."""
    return -(-millions * MILLION // SEGMENT)


def measured(wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Every run of every size: what was found before, or is found now."""
    results = Results(wanted.work / FIGURES)
    for millions in wanted.millions:
        for run in range(1, wanted.runs + 1):
            key = {"engine": wanted.engine, "millions": millions, "run": run}
            key["code"] = code(ASKED)
            found = results.of(key)
            if found is None:
                wanted.progress(f"{millions} million events, run {run} of {wanted.runs}")
                wanted.tiles.lake(segments(millions) + 1)
                found = {**key, **one(wanted, segments(millions))}
                results.add(found)
            yield found


def on_record(work: Path) -> list[dict[str, Any]]:
    """Every run of this code, of whichever engine and size."""
    return [said for said in Results(work / FIGURES).lines() if said["code"] == code(ASKED)]


def one(wanted: Wanted, size: int) -> dict[str, Any]:
    """One run over a lake of so many segments."""
    tiles, folder = wanted.tiles, wanted.tiles.folder / "view"
    shutil.rmtree(folder, ignore_errors=True)
    there = tiles.view(size, folder.name)
    found: dict[str, Any] = {
        "events": there.end,
        "files": sum(len(part.files) for part in there.sealed()),
        "bytes": sum(file.bytes for part in there.sealed() for file in part.files),
    }
    try:
        _cached(there.folder)
        if there.end <= (NAIVE_MILLIONS + 1) * MILLION:
            found |= _beside(folder)
        with asked(folder, wanted.engine, wanted.python) as process:
            found["opened"] = process.next()["opened"]
            first = process.next()
            found |= {name: first[name] for name in ("seconds", "rows", "busy")}
            found["peak"] = process.peak
            found["again"] = sum(process.next()["seconds"].values())
            tiles.trail(there, NEW)
            found["refreshed"] = sum(_at(process.next(), there.end + NEW).values())
            tiles.seal(there)
            found["sealed"] = sum(_at(process.next(), there.end).values())
            found["peak_after"] = process.peak
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _cached(folder: Path) -> None:
    """Have the files in memory, as far as they go: the disk is not what is measured."""
    for path in folder.rglob("*.parquet"):
        path.read_bytes()


def _at(said: dict[str, Any], position: int) -> dict[str, float]:
    assert said["position"] == position, "the answers are about all that is there"
    seconds: dict[str, float] = said["seconds"]
    return seconds


def _beside(folder: Path) -> dict[str, Any]:
    with asked(folder, "naive") as process:
        found = {**process.next()}
        found |= process.next()
        differing = process.next()["differing"]
        assert not differing, f"windows over the events count something else: {differing}"
    shutil.rmtree(next(folder.glob("v*/kept")), ignore_errors=True)
    return {"floor": found["floor"], "naive": found["naive"], "naive_peak": found["peak"]}


class Process:
    """A process that asks, and how much memory it and its own processes take."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process, self.peak, self._over = process, 0.0, threading.Event()
        self._begun = False
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def next(self) -> dict[str, Any]:
        """What it says next, once it is told to go on."""
        sink, source = self.process.stdin, self.process.stdout
        assert sink is not None
        assert source is not None
        if self._begun:
            sink.write(b"\n")
            sink.flush()
        self._begun = True
        line = source.readline()
        if not line:
            raise RuntimeError(f"the process that asks ended with {self.process.wait()}")
        said: dict[str, Any] = orjson.loads(line)
        self.peak = max(self.peak, said["peak"])
        return said

    def end(self) -> None:
        """Let it go."""
        self._over.set()
        self._thread.join()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(60)

    def _look(self) -> None:
        """Java is a process of its own: all of them count."""
        whole = psutil.Process(self.process.pid)
        while not self._over.wait(LOOK_SECONDS):
            try:
                family = [whole, *whole.children(recursive=True)]
                size = sum(each.memory_info().rss for each in family) / MEBIBYTE
            except psutil.Error:
                continue
            self.peak = max(self.peak, size)


@contextmanager
def asked(folder: Path, what: str, python: str = sys.executable) -> Iterator[Process]:
    """A process that asks a lake."""
    command = [python, str(HERE / "trends_asked.py"), str(folder), what]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        asking = Process(process)
        try:
            yield asking
        except BaseException:
            process.kill()
            raise
        finally:
            asking.end()


class Results:
    """What was measured: a line for each run."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def of(self, key: dict[str, Any]) -> dict[str, Any] | None:
        """The run of that key, if there was one."""
        for said in self.lines():
            if all(said[name] == value for name, value in key.items()):
                return said
        return None

    def add(self, found: dict[str, Any]) -> None:
        """Write one down."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as sink:
            sink.write(orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE))

    def lines(self) -> list[dict[str, Any]]:
        """All that was written down."""
        if not self.file.exists():
            return []
        return [orjson.loads(line) for line in self.file.read_bytes().splitlines()]


@cache
def code(places: tuple[str, ...]) -> str:
    """What tells these files and folders from what they were before."""
    root, digest = HERE.parents[1], sha256()
    for place in places:
        for file in sorted({root / place, *(root / place).rglob("*.py")}):
            if file.is_file():
                digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def per_second(found: dict[str, Any]) -> float:
    """Events of the lake through the time that all trends take together."""
    return float(found["events"] / total(found))


def total(found: dict[str, Any]) -> float:
    """Seconds of all trends from scratch."""
    return float(sum(found["seconds"].values()))


def slowest(runs: list[dict[str, Any]]) -> list[tuple[str, float]]:
    """The trends by the median of their seconds, the slowest first."""
    names = runs[0]["seconds"]
    return sorted(
        ((name, median(run["seconds"][name] for run in runs)) for name in names),
        key=lambda pair: -pair[1],
    )


def of_naive(found: dict[str, Any]) -> dict[str, float]:
    """How many times the time of ours the windows take, trend by trend."""
    return {
        name: seconds / found["seconds"][name] for name, seconds in found.get("naive", {}).items()
    }


assert COPY * SEGMENT >= MILLION, "one copy is a million events at least"
