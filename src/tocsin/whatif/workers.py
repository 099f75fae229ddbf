"""Processes that replay shares side by side: each takes the next one that nobody has."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from time import sleep
from typing import Any

from tocsin.crew import CONTEXT, Crew, processors
from tocsin.settings import Settings
from tocsin.store.log import Log
from tocsin.whatif.keeping import Kept
from tocsin.whatif.question import Question
from tocsin.whatif.scan import Stopped, policies_until, scan
from tocsin.whatif.shares import Share

LOOK_SECONDS = 0.1


class Replayers:
    """As many processes as there are processors."""

    def __init__(
        self, settings: Settings, home: Path, question: Question, shares: Sequence[Share]
    ) -> None:
        self._done = CONTEXT.Array("d", [0.0] * len(shares), lock=False)
        self._stop = CONTEXT.Event()
        # Kept here as well: a process forgets what it was given once it has started.
        self._next = CONTEXT.Value("i", 0)
        signs = (self._done, self._next, self._stop)
        job = (settings, home, question.text, list(shares), *signs)
        self._crew = Crew(work, [job] * min(processors(), len(shares)))

    def run(self, done: Callable[[float], bool]) -> bool:
        """Replay every share; tell `done` how many shares' worth is done, until it wants no more.

        Return whether all were finished.

        Raises:
            Exception: whatever stopped a worker.
        """
        try:
            self._crew.start()
            while self._crew.busy:
                self._crew.check()
                if not done(sum(self._done)):
                    self._stop.set()
                sleep(LOOK_SECONDS)
            self._crew.check()
            return not self._stop.is_set()
        finally:
            self._stop.set()
            self._crew.end()


def work(
    settings: Settings,
    home: Path,
    text: bytes,
    shares: Sequence[Share],
    done: Any,
    following: Any,
    stop: Any,
) -> None:
    """Take shares until there are none left, and keep the tally of each."""
    question = Question.read(text)
    kept = Kept(home, question)
    with closing(Log.open(settings, veiled=True)) as log:
        policies = policies_until(log, question.position)
        while (number := _taken(following)) < len(shares) and not stop.is_set():

            def advance(part: float, number: int = number) -> bool:
                done[number] = part
                return not stop.is_set()

            share = shares[number]
            try:
                kept.keep(share, scan(log, question, policies, share, advance))
            except Stopped:
                return
            done[number] = 1.0


def _taken(following: Any) -> int:
    with following.get_lock():
        number = int(following.value)
        following.value = number + 1
    return number
