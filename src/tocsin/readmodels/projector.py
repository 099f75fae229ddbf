"""Keeping every read model at the head of the log, in a process of its own.

Each projection is held under a lease: a second projector waits and takes over. One that meets an
event it cannot apply halts there, for everyone to see, and the others go on. One whose code has a
new version is built anew beside the live one, a page at a time, and then switched.
"""

import logging
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from threading import Event as Flag

from sqlalchemy.exc import SQLAlchemyError

from tocsin.readmodels.bulk.hands import Hands
from tocsin.readmodels.bulk.making import Making
from tocsin.readmodels.cleaning import Cleaning
from tocsin.readmodels.database import Database
from tocsin.readmodels.feeding import advance
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.lease import Lease
from tocsin.readmodels.projection import Projection
from tocsin.readmodels.rebuild import REBUILD_EVENTS, Build, fits
from tocsin.readmodels.registry import Generation, Overtaken, Registry, Role, State
from tocsin.readmodels.source import Source
from tocsin.store.entries import StoreUnavailable

logger = logging.getLogger(__name__)


class LogIsShorter(Exception):
    """The log ends before what a read model has read, as after a restored backup."""

    def __init__(self, head: int) -> None:
        super().__init__(f"the log ends at position {head}: rebuild this read model")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How much at a time, and how often."""

    live_events: int = 500
    rebuild_events: int = REBUILD_EVENTS
    poll_seconds: float = 0.05
    beat_seconds: float = 1.0
    """How often the runner says that it lives, and asks for the leases that it lacks."""
    hands: Hands | None = None
    """Other processes that fold what is made anew; without them, it is made a page at a time."""
    outage_seconds: float = 1.0
    """Longest pause between two attempts while the database or the log is away."""
    again_seconds: float = 60.0
    """How long one that halted while it was made again is left alone."""


class Seat:
    """One projection, and what this runner does for it."""

    def __init__(self, database: Database, projection: Projection) -> None:
        self.projection = projection
        self.lease: Lease = database.lease(projection.name)
        self.follower: Follower | None = None
        self.build: Build | None = None
        self.again_at = 0.0
        """Before then it is not made again, whatever was forgotten."""

    @property
    def fed(self) -> Follower | None:
        """What moves at the moment: the one in the making, or else the live one."""
        return self.build.follower if self.build is not None else self.follower

    @property
    def followers(self) -> list[Follower]:
        """All that move at the moment: the live one goes on while another one is made."""
        building = self.build.follower if self.build is not None else None
        return [each for each in (self.follower, building) if each is not None]

    def leave(self) -> None:
        """Stop doing anything for it."""
        self.follower = None
        if self.build is not None:
            self.build.lease.release()
            self.build = None


class Projector:
    """Follows the log for all the projections whose lease it gets."""

    def __init__(
        self,
        source: Source,
        database: Database,
        projections: Sequence[Projection],
        *,
        pace: Pace | None = None,
        doorbell: Callable[[float], object] | None = None,
    ) -> None:
        """`doorbell(seconds)` waits that long, or less when it knows that there is news."""
        self._source, self._database = source, database
        self._pace = pace or Pace()
        self._doorbell = doorbell
        self._registry, self._cleaning = Registry(database), Cleaning(database)
        self._erased = 0
        self._seats = [Seat(database, projection) for projection in projections]
        self._next_beat = 0.0
        self._prepared = False
        self._bulk: Generator[int] | None = None
        self._behind = False
        """Whether the last round left something to be read at once."""

    def run(self, stop: Flag) -> None:
        """Follow until `stop` is set, then finish the page at hand and give the leases back."""
        pause = self._pace.poll_seconds
        wait = self._doorbell or stop.wait
        try:
            while not stop.is_set():
                try:
                    busy = self.step()
                    pause = self._pace.poll_seconds
                except Exception as error:
                    # Neither store is ours: they come back, and we go on from the last commit.
                    outage = isinstance(error, (SQLAlchemyError, StoreUnavailable))
                    said = getattr(error, "orig", error) or error
                    logger.error("read models wait %.2f s: %s", pause, said, exc_info=not outage)
                    self._leave_all()
                    busy = False
                    stop.wait(pause)
                    pause = min(2 * pause, self._pace.outage_seconds)
                if not (busy and self._behind):
                    # What comes meanwhile shares a page: many small ones would cost far more.
                    wait(self._pace.poll_seconds)
        finally:
            self.close()

    def step(self) -> bool:
        """Do one round: a page for every projection that is behind; true if there was any."""
        if not self._prepared:
            self._cleaning.migrate()
            self._prepared = True
        if time.monotonic() >= self._next_beat:
            self._beat()
            self._next_beat = time.monotonic() + self._pace.beat_seconds
        followers = [seat.follower for seat in self._seats if seat.follower is not None]
        live = advance(self._source, followers, self._pace.live_events) if followers else 0
        made = self._build()
        fed, self._behind = live + made, bool(made) or live >= self._pace.live_events
        for seat in self._seats:
            if seat.follower is not None and seat.follower.lost:
                seat.leave()
                self._next_beat = 0.0
        return bool(fed)

    def close(self) -> None:
        """Give back what this runner holds."""
        self._leave_all()
        for seat in self._seats:
            try:
                seat.lease.release()
            except SQLAlchemyError:  # pragma: no cover - the server is gone, and so is the lease
                logger.warning("the lease of %s could not be given back", seat.projection.name)

    def _leave_all(self) -> None:
        if self._bulk is not None:
            self._bulk.close()
            self._bulk = None
        for seat in self._seats:
            seat.leave()
        self._next_beat = 0.0

    def _beat(self) -> None:
        """Renew what is held, notice what was replaced, and take what is free."""
        self._erased = self._cleaning.asked_of(self._source)
        held = [s for s in self._seats if s.lease.take()]
        for seat in self._seats:
            if seat not in held:
                seat.leave()
        fed = [follower for seat in held for follower in seat.followers]
        replaced = self._registry.beat([follower.generation for follower in fed])
        for seat in held:
            if any(follower.generation in replaced for follower in seat.followers):
                seat.leave()
            if seat.build is not None and seat.build.follower.halted and self._live(seat):
                seat.leave()
                seat.again_at = time.monotonic() + self._pace.again_seconds
            if seat.fed is None:
                self._open(seat)
            self._clean(seat)
        self._compare_with(self._source.head())

    def _clean(self, seat: Seat) -> None:
        """Make it again beside the live one if that may hold what was forgotten."""
        if seat.follower is None or seat.build is not None or time.monotonic() < seat.again_at:
            return
        if self._cleaning.clean(seat.follower.generation) < self._erased:
            self._begin(seat)
            logger.info("%s (version %d) is made again: something was forgotten", *_what(seat))

    def _compare_with(self, head: int) -> None:
        """Halt what has seen more than there is: it tells of events that nobody can prove."""
        for seat in self._seats:
            follower = seat.fed
            if follower is not None and not follower.halted and follower.position > head:
                follower.halt(self._source, follower.position, LogIsShorter(head))

    def _open(self, seat: Seat) -> None:
        """Follow the live generation if it is of this code; else make one that is."""
        if live := self._live(seat):
            if live.state is not State.RUNNING:
                Registry(self._database, seat.lease).mark(live, State.RUNNING)
            seat.follower = Follower(self._database, seat.projection, live, lease=seat.lease)
            return
        self._begin(seat)

    def _begin(self, seat: Seat) -> None:
        build = Build(self._database, seat.projection, Role.BUILDING, self._erased)
        if build.begin() is not None:
            seat.build = build

    def _live(self, seat: Seat) -> Generation | None:
        """The generation that serves, if this version of the code made it."""
        with self._database.reading() as connection:
            live = self._registry.find(connection, seat.projection.name, Role.LIVE)
        return live if live is not None and fits(live, seat.projection) else None

    def _build(self) -> int:
        """A page for each generation in the making; switch those that have caught up."""
        building = [seat for seat in self._seats if seat.build is not None]
        followers = [seat.build.follower for seat in building if seat.build is not None]
        if (fed := self._build_in_bulk(followers)) is not None:
            return fed
        if not building:
            return 0
        # What comes while it reads is for the next page: under load, there is always more.
        head = self._source.head()
        fed = advance(self._source, followers, self._pace.rebuild_events)
        for seat in building:
            self._settle(seat, head)
        return fed

    def _build_in_bulk(self, followers: list[Follower]) -> int | None:
        """The next events of the long part of a history; none when there is no such part."""
        if self._bulk is None and followers and self._pace.hands is not None:
            making = Making(self._source, self._database, followers, self._pace.hands)
            self._bulk = making.run()
        fed = None if self._bulk is None else next(self._bulk, None)
        if fed is None:
            self._bulk = None
        return fed

    def _settle(self, seat: Seat, head: int) -> None:
        build = seat.build
        assert build is not None
        try:
            if build.follower.lost:
                raise Overtaken(seat.projection.name)
            if build.follower.halted:
                # It stays as it is for everyone to see, and whoever repairs it may rebuild it.
                build.lease.release()
            elif (
                build.follower.position >= head
                and build.follower.unfold(self._source)
                and build.settle(self._source.head())
            ):
                seat.build, seat.follower = None, build.follower
                seat.follower.serves(seat.lease)
                logger.info("%s is served by version %d", *_what(seat))
        except Overtaken:
            seat.leave()
            self._next_beat = 0.0


def _what(seat: Seat) -> tuple[str, int]:
    return seat.projection.name, seat.projection.version
