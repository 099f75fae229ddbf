"""A process that asks a lake, so that its memory and its first time are its own.

It says a line of JSON for each thing that is done, and goes on when it is told a line. It gets the
folder of a lake and what to do: an engine's address, or `naive`, which is DuckDB over the plain
tables.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import orjson

MEBIBYTE = 1_048_576
ROWS = 1_000_000


def main() -> int:
    """Ask."""
    lake, what = Path(sys.argv[1]), sys.argv[2]
    steps = _naive(lake) if what == "naive" else _trends(lake, what)
    for said in steps:
        sys.stdout.write(orjson.dumps({**said, "peak": _peak()}).decode() + "\n")
        sys.stdout.flush()
        if not sys.stdin.readline():
            break
    return 0


def _trends(folder: Path, engine: str) -> Iterator[dict[str, Any]]:
    """All trends, as often as it is told to: how long each took, and how many rows it has."""
    from tocsin.lake import open_lake
    from tocsin.settings import Settings

    began = perf_counter()
    with open_lake(folder, settings=Settings(home=folder), engine=engine) as lake:
        yield {"opened": perf_counter() - began}
        while True:
            seconds, rows, busy = {}, {}, process_time()
            for name in lake.trends:
                began = perf_counter()
                rows[name] = len(lake.trend(name, limit=ROWS).rows)
                seconds[name] = perf_counter() - began
            busy = process_time() - busy
            yield {"position": lake.position, "seconds": seconds, "rows": rows, "busy": busy}


def _naive(folder: Path) -> Iterator[dict[str, Any]]:
    """The floor, and the same questions over the events alone."""
    import naive_trends

    from tocsin.lake import open_lake
    from tocsin.lake.segments import Segments
    from tocsin.settings import Settings

    with tempfile.TemporaryDirectory(prefix="tocsin-bench-", dir=folder.parent) as spill:
        con = naive_trends.engine(Segments(folder), spill)
        yield {"floor": min(naive_trends.floor(con) for _ in range(2))}
        counted = naive_trends.naive(con)
        yield {"naive": {name: seconds for name, (seconds, _) in counted.items()}}
    con.close()
    with open_lake(folder, settings=Settings(home=folder), engine="duckdb") as lake:
        differing = {}
        for name, (_, number) in counted.items():
            answer = lake.ask(naive_trends.same(name))
            place = next(i for i, head in enumerate(answer.heads) if head.kind == "measure")
            ours = sum(row[place] for row in answer.rows)
            if abs(ours - number) > ours / 1_000:
                differing[name] = [ours, number]
        yield {"differing": differing}


def _peak() -> float:
    """MiB that this process has had at most. What `getrusage` says is also of the process that
    began this one, before it became another."""
    status = Path("/proc/self/status").read_text()
    (kibibytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kibibytes) * 1024 / MEBIBYTE


if __name__ == "__main__":
    raise SystemExit(main())
