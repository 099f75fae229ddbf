"""Trials in processes of their own, each of which has a PostgreSQL, and one trial at a time."""

import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import Queue, active_children, get_context
from multiprocessing.util import Finalize
from pathlib import Path
from signal import SIGINT, default_int_handler, signal
from time import monotonic
from typing import Any

from tests.faults.trials import Result, Site, Trial
from tests.postgres import Postgres

MODULES = (
    "deaths", "hours", "powercuts", "forgotten", "lines", "following", "rebuilds", "tearing",
    "linear", "crowd", "full", "flushes", "damage", "clocks", "crawlers", "twins", "lives",
    "copies", "starts", "soak", "sabotage", "streams",
)  # fmt: skip
"""Where trials are, in the order in which they stand in the table."""


def every_trial() -> list[Trial]:
    """All there are."""
    places = [f"tests.faults.{name}" for name in MODULES]
    return [trial for place in places for trial in import_module(place).TRIALS]


@dataclass(frozen=True)
class Order:
    """A trial, how often, and where."""

    trial: Trial
    size: int
    seed: int
    work: Path


@dataclass(frozen=True)
class Ended:
    """How a trial went."""

    order: Order
    result: Result
    seconds: float


_postgres: Postgres | None = None


def run_all(orders: Sequence[Order], jobs: int) -> Iterator[Ended]:
    """Run so many at a time, those that want to be alone last; each is given as it ends."""
    context = get_context("spawn")
    places: Queue[int] = context.Queue()
    for place in range(jobs):
        places.put(place)
    crowd = [order for order in orders if not order.trial.alone]
    loners = [order for order in orders if order.trial.alone]
    with ProcessPoolExecutor(jobs, context, _settle_in, (places,)) as pool:
        try:
            yield from _as_they_end([pool.submit(_run, *_plain(order)) for order in crowd], crowd)
            for order in loners:
                yield from _as_they_end([pool.submit(_run, *_plain(order))], [order])
        except BaseException:
            for process in active_children():
                os.kill(process.pid or os.getpid(), SIGINT)
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _as_they_end(
    futures: Sequence[Future[tuple[Result, float]]], orders: Sequence[Order]
) -> Iterator[Ended]:
    of = dict(zip(futures, orders, strict=True))
    for future in as_completed(of):
        yield Ended(of[future], *future.result())


def _plain(order: Order) -> tuple[str, int, int, str]:
    return order.trial.number, order.size, order.seed, str(order.work)


def _settle_in(places: Any) -> None:
    """Begin a process that runs trials: with ports and a database server of its own."""
    global _postgres  # noqa: PLW0603 - one per process
    # Ctrl-C reaches us once, by whoever runs us: what a trial has mounted and started is undone.
    os.setpgrp()
    signal(SIGINT, default_int_handler)
    os.environ["PYTEST_XDIST_WORKER"] = f"gw{places.get()}"
    stack = ExitStack()
    Finalize(None, stack.close, exitpriority=10)
    # Libraries that trials load complain of each other while an interpreter is taken apart.
    Finalize(None, os._exit, args=(0,), exitpriority=0)
    home = stack.enter_context(
        tempfile.TemporaryDirectory(prefix="tocsin-postgres-", ignore_cleanup_errors=True)
    )
    _postgres = Postgres(Path(home))
    _postgres.start()
    stack.callback(_postgres.stop)


def _run(number: str, size: int, seed: int, work: str) -> tuple[Result, float]:
    """Run one; one that falls over has failed, and says where."""
    assert _postgres is not None
    (trial,) = (each for each in every_trial() if each.number == number)
    sys.stderr.write(f"{number} begins: {trial.name}, {size:,}\n")
    began = monotonic()
    with tempfile.TemporaryDirectory(prefix=f"{number}-", dir=work) as folder:
        _postgres.start()
        try:
            result = trial.run(Site(Path(folder), _postgres, seed), size)
        except Exception as error:
            sys.stderr.write(f"{number} fell over:\n{traceback.format_exc()}")
            result = Result(size, ok=False, remark=f"fell over: {error!r}".split("\n", 1)[0])
    return result, monotonic() - began
