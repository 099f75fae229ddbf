"""Taking read models in the making through the long part of a history, up to a fixed position."""

import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import chain

from sqlalchemy.exc import IntegrityError

from tocsin.crew import WorkerDied
from tocsin.readmodels.bulk.hands import Errand, Hands, parts
from tocsin.readmodels.bulk.harvest import Harvest, Page
from tocsin.readmodels.bulk.share import EVERYWHERE, USUAL, Job, Parted, Share, Sizes
from tocsin.readmodels.bulk.unfolding import Range, ranges, unfolded
from tocsin.readmodels.database import Database
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.registry import Overtaken
from tocsin.readmodels.source import Source

Pages = Generator[list[Page] | None]
logger = logging.getLogger(__name__)


class Making:
    """Several generations, from where they stand to where the log ended when this began.

    One that comes to an event that cannot be applied is left as it was last written, and so are
    all when a process dies: whoever then feeds them page by page finds the event, and says why.
    """

    def __init__(
        self,
        source: Source,
        database: Database,
        followers: Sequence[Follower],
        hands: Hands | None = None,
        *,
        until: int | None = None,
        sizes: Sizes = USUAL,
    ) -> None:
        """Without `hands`, all of it is done in this process; with them, in their sizes."""
        self._sizes = hands.sizes if hands is not None else sizes
        self._source, self._database, self._hands = source, database, hands
        self.until = source.head() if until is None else until
        self._going = [
            follower
            for follower in followers
            if not follower.by_page and follower.projection.elsewhere is not None
        ]

    def run(self) -> Generator[int]:
        """Make them; give the number of events that were read, now and then, or 0.

        Raises:
            OperationalError: the database is away.
        """
        source = self._source
        if self._hands is None and not isinstance(source, Parted):
            return
        while some := self._next():
            after = some[0].position
            ahead = [f.position for f in self._going if f.position > after]
            yield from self._fold(source, some, after, min([self.until, *ahead]))
        if self.until >= self._sizes.worth:
            some = [f for f in self._going if f.deferred and f.position == self.until]
            if some:
                yield from self._unfold(source, some)

    def _next(self) -> list[Follower]:
        """Those that have come least far, if they are far from the end."""
        self._going = [f for f in self._going if not (f.lost or f.halted)]
        after = min((f.position for f in self._going), default=self.until)
        if self.until - after < self._sizes.worth:
            return []
        return [f for f in self._going if f.position == after]

    def _fold(self, source: Source, some: list[Follower], after: int, until: int) -> Generator[int]:
        tables = tuple((f.projection.name, f.folded.table.name) for f in some)
        pages: Pages
        if self._hands is None:
            jobs = [Job(f.projection, f.folded.table.name) for f in some]
            assert isinstance(source, Parted)
            places = EVERYWHERE, after, until
            share = Share(source, self._database, jobs, *places, self._sizes)
            pages = ([page] for page in share.pages())
        else:
            every = parts(self._hands.processes)
            errands = [Errand(tables, after, until, part, sizes=self._sizes) for part in every]
            pages = self._hands.send(errands)
        going, read = list(some), after
        try:
            with closing(pages):
                for said in pages:
                    if said is None:
                        yield 0
                        continue
                    going = [f for f in going if self._written(f, said)]
                    if not going:
                        break
                    yield said[0].until - read
                    read = said[0].until
        except WorkerDied:
            logger.exception("read models are made page by page from here")
            going = []
        for follower in some:
            follower.by_page = follower not in going
        self._going = [f for f in self._going if not f.by_page]

    def _written(self, follower: Follower, said: list[Page]) -> bool:
        """Write what is due of one generation; false if it is to go on page by page."""
        name = follower.projection.name
        if any(name in page.failed for page in said):
            return False
        shares = [page.harvests[name] for page in said if name in page.harvests]
        if shares:
            try:
                follower.harvested(said[0].until, Harvest.together(shares))
            except Overtaken:
                follower.lost = True
                return False
        return True

    def _unfold(self, source: Source, some: list[Follower]) -> Generator[int]:
        """Make the rows of all states; where that fails, the follower does it, and says why."""
        going = {follower.projection.name: follower for follower in some}
        try:
            with closing(self._unfolding(source, some)) as pages:
                begun: set[str] = set()
                for said in pages:
                    for name in {name for page in said or () for name in page.names}:
                        first = name not in begun
                        begun.add(name)
                        if name in going and not self._unfolded(going[name], said or [], first):
                            del going[name]
                    yield 0
        except WorkerDied:
            logger.exception("the rows of states are made in this process")
            return
        for follower in going.values():
            follower.all_unfolded()

    def _unfolding(self, source: Source, some: list[Follower]) -> Pages:
        tables = tuple((f.projection.name, f.folded.table.name) for f in some)
        if self._hands is None:
            jobs = [Job(f.projection, f.folded.table.name) for f in some]
            whole = Range(None, None)
            each = (unfolded(source, self._database, job, whole, self.until) for job in jobs)
            return ([page] for page in chain.from_iterable(each))
        with self._database.reading() as connection:
            count = self._hands.processes
            every = zip(*(ranges(connection, f.folded, count) for f in some), strict=True)
        errands = [Errand(tables, self.until, self.until, states=states) for states in every]
        return self._hands.send(errands)

    def _unfolded(self, follower: Follower, said: list[Page], first: bool) -> bool:
        name = follower.projection.name
        if any(name in page.failed for page in said):
            return False
        try:
            made = [page.harvests[name].new for page in said if name in page.harvests]
            follower.unfolded(made, first=first)
        except IntegrityError:
            return False  # two states stand for one row
        except Overtaken:
            follower.lost = True
            return False
        return True
