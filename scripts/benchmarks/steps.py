"""`scripts/profile`: microseconds of the processor that each step of a command takes.

The real service with its real store, in this process, without network and without read models:
what is fed to its protocol are the requests of `mix.lua`, sixteen at a time. Each figure is that of
the quietest of many short windows, as the machine may have other things to do. Time spent within a
step that is listed itself counts there alone, and what the watches take is subtracted.
"""

import argparse
import asyncio
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time_ns, thread_time_ns
from typing import Any

import uvicorn
import uvloop
from empty_app import app as empty
from fake_wire import Callers
from rich.console import Console
from rich.table import Table

import tocsin.store.sqlite
from tocsin import door
from tocsin.desk import Desk
from tocsin.http.access import Access
from tocsin.http.app import create_app
from tocsin.http.commands import CommandRoute
from tocsin.http.protocol import Limited, protocol
from tocsin.http.server import first_key
from tocsin.http.straight import Straight
from tocsin.ledger.merkle import Frontier
from tocsin.process import tune
from tocsin.settings import Settings
from tocsin.store import sealing
from tocsin.store.log import Log

CONNECTIONS = 16
STEPS: tuple[tuple[Any, str, str], ...] = (
    (Limited, "data_received", "loop: read HTTP"),
    (Straight, "way", "loop: find the way"),
    (Straight, "take", "loop: the guard, and the callbacks"),
    (Access, "check", "loop: whose key it is"),
    (door, "read", "loop: decode and validate"),
    (Desk, "put", "loop: take it in"),
    (Desk, "_decide", "loop: decide, fold"),
    (Desk, "_answer", "loop: hand the outcomes out"),
    (CommandRoute, "receipt", "loop: the receipt"),
    (Limited, "_send", "loop: the answer as bytes, and written"),
    (Log, "commit", "commit: transaction, COMMIT, fsync's own time"),
    (tocsin.store.sqlite, "look", "commit: what is known of the batch"),
    (tocsin.store.sqlite, "arbitrate", "commit: who wins; the receipts' bytes"),
    (tocsin.store.sqlite, "encode", "commit: events as bytes"),
    (sealing, "seal", "commit: sealing"),
    (tocsin.store.sqlite, "placed", "commit: positions into the bytes"),
    (tocsin.store.sqlite, "insert", "commit: INSERT"),
    (Frontier, "extend", "commit: hashing"),
)
CALIBRATIONS, CALLS = 9, 5_000


class Watch:
    """Adds up, for each step, the time that passes in it and in none of the steps within it."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        """Nanoseconds."""
        self._stacks = threading.local()
        self._inside = self._around = 0.0
        """What watching one call adds to it, and to the step around it."""
        self._calibrate()

    def on(self, owner: Any, name: str, step: str) -> None:
        """Watch one function."""
        setattr(owner, name, self._watched(getattr(owner, name), step))

    def _watched(self, inner: Callable[..., Any], step: str) -> Callable[..., Any]:
        stacks, spent = self._stacks, self.spent

        def watched(*arguments: Any, **named: Any) -> Any:
            stack = stacks.__dict__.setdefault("stack", [])
            stack.append(0.0)
            began = thread_time_ns()
            try:
                return inner(*arguments, **named)
            finally:
                took = thread_time_ns() - began
                spent[step] += took - stack.pop() - self._inside
                if stack:
                    stack[-1] += took + self._around

        return watched

    def _calibrate(self) -> None:
        found = []
        for _ in range(CALIBRATIONS):
            self.spent.clear()
            within: Callable[..., Any] = self._watched(lambda: None, "within")
            self._watched(partial(_repeat, within), "around")()
            found.append((self.spent["within"] / CALLS, self.spent["around"] / CALLS))
        self._inside, self._around = map(min, zip(*found, strict=True))
        self.spent.clear()


def _repeat(call: Callable[[], Any]) -> None:
    for _ in range(CALLS):
        call()


@dataclass
class Window:
    """Nanoseconds of one window: of the process, of the loop's thread, and of each step."""

    process: float
    loop: float
    steps: dict[str, float]


async def windows(
    config: uvicorn.Config, key: str, asked: argparse.Namespace, watch: Watch | None = None
) -> list[Window]:
    """Ask again and again."""
    callers = Callers(config, key)
    found = []
    await callers.ask(CONNECTIONS, asked.commands)
    for _ in range(asked.windows):
        if watch is not None:
            watch.spent.clear()
        process, loop = process_time_ns(), thread_time_ns()
        await callers.ask(CONNECTIONS, asked.commands)
        now = process_time_ns() - process, thread_time_ns() - loop
        found.append(Window(*now, dict(watch.spent) if watch else {}))
    return found


async def ours(asked: argparse.Namespace, watch: Watch | None) -> list[Window]:
    """Our service, whole, but for what is a process of its own."""
    with tempfile.TemporaryDirectory(prefix="tocsin-profile-") as folder:
        settings = Settings(home=Path(folder), timekeeper=False, key_requests=1_000_000)
        app = create_app(settings)
        key = first_key(settings)
        assert key is not None
        app.service.access.load()
        config = uvicorn.Config(
            app, http=protocol(settings, app.straight), ws="none", log_config=None, lifespan="off"
        )
        async with app.router.lifespan_context(app):
            return await windows(config, key, asked, watch)


async def bare(asked: argparse.Namespace) -> list[Window]:
    """An empty FastAPI POST."""
    config = uvicorn.Config(
        empty, http="httptools", ws="none", log_config=None, access_log=False, lifespan="off"
    )
    return await windows(config, "", asked)


def run(work: Coroutine[Any, Any, list[Window]]) -> list[Window]:
    """On a loop of its own."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def main() -> None:
    """Profile, and print the table."""
    parser = argparse.ArgumentParser(prog="scripts/profile", description=__doc__)
    parser.add_argument("what", choices=("command",), help="whose path is looked at")
    parser.add_argument("--windows", type=int, default=40, help="short windows; the best is shown")
    parser.add_argument("--commands", type=int, default=480, help="commands of one window")
    asked = parser.parse_args()
    tune()
    floor, whole = run(bare(asked)), run(ours(asked, None))
    watch = Watch()
    for step in STEPS:
        watch.on(*step)
    steps = run(ours(asked, watch))
    us = 1 / asked.commands / 1e3
    table = Table(title=f"One command, {CONNECTIONS} at a time: microseconds of the processor")
    table.add_column("step")
    table.add_column("us", justify="right")
    loop = min(each.loop for each in whole) * us
    rest = loop
    for _, _, step in STEPS:
        took = max(0.0, min(each.steps.get(step, 0.0) for each in steps) * us)
        rest -= took if step.startswith("loop") else 0.0
        table.add_row(step, f"{took:.1f}")
    table.add_row("loop: asyncio, and the callers of this profile", f"{max(0.0, rest):.1f}")
    table.add_section()
    process = min(each.process for each in whole) * us
    table.add_row("the event loop's thread", f"{loop:.1f}")
    table.add_row("all threads", f"{process:.1f}")
    empty_post = min(each.process for each in floor) * us
    table.add_row("an empty FastAPI POST, as fed", f"{empty_post:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
