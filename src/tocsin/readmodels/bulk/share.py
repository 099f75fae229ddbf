"""One process's share of a log: read, decoded once for all projections, and folded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol, runtime_checkable

from tocsin.domain.kernel import Event, Recorded
from tocsin.process import unswept
from tocsin.readmodels.batch import Batch
from tocsin.readmodels.bulk.harvest import Harvest, Page
from tocsin.readmodels.bulk.holding import Holding, belongs
from tocsin.readmodels.context import Context, tell
from tocsin.readmodels.database import Database
from tocsin.readmodels.projection import Projection, each_event
from tocsin.readmodels.rows import RowStore
from tocsin.readmodels.source import Source

DECODED = 4_000
"""Events that are opened at once: the keys that they need find room in a vault's memory."""
NUMBERS = 65_536
EVERYWHERE = range(NUMBERS)
"""All streams."""


@runtime_checkable
class Parted(Source, Protocol):
    """A log of which one can read the share of some streams."""

    def raw_part(self, names: Sequence[str], part: range, after: int, until: int) -> list[bytes]:
        """Stored bytes of the events with `after < position <= until`, in order: of those streams
        whose last two bytes are a number in `part`, and those of these names wherever they are."""
        ...

    def decoded(self, bodies: Sequence[bytes]) -> Sequence[Recorded[Any]]:
        """Stored events, opened as far as there are keys."""
        ...


@dataclass(frozen=True)
class Sizes:
    """How much at a time."""

    page: int = 25_000
    """Positions that are read at once, by each process those of its share."""
    stretch: int = 8
    """Pages after which rows that can still change are written. What an interrupted build did since
    is done again."""
    worth: int = 20_000
    """Events from which on it is worth while. What is left is read page by page."""
    cached_rows: int = 20_000
    """Rows that each process keeps although nothing happened to them for a whole stretch."""


USUAL: Final = Sizes()


@dataclass(frozen=True)
class Job:
    """One generation that is made: of which projection, in which table."""

    projection: Projection
    folded: str
    """The table of what is folded."""


def context_of(projection: Projection, source: Source, until: int) -> Context | None:
    """All that a projection will ever ask of its context, up to a position: to know of it before
    it is needed does no harm."""
    if projection.context is None:
        return None
    context = projection.context()
    tell(context, source, until)
    return context


def elsewhere(projection: Projection) -> frozenset[type[Event]]:
    """The events that a projection keys by something else than their stream."""
    assert projection.elsewhere is not None, "nobody has said which"
    return projection.elsewhere


@dataclass
class Share:
    """Some streams, from one position of the log to another."""

    source: Parted
    database: Database
    jobs: Sequence[Job]
    part: range
    after: int
    until: int
    sizes: Sizes = USUAL

    def pages(self) -> Iterator[Page]:
        """Fold page after page."""
        size, stretch = self.sizes.page, self.sizes.stretch
        for number, after in enumerate(range(self.after, self.until, size), 1):
            until = min(after + size, self.until)
            with unswept():
                yield self._page(after, until, due=number % stretch == 0 or until == self.until)

    @cached_property
    def _holdings(self) -> list[Holding]:
        return [self._holding(job) for job in self.jobs]

    def _holding(self, job: Job) -> Holding:
        projection = job.projection
        context = context_of(projection, self.source, self.until)
        store = RowStore(self.database, projection.states or projection.shape, job.folded)
        kept = self.sizes.cached_rows
        return Holding(self.database, projection, store, context, kept, empty=self.after == 0)

    @cached_property
    def _elsewhere(self) -> frozenset[type[Event]]:
        """The events that every share has to look at."""
        if len(self.part) == NUMBERS:
            return frozenset()
        return frozenset().union(*(elsewhere(job.projection) for job in self.jobs))

    def _page(self, after: int, until: int, *, due: bool) -> Page:
        try:
            holdings = self._holdings
            names = sorted(kind.event_name for kind in self._elsewhere)
            bodies = self.source.raw_part(names, self.part, after, until)
            events: list[Recorded[Any]] = []
            for start in range(0, len(bodies), DECODED):
                events += self.source.decoded(bodies[start : start + DECODED])
            pages = _Events(events, self.part, self._elsewhere)
        except Exception:
            return Page(until, {}, [job.projection.name for job in self.jobs])
        harvests: dict[str, Harvest] = {}
        failed = []
        for holding in list(holdings):
            projection = holding.projection
            try:
                holding.take(pages.of(projection), self.part)
                if due or projection.keys is each_event:
                    harvests[projection.name] = holding.harvest()
            except Exception:
                holdings.remove(holding)
                failed.append(projection.name)
        return Page(until, harvests, failed)


class _Events:
    """A page of a share: what belongs to it, and what may."""

    def __init__(
        self, events: Sequence[Recorded[Any]], part: range, elsewhere: frozenset[type[Event]]
    ) -> None:
        self._events, self._part, self._mixed = events, part, bool(elsewhere)
        self._of: dict[frozenset[type[Event]], Batch] = {}

    def of(self, projection: Projection) -> Batch:
        """The events of the share's own streams, and those that a projection keys elsewhere."""
        kinds = elsewhere(projection)
        batch = self._of.get(kinds)
        if batch is None:
            some, part = self._events, self._part
            if self._mixed:
                some = [e for e in some if type(e.event) in kinds or belongs(e.stream, part)]
            batch = self._of[kinds] = Batch(some)
        return batch
