"""Making a read model anew from the first event, beside the one that serves meanwhile.

It can be interrupted at any page and goes on from there. Once it has caught up, one transaction
makes it the live one and drops its predecessor; readers notice nothing but the newer rows.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.bulk.making import Making
from tocsin.readmodels.bulk.share import USUAL, Sizes
from tocsin.readmodels.cleaning import Cleaning
from tocsin.readmodels.database import Database
from tocsin.readmodels.feeding import advance
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.lease import Lease
from tocsin.readmodels.projection import Projection
from tocsin.readmodels.registry import Generation, Overtaken, Registry, Role, State, columns
from tocsin.readmodels.source import Source

REBUILD_EVENTS = 5_000


class AlreadyRebuilding(Exception):
    """Another process is rebuilding this projection; it may be left to finish."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is being rebuilt by another process.")
        self.name = name


class RebuildHalted(Exception):
    """An event cannot be applied. The live read models are as they were."""

    def __init__(self, broken: Sequence[Generation]) -> None:
        reasons = "; ".join(
            f"{b.name} at position {b.error_position} ({b.error_event}): {b.error}" for b in broken
        )
        super().__init__(f"The rebuild halted: {reasons}")
        self.broken = tuple(broken)


@dataclass(frozen=True)
class Progress:
    """How far a rebuild has come."""

    names: tuple[str, ...]
    position: int
    head: int
    events: int
    """Read since this run began, not since position 0."""
    seconds: float

    @property
    def per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """Time to go at the rate so far; none before there is a rate."""
        rate = self.per_second
        return max(0, self.head - self.position) / rate if rate else None


class Build:
    """One generation in the making. It holds a lease, so nobody else makes one too."""

    def __init__(
        self, database: Database, projection: Projection, role: Role, erased: int = 0
    ) -> None:
        """`erased`: the keys of all that was forgotten up to here are gone, and not used here."""
        self.projection, self.role, self._erased = projection, role, erased
        self.lease: Lease = database.lease(f"{projection.name}.{role}", patient=True)
        self._database, self._registry = database, Registry(database, self.lease)
        self._cleaning = Cleaning(database)

    def begin(self, *, fresh: bool = False) -> Follower | None:
        """Begin, or go on where an interrupted one stopped; none when another process does.

        One that was begun by other code, or before something was forgotten, or is unwanted
        (`fresh`), is dropped.
        """
        if not self.lease.take():
            return None
        try:
            self.follower = self._begun(fresh=fresh)
        except BaseException as error:
            # Nobody could go on with it, not even we, as long as it were held for this attempt.
            self.lease.release()
            if isinstance(error, Overtaken):
                return None
            raise
        return self.follower

    def _begun(self, *, fresh: bool) -> Follower:
        self._cleaning.migrate()
        with self._database.writing() as connection:
            # Whoever stood still before this, and lost it, would begin a second one here.
            self._registry.hold(connection)
            left = self._registry.find(connection, self.projection.name, self.role)
            if left is not None and (
                fresh
                or not fits(left, self.projection)
                or self._cleaning.clean(left) < self._erased
            ):
                self._registry.drop(connection, left)
                left = None
            begun = left or self._registry.begin(connection, self.projection, self.role)
            if left is None:
                self._cleaning.begun(connection, begun, self._erased)
        if begun.state is State.HALTED:
            self._registry.mark(begun, State.REBUILDING)
        return Follower(self._database, self.projection, begun, deferring=True, lease=self.lease)

    def settle(self, head: int) -> bool:
        """Make it the live one, unless the live one is still ahead.

        Raises:
            Overtaken: it is not ours any more.
        """
        with self._database.writing() as connection:
            for store in self.follower.stores:
                store.index(connection)
        follower = self.follower
        switched = self._registry.switch(follower.generation, follower.position, head)
        if switched:
            self.lease.release()
        return switched

    def abandon(self) -> None:
        """Drop what was made so far."""
        with self._database.writing() as connection:
            self._registry.drop(connection, self.follower.generation)
        self.lease.release()


def fits(generation: Generation, projection: Projection) -> bool:
    """Whether its tables were made by this very version of the projection."""
    same = generation.version == projection.version
    return same and generation.columns == columns(projection)


def rebuild(
    source: Source,
    database: Database,
    projections: Sequence[Projection],
    *,
    progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], bool] | None = None,
    fresh: bool = False,
    page: int = REBUILD_EVENTS,
    hands: Hands | None = None,
    sizes: Sizes = USUAL,
) -> bool:
    """Rebuild projections together, each event decoded once; true unless `stop` said to stop.

    The long part of the history is folded in memory and written in stretches, by other processes if
    there are `hands`, and then in their sizes; what is left of it, page by page.

    Raises:
        AlreadyRebuilding: another process is at it.
        RebuildHalted: an event cannot be applied to some of them; the others are rebuilt.
    """
    cleaning = Cleaning(database)
    cleaning.migrate()
    erased = cleaning.asked_of(source)
    builds = [Build(database, each, Role.BUILDING, erased) for each in projections]
    try:
        for build in builds:
            if build.begin(fresh=fresh) is None:
                raise AlreadyRebuilding(build.projection.name)
        run = _Run(source, builds, progress, stop)
        followers = [build.follower for build in builds]
        if not run.bulk(Making(source, database, followers, hands, sizes=sizes)):
            return False
        if not run.pages(page):
            return False
        run.report(database)
        return True
    finally:
        for build in builds:
            build.lease.release()


class _Run:
    """One run of a rebuild, and how far it has come."""

    def __init__(
        self,
        source: Source,
        builds: list[Build],
        progress: Callable[[Progress], None] | None,
        stop: Callable[[], bool] | None,
    ) -> None:
        self._source, self._builds, self._progress = source, builds, progress
        self._stop = stop or (lambda: False)
        self._names = tuple(build.projection.name for build in builds)
        self._began, self._events = time.monotonic(), 0

    def bulk(self, making: Making) -> bool:
        """The long part of the history; false if it was stopped."""
        start = min((build.follower.position for build in self._builds), default=0)
        with closing(making.run()) as steps:
            for events in steps:
                self._events += events
                if events:
                    self._tell(start + self._events, making.until)
                if self._stop():
                    return False
        return True

    def pages(self, page: int) -> bool:
        """What is left, page by page, until all have switched; false if it was stopped."""
        source, waiting = self._source, list(self._builds)
        while waiting:
            if self._stop():
                return False
            before = source.head()
            self._events += advance(source, [build.follower for build in waiting], page)
            going = [b for b in waiting if not (b.follower.halted or b.follower.lost)]
            head = source.head()
            if going:
                self._tell(min(build.follower.position for build in going), head)
            waiting = [
                build
                for build in going
                # What came while it read is for the next page: under load, there is always more.
                if build.follower.position < before
                or not (build.follower.unfold(source) and build.settle(head))
            ]
        return True

    def report(self, database: Database) -> None:
        """Raise if any halted.

        Raises:
            RebuildHalted: an event cannot be applied to them.
        """
        halted = [build.follower.generation for build in self._builds if build.follower.halted]
        if halted:
            with database.reading() as connection:
                rows = Registry(database).rows(connection)
            wanted = {(each.name, each.generation) for each in halted}
            raise RebuildHalted([row for row in rows if (row.name, row.generation) in wanted])

    def _tell(self, place: int, head: int) -> None:
        if self._progress is not None:
            seconds = time.monotonic() - self._began
            self._progress(Progress(self._names, place, head, self._events, seconds))
