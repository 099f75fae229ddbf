"""Processes that look through a log side by side: each takes a share of its incidents."""

from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from tocsin.crew import CONTEXT, Crew, WorkerDied
from tocsin.past.rows import Advance, found
from tocsin.past.wanted import Wanted, parts
from tocsin.readmodels import found as projections
from tocsin.settings import Settings
from tocsin.store.log import Log

LOOK_SECONDS = 0.2


def side_by_side(
    settings: Settings,
    name: str,
    wanted: Wanted,
    *,
    processes: int,
    veiled: bool,
    advance: Advance,
) -> Iterator[list[Any]]:
    """The rows of a projection, by its name, as they come from so many processes.

    Raises:
        Exception: whatever stopped one of them.
    """
    pipes = [CONTEXT.Pipe(duplex=False) for _ in range(processes)]
    shares = zip(parts(processes), pipes, strict=True)
    crew = Crew(
        work, [(settings, name, wanted, veiled, share, theirs) for share, (_, theirs) in shares]
    )
    done = dict.fromkeys((ours for ours, _ in pipes), 0.0)
    try:
        crew.start()
        for _, theirs in pipes:
            theirs.close()  # so that its end is noticed here
        yield from _received(crew, done, advance)
    finally:
        crew.end(patience=0.0)
        for ours, _ in pipes:
            ours.close()


def _received(crew: Crew, done: dict[Connection, float], advance: Advance) -> Iterator[list[Any]]:
    listening = list(done)
    while listening:
        ready: list[Any] = wait(listening, LOOK_SECONDS)
        for ours in ready:
            try:
                said = ours.recv()
            except EOFError:
                listening.remove(ours)
                continue
            if isinstance(said, float):
                done[ours] = said
            else:
                yield said
        crew.check()
        advance(sum(done.values()) / len(done))
    while crew.busy:
        crew.check()
    crew.check()
    if any(share < 1.0 for share in done.values()):
        raise WorkerDied("A process that shared the work ended too early.")


def work(
    settings: Settings, name: str, wanted: Wanted, veiled: bool, share: range, out: Connection
) -> None:
    """Send off the rows of a share, and how much of it is done."""
    (projection,) = (each for each in projections() if each.name == name)
    with closing(out), closing(Log.open(settings, veiled=veiled)) as log, suppress(BrokenPipeError):
        for rows in found(log, projection, wanted, share, out.send):
            out.send(rows)
        out.send(1.0)
