"""The same load on PostgreSQL: two API processes of ours beside two of the naive app."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import http_mix
from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = (16, 64)
SERVICES = ("tocsin", "naive", "projected")
PROCESSES = 2


def compared(console: Console, runs: int, seconds: int) -> None:
    """Commands per second of both, in turns, as ratios within a run."""

    def measure(service: str, connections: int) -> http_mix.Run:
        with _database() as url:
            return http_mix.run(service, connections, seconds, url, PROCESSES)

    found = http_mix.in_turns(runs, CONNECTIONS, SERVICES, measure)
    title = f"The same on PostgreSQL, {PROCESSES} API processes each: commands/s"
    console.print(http_mix.compared(title, "service", found, "naive", "projected"))
    console.print(http_mix.lagged(run for runs in found.values() for run in runs))
    console.print(http_mix.LEGEND)


@contextmanager
def _database() -> Iterator[str]:
    """An empty database on a server of its own, as durable as in production."""
    sys.path.insert(0, str(ROOT))
    from tests.postgres import Postgres

    prefix = "tocsin-bench-postgres-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as home:
        server = Postgres(Path(home), shared_buffers="256MB")
        server.start()
        try:
            yield server.create("bench")
        finally:
            server.stop()
