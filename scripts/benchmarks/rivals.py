"""Other people's systems under the same load: each in an environment of its own, never in ours.

They are installed where the benchmark keeps its work, at stated versions, from the registries that
the machine reaches. One that cannot be installed or started is left out, and it is said why.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import http_mix
from probe import fsyncs_per_second
from rich.console import Console
from rich.table import Table
from servers import Server, free_port, running
from spreads import spread

HERE = Path(__file__).parent / "peers"
ROOT = Path(__file__).resolve().parents[2]
CONNECTIONS = 16
STORES = ("SQLite", "PostgreSQL")


class NotThere(Exception):
    """It cannot be measured here, and why."""


@dataclass(frozen=True)
class Rival:
    """One system, and how it is run."""

    name: str
    packages: tuple[str, ...]
    command: Callable[[Path, int], list[str]]
    """Of the environment and a port."""
    stores: tuple[str, ...] = STORES
    ready: str = "/openapi.json"
    script: str = "mix.lua"
    prepare: tuple[str, ...] = ()
    node: bool = False


def _uvicorn(home: Path, port: int) -> list[str]:
    return [
        str(home / "bin" / "python"), "-m", "uvicorn", "eventsource_app:app",
        "--app-dir", str(HERE), "--port", str(port), "--loop", "uvloop", "--http", "httptools",
        "--log-level", "warning", "--no-access-log",
    ]  # fmt: skip


def _gunicorn(home: Path, port: int) -> list[str]:
    return [
        str(home / "bin" / "python"), "-m", "gunicorn", "helpdesk_site:application", "--chdir",
        str(HERE), "--bind", f"127.0.0.1:{port}", "--threads", "8", "--log-level", "error",
    ]  # fmt: skip


RIVALS = (
    Rival(
        "eventsource-py 0.8.1",
        (
            "eventsource-py[postgresql,sqlite]==0.8.1", "greenlet==3.5.6", "fastapi==0.165.0",
            "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0",
        ),
        _uvicorn,
    ),
    Rival(
        "Emmett 0.42.0",
        (
            "@event-driven-io/emmett@0.42.0", "@event-driven-io/emmett-postgresql@0.42.0",
            "@event-driven-io/pongo@0.16.11", "@event-driven-io/dumbo@0.12.7",
            "ansis@3", "async-retry@1", "cli-table3@0.6", "commander@12", "pg@8",
            "pg-connection-string@2", "uuid@10",
        ),
        lambda home, port: ["node", str(HERE / "emmett_app.mjs")],
        stores=("PostgreSQL",),
        ready="/",
        node=True,
    ),
    Rival(
        "django-helpdesk 2.6.1",
        (
            "django-helpdesk==2.6.1", "django-bootstrap4-form==4.0.2",
            "gunicorn==27.0.1", "packaging==26.3",
            "psycopg[binary]==3.3.9",
        ),
        _gunicorn,
        ready="/api/",
        script="peers/helpdesk.lua",
        prepare=("helpdesk_site.py",),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """One system on one store under load once."""

    name: str
    store: str
    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int
    fsyncs: float


def show(console: Console, runs: int, seconds: int, work: Path) -> None:
    """All of them, ours and the naive app's among them, in turns on each store."""
    sys.path.insert(0, str(ROOT))
    from tests.postgres import Postgres

    homes = dict(_installed(console, work))
    found: list[Run] = []
    with tempfile.TemporaryDirectory(prefix="tocsin-postgres-", ignore_cleanup_errors=True) as home:
        postgres = Postgres(Path(home))
        postgres.start()
        try:
            for number in range(1, runs + 1):
                for store in STORES:
                    found += _turn(console, number, store, seconds, homes, postgres)
        finally:
            postgres.stop()
    console.print(table(found))


def table(found: Sequence[Run]) -> Table:
    """A line for each system and store; ratios within each store."""
    shown = Table(title=f"Open, take on, resolve: commands per second, {CONNECTIONS} connections")
    for heading in ("store", "system"):
        shown.add_column(heading)
    for heading in ("commands/s", "ours, times as many", "p50 ms", "p99 ms", "failed", "fsync/s"):
        shown.add_column(heading, justify="right")
    for store in STORES:
        ours = [run.per_second for run in found if (run.store, run.name) == (store, "Tocsin")]
        names = dict.fromkeys(run.name for run in found if run.store == store)
        for name in names:
            mine = [run for run in found if (run.store, run.name) == (store, name)]
            times = [a / b.per_second for a, b in zip(ours, mine, strict=True)]
            shown.add_row(
                store,
                name,
                spread([run.per_second for run in mine]),
                spread(times, 1),
                spread([run.p50_ms for run in mine], 1),
                spread([run.p99_ms for run in mine], 1),
                str(sum(run.failed for run in mine)),
                spread([run.fsyncs for run in mine]),
            )
    return shown


def _installed(console: Console, work: Path) -> Iterator[tuple[str, Path]]:
    for rival in RIVALS:
        print(f"installing {rival.name}", file=sys.stderr)
        try:
            yield rival.name, _environment(rival, work / "peers" / rival.name.split()[0])
        except NotThere as error:
            console.print(f"{rival.name} is not measured: {error}")


def _environment(rival: Rival, home: Path) -> Path:
    """Where it is installed, made once."""
    done = home / "installed"
    if done.exists() and done.read_text() == " ".join(rival.packages):
        return home
    home.mkdir(parents=True, exist_ok=True)
    if rival.node:
        (home / "package.json").write_text('{"private": true}')
        options = ("--no-audit", "--no-fund", "--legacy-peer-deps", "--prefix", str(home))
        _run(["npm", "install", *options, *rival.packages])
    else:
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        pip = (str(home / "bin" / "python"), "-m", "pip", "install", "--quiet")
        _run([*pip, "--disable-pip-version-check", *rival.packages])
    done.write_text(" ".join(rival.packages))
    return home


def _run(command: Sequence[str], **variables: str) -> None:
    try:
        done = subprocess.run(
            command, env=os.environ | variables, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise NotThere(f"{command[0]} is not installed") from error
    if done.returncode:
        raise NotThere(f"{Path(command[0]).name}: {done.stderr.strip()[-300:]}")


def _turn(
    console: Console,
    number: int,
    store: str,
    seconds: int,
    homes: dict[str, Path],
    postgres: Any,
) -> Iterator[Run]:
    """Every system once on one store, the naive app and ours among them."""
    for name in ("Tocsin", "naive app", *homes):
        print(f"run {number}: {name}, {store}", file=sys.stderr)
        database = postgres.create(f"peer_{free_port()}") if store == "PostgreSQL" else ""
        try:
            if name in homes:
                rival = next(each for each in RIVALS if each.name == name)
                if store in rival.stores:
                    yield _measured(rival, homes[name], store, database, seconds)
            else:
                service = {"Tocsin": "tocsin", "naive app": "naive"}[name]
                one = http_mix.run(service, CONNECTIONS, seconds, database=database)
                latency = one.p50_ms, one.p99_ms
                yield Run(name, store, one.per_second, *latency, one.failed, one.fsyncs)
        except NotThere as error:
            console.print(f"{name} on {store} is not measured: {error}")


def _measured(rival: Rival, home: Path, store: str, database: str, seconds: int) -> Run:
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        fsyncs = fsyncs_per_second(Path(folder))
        with _served(rival, home, database or str(Path(folder) / "peer.db")) as server:
            http_mix.loaded(server, CONNECTIONS, http_mix.WARM_UP_SECONDS, rival.script)
            result = http_mix.loaded(server, CONNECTIONS, seconds, rival.script)
        per_second = result["requests"] / result["microseconds"] * 1e6
        latency = result["p50_ms"], result["p99_ms"]
        return Run(rival.name, store, per_second, *latency, result["failed"], fsyncs)


@contextmanager
def _served(rival: Rival, home: Path, database: str) -> Iterator[Server]:
    port = free_port()
    variables = {"PEER_DATABASE": database, "PEER_PORT": str(port), "PEER_HOME": str(home)}
    if rival.prepare:
        program, *more = rival.prepare
        _run([str(home / "bin" / "python"), str(HERE / program), *more], **variables)
    try:
        with running(
            rival.command(home, port), os.environ | variables, port, rival.ready
        ) as server:
            yield server
    except RuntimeError as error:
        raise NotThere(str(error)) from error
