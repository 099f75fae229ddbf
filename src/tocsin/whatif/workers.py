"""Processes that replay shares side by side, and end with the one that started them."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from time import sleep
from typing import Any

from tocsin.process import tune
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.whatif.keeping import Kept
from tocsin.whatif.question import Question
from tocsin.whatif.scan import Stopped, policies_until, scan
from tocsin.whatif.shares import Share

PARENT_SECONDS = 0.5
LOOK_SECONDS = 0.1
END_SECONDS = 5.0
_CONTEXT = multiprocessing.get_context("spawn")


class WorkerDied(Exception):
    """A process of ours ended without a word: killed, or out of memory."""


def processors() -> int:
    """How many this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


class Crew:
    """As many processes as there are processors; each takes the next share that nobody has."""

    def __init__(
        self, settings: Settings, home: Path, question: Question, shares: Sequence[Share]
    ) -> None:
        self._done = _CONTEXT.Array("d", [0.0] * len(shares), lock=False)
        self._next = _CONTEXT.Value("i", 0)
        self._stop = _CONTEXT.Event()
        self._members: list[tuple[Any, Connection]] = []
        self._shares = list(shares)
        for _ in range(min(processors(), len(shares))):
            ours, theirs = _CONTEXT.Pipe(duplex=False)
            job = (settings, home, question.text, self._shares)
            signs = (self._done, self._next, self._stop, theirs, os.getpid())
            member = _CONTEXT.Process(target=work, args=(*job, *signs), daemon=True)
            self._members.append((member, ours))

    def run(self, done: Callable[[float], bool]) -> bool:
        """Replay every share; tell `done` how many shares' worth is done, until it wants no more.

        Return whether all were finished.

        Raises:
            Exception: whatever stopped a worker.
        """
        try:
            for member, _ in self._members:
                member.start()
            while any(member.is_alive() for member, _ in self._members):
                self._check()
                if not done(sum(self._done)):
                    self._stop.set()
                sleep(LOOK_SECONDS)
            self._check()
            return not self._stop.is_set()
        finally:
            self._end()

    def _check(self) -> None:
        for member, said in self._members:
            if said.poll():
                try:
                    raise said.recv()
                except EOFError:
                    pass
            if member.exitcode not in (None, 0):
                raise WorkerDied(f"A process that replayed history ended with {member.exitcode}.")

    def _end(self) -> None:
        self._stop.set()
        for member, said in self._members:
            if member.pid is not None:
                member.join(END_SECONDS)
                if member.is_alive():
                    member.kill()
                    member.join()
            said.close()


def work(
    settings: Settings,
    home: Path,
    text: bytes,
    shares: Sequence[Share],
    done: Any,
    following: Any,
    stop: Any,
    said: Connection,
    parent: int,
) -> None:
    """Take shares until there are none left, keep the tally of each, and tell of any trouble."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    tune()
    try:
        question = Question.read(text)
        kept = Kept(home, question)
        with closing(Log.open(settings)) as log:
            policies = policies_until(log, question.position)
            while (number := _taken(following)) < len(shares) and not stop.is_set():

                def advance(part: float, number: int = number) -> bool:
                    done[number] = part
                    return not stop.is_set()

                share = shares[number]
                kept.keep(share, scan(log, question, policies, share, advance))
                done[number] = 1.0
    except Stopped:
        pass
    except Exception as error:
        said.send(error)
    finally:
        said.close()


def _taken(following: Any) -> int:
    with following.get_lock():
        number = int(following.value)
        following.value = number + 1
    return number


def _end_with(parent: int) -> None:
    """Nobody waits for the work of a process whose parent is gone."""
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(PARENT_SECONDS)
    os._exit(1)
