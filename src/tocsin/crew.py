"""Processes that share one job, and end with the one that started them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any

from tocsin.process import tune

PARENT_SECONDS = 0.5
END_SECONDS = 5.0
CONTEXT = multiprocessing.get_context("spawn")
"""A process that begins afresh: locks and connections of ours are no business of it."""


class WorkerDied(Exception):
    """A process of ours ended without a word: killed, or out of memory."""


def processors() -> int:
    """How many this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class Crew:
    """One process for each of several argument lists of a function. What stops one, stops all."""

    def __init__(self, work: Callable[..., None], each: Sequence[tuple[Any, ...]]) -> None:
        self._members: list[tuple[Any, Connection, Connection]] = []
        for arguments in each:
            ours, theirs = CONTEXT.Pipe(duplex=False)
            job = (work, arguments, theirs, os.getpid())
            member = CONTEXT.Process(target=_work, args=job, daemon=True)
            self._members.append((member, ours, theirs))

    def start(self) -> None:
        """Begin."""
        for member, _, theirs in self._members:
            member.start()
            theirs.close()

    @property
    def busy(self) -> bool:
        """Whether anybody still works."""
        return any(member.is_alive() for member, _, _ in self._members)

    def check(self) -> None:
        """Return if all is well.

        Raises:
            Exception: whatever stopped one of them.
        """
        for member, said, _ in self._members:
            if said.poll():
                try:
                    raise said.recv()
                except EOFError:
                    pass
            if member.exitcode not in (None, 0):
                raise WorkerDied(f"A process that shared the work ended with {member.exitcode}.")

    def end(self, patience: float = END_SECONDS) -> None:
        """Wait a moment for those who were told to finish, and end the others."""
        for member, said, theirs in self._members:
            if member.pid is not None:
                member.join(patience)
                if member.is_alive():
                    member.kill()
                    member.join()
            said.close()
            theirs.close()


def _work(
    work: Callable[..., None], arguments: tuple[Any, ...], said: Connection, parent: int
) -> None:
    """Do a share of the job, and tell of any trouble."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    tune()
    try:
        work(*arguments)
    except Exception as error:
        said.send(error)
    finally:
        said.close()


def _end_with(parent: int) -> None:
    """Nobody waits for the work of a process whose parent is gone."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(PARENT_SECONDS)
    os._exit(1)
