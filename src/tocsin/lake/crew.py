"""Catching up in several processes: each writes its part of all incidents, range by range.

What they come to does not depend on how many they are: a row follows from the log alone, and the
rows of a range have one order.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import pairwise
from multiprocessing.connection import Connection
from queue import Empty, Full, Queue
from time import monotonic, sleep
from typing import Any, Final, NoReturn

from tocsin.crew import CONTEXT, END_SECONDS, Crew, WorkerDied
from tocsin.domain.clock.plan import Rulebooks
from tocsin.lake import columns
from tocsin.lake.lean import lean
from tocsin.lake.scribe import EVERYWHERE, Scribe
from tocsin.lake.tables import TABLES
from tocsin.settings import Settings
from tocsin.store.log import Log

AHEAD: Final = 2
"""Ranges that a process may have finished before anybody has fetched them."""
CACHED: Final = 32_768
"""Incidents that each process keeps at hand."""
LOOK_SECONDS = 0.2

Range = tuple[int, int]
"""After which position, and until which."""


def parts(processes: int) -> list[range]:
    """Which incidents each process takes: the numbers that their ids end in."""
    count = len(EVERYWHERE)
    ends = [count * number // processes for number in range(processes + 1)]
    return [range(first, last) for first, last in pairwise(ends)]


def learn(log: Log, rules: Rulebooks) -> None:
    """Know of every policy that has been published so far."""
    for recorded in log.history(rules.stream, after=rules.policies.seen):
        rules.add(recorded)


def folded(
    settings: Settings,
    ranges: Sequence[Range],
    processes: int,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Range, columns.Arrow]]:
    """The rows of consecutive ranges of the log, one range after the other, until `stop` says so.

    Raises:
        Exception: whatever stopped one of the processes.
    """
    pipes = [CONTEXT.Pipe(duplex=False) for _ in range(processes)]
    each = [
        (settings, part, list(ranges), theirs)
        for part, (_, theirs) in zip(parts(processes), pipes, strict=True)
    ]
    crew = Crew(_fold, each)
    inboxes = [_Inbox(ours) for ours, _ in pipes]
    crew.start()
    try:
        for inbox, (_, theirs) in zip(inboxes, pipes, strict=True):
            theirs.close()  # so that its end is noticed here
            inbox.start()
        for one in ranges:
            sent = [tables for each in inboxes if (tables := each.fetch(crew, stop)) is not None]
            if len(sent) < processes:
                return
            yield one, _merged(sent)
    finally:
        for inbox in inboxes:
            inbox.give_up()
        # They leave nothing behind: nobody has to wait until they have finished.
        crew.end(patience=0.0)
        for inbox in inboxes:
            inbox.close()


def _merged(sent: Sequence[list[bytes]]) -> columns.Arrow:
    return {
        table.name: columns.ordered(table, [columns.unpacked(each[number]) for each in sent])
        for number, table in enumerate(TABLES)
    }


class _Inbox:
    """What one process sends, received while we write: it need not wait for us."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._received: Queue[list[bytes] | None] = Queue(AHEAD)
        self._unwanted = threading.Event()
        self._thread = threading.Thread(target=self._receive, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def fetch(self, crew: Crew, stop: Callable[[], bool]) -> list[bytes] | None:
        """The next range's tables; none if nobody wants them any more.

        Raises:
            Exception: whatever stopped one of the crew.
        """
        while not stop():
            try:
                received = self._received.get(timeout=LOOK_SECONDS)
            except Empty:
                crew.check()
                continue
            if received is None:
                _explain(crew)
            return received
        return None

    def give_up(self) -> None:
        """Want nothing more."""
        self._unwanted.set()

    def close(self) -> None:
        """Let go, once the process has ended."""
        if self._thread.ident is not None:
            self._thread.join()
        self._connection.close()

    def _receive(self) -> None:
        try:
            while not self._unwanted.is_set():
                self._put([self._connection.recv_bytes() for _ in TABLES])
        except (EOFError, OSError):
            self._put(None)

    def _put(self, received: list[bytes] | None) -> None:
        while not self._unwanted.is_set():
            with suppress(Full):
                self._received.put(received, timeout=LOOK_SECONDS)
                return


def _explain(crew: Crew) -> NoReturn:
    """One of the crew sends nothing more: say why, which it may still be about to."""
    until = monotonic() + END_SECONDS
    while monotonic() < until:
        crew.check()
        sleep(LOOK_SECONDS / 10)
    raise WorkerDied("A process that shared the work ended too early.")


def _fold(settings: Settings, part: range, ranges: Sequence[Range], out: Connection) -> None:
    """Write one part of every range, and send it off as columns."""
    lean()
    with closing(out), closing(Log.open(settings, veiled=True)) as log:
        rules = Rulebooks()
        scribe = Scribe(log, rules, part, CACHED)
        for after, until in ranges:
            learn(log, rules)
            drafts: dict[str, list[tuple[Any, ...]]] = scribe.write(after, until)
            try:
                for table in TABLES:
                    out.send_bytes(columns.packed(columns.arrow(table, drafts[table.name])))
            except BrokenPipeError:
                return
