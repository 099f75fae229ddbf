"""The processes that fold shares of a log, while the one that sent them writes what they hand over.

They find the log and the read models by the settings, and the projections by their names. A process
waits until what it said last is written before it says more: so nobody holds more than two pages,
and what it reads back is there.
"""

import marshal
import pickle
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import chain, pairwise
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from tocsin.crew import CONTEXT, Crew, WorkerDied, processors
from tocsin.readmodels.bulk.harvest import Page
from tocsin.readmodels.bulk.share import NUMBERS, USUAL, Job, Parted, Share, Sizes
from tocsin.readmodels.bulk.unfolding import Range, unfolded
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import found
from tocsin.settings import Settings
from tocsin.store.log import Log

LOOK_SECONDS = 0.1
"""How long it is waited for a page before the caller gets a word in."""
KEYS = 32_768
"""Keys of the vault that each process keeps: those of the incidents that move now."""
DONE = b""


@dataclass(frozen=True)
class Hands:
    """How other processes come to the log and the read models, and how many may."""

    settings: Settings
    processes: int
    sizes: Sizes = USUAL

    @classmethod
    def all_of(cls, settings: Settings, spare: int = 0) -> "Hands":
        """As many as there are processors, but for some that others need; one at least."""
        return cls(settings, max(1, processors() - spare))

    def send(self, errands: Sequence["Errand"]) -> Generator[list[Page] | None]:
        """Do errands side by side. Give the pages that belong together as all have come, which are
        written when the next ones are asked for; none when nothing has come for a while.

        Raises:
            WorkerDied: a process ended without a word.
            Exception: whatever else stopped one of them.
        """
        pipes = [CONTEXT.Pipe() for _ in errands]
        each = zip(errands, pipes, strict=True)
        crew = Crew(work, [(self.settings, errand, theirs) for errand, (_, theirs) in each])
        ears: list[_Ear] = []
        try:
            crew.start()
            for ours, theirs in pipes:
                theirs.close()  # so that its end is noticed here
                ears.append(_Ear(ours, pickled=bool(self.settings.database)))
            yield from _heard(crew, ears)
        finally:
            crew.end(patience=0.0)
            for ours, _ in pipes:
                ours.close()


@dataclass(frozen=True)
class Errand:
    """What one process does: the pages of a share, or the rows of some states."""

    tables: tuple[tuple[str, str], ...]
    """The names of projections, and the tables of what is folded."""
    after: int
    until: int
    part: range | None = None
    states: tuple[Range, ...] = ()
    """Of each of the projections."""
    sizes: Sizes = USUAL

    def pages(self, log: Parted, database: Database) -> Iterator[Page]:
        """Do it."""
        known = {projection.name: projection for projection in found()}
        jobs = [Job(known[name], table) for name, table in self.tables]
        if self.part is not None:
            places = self.part, self.after, self.until
            return Share(log, database, jobs, *places, self.sizes).pages()
        each = zip(jobs, self.states, strict=True)
        return chain.from_iterable(unfolded(log, database, *of, self.until) for of in each)


def parts(count: int) -> list[range]:
    """Equal parts of all streams."""
    ends = [NUMBERS * number // count for number in range(count + 1)]
    return [range(start, end) for start, end in pairwise(ends)]


def work(settings: Settings, errand: Errand, talk: Connection) -> None:
    """Do an errand in a process of its own, and say page by page what came of it."""
    more_keys = replace(settings, vault_keys=max(settings.vault_keys, KEYS))
    with (
        closing(Log.open(more_keys)) as log,
        closing(Database.open(settings.home, settings.database)) as database,
        suppress(BrokenPipeError, EOFError, ConnectionResetError),
    ):
        # SQLite takes texts, numbers and bytes alone; what else there is, marshal does not know.
        pack: Any = pickle.dumps if settings.database else marshal.dumps
        for number, page in enumerate(errand.pages(log, database)):
            if number:
                talk.recv_bytes()
            talk.send_bytes(pack(page.plain()))
        talk.send_bytes(DONE)
        talk.recv_bytes()


class _Ear:
    """Takes in what one process says as it comes, so that neither waits for the other's writing."""

    def __init__(self, talk: Connection, *, pickled: bool) -> None:
        self.talk = talk
        self._read: Any = pickle.loads if pickled else marshal.loads
        self._said: SimpleQueue[Page | BaseException | None] = SimpleQueue()
        self.waiting: list[Page | None] = []
        Thread(target=self._listen, name="tocsin-bulk", daemon=True).start()

    def _listen(self) -> None:
        try:
            while said := self.talk.recv_bytes():
                self._said.put(Page.read(self._read(said)))
            self._said.put(None)
        except Exception as error:
            self._said.put(error)

    def hear(self, seconds: float) -> bool:
        """Whether there is a page, or the end."""
        if not self.waiting:
            with suppress(Empty):
                said = self._said.get(timeout=seconds)
                if isinstance(said, BaseException):
                    raise WorkerDied("A process that shared the work ended too early.") from said
                self.waiting.append(said)
        return bool(self.waiting)


def _heard(crew: Crew, ears: list[_Ear]) -> Generator[list[Page] | None]:
    while ears:
        try:
            ready = all(ear.hear(LOOK_SECONDS) for ear in ears)
        except WorkerDied:
            crew.check()  # it may have said why
            raise
        if not ready:
            crew.check()
            yield None
            continue
        said = [(ear, ear.waiting.pop()) for ear in ears]
        ears = [ear for ear, page in said if page is not None]
        if pages := [page for _, page in said if page is not None]:
            yield pages
        for ear, _ in said:
            with suppress(OSError):  # it is dead: whoever listens to it finds out
                ear.talk.send_bytes(b"written")
