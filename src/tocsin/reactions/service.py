"""Everything that this server does by itself, started and ended with the service."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from tocsin.asks import Receipt
from tocsin.desk import NOW, Desk
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.reactions.docket import Book, Docket
from tocsin.reactions.follower import Follower
from tocsin.reactions.reaction import found
from tocsin.reactions.reminders import ACTION_ITEMS, Reminders
from tocsin.reactions.shift import Shift, Work
from tocsin.reactions.timekeeper import AGENDA, Timekeeper
from tocsin.readmodels import Projection
from tocsin.readmodels.cursors import Cursors
from tocsin.readmodels.database import Database
from tocsin.readmodels.reading import ReadModels
from tocsin.store.log import Log

END_SECONDS = 10.0
"""Time for the steps at hand when the service ends; what is not done then is done by the next."""

Reading = tuple[str, str, dict[str, str], float]


class Reactions:
    """The timekeeper, the reminders and all reactions, each on a shift of its own."""

    def __init__(
        self,
        log: Log,
        desk: Desk,
        models: ReadModels,
        projections: Sequence[Projection],
        *,
        clock: Callable[[], datetime] = NOW,
        late: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """`late` hears, of each act that is struck, for how many seconds it was due."""
        self.acts: Counter[str] = Counter()
        """What was recorded here by itself, by the stored name of the event."""
        self._late = late
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        cursors = Cursors(models.database)
        self._followers = [Follower(each, log, desk, cursors, self._done) for each in found()]
        books: dict[str, Book[Any]] = {AGENDA: Docket(log), ACTION_ITEMS: Reminders(log)}
        self._timekeepers = [
            Timekeeper(
                log, desk, models, each, clock=clock, struck=self._done, book=books[each.name]
            )
            for each in projections
            if each.name in books
        ]
        works: list[Work] = [*self._followers, *self._timekeepers]
        self._shifts = [shift(models.database, work) for work in works]

    def start(self) -> None:
        """Begin, or wait for whoever does it now."""
        self._tasks = [
            asyncio.create_task(shift.keep(self._stop), name=f"tocsin-{shift.work.name}")
            for shift in self._shifts
        ]

    async def stop(self) -> None:
        """Finish the steps at hand, and let others go on."""
        self._stop.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=END_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        for timekeeper in self._timekeepers:
            await asyncio.to_thread(timekeeper.close)

    def readings(self) -> Iterator[Reading]:
        """What can be read off at any moment: who works here, and how far they have come."""
        for each in self._shifts:
            of = {"reaction": each.work.name}
            yield "reaction_held", "How many servers do it: one.", of, float(each.held)
        held = {each.work.name for each in self._shifts if each.held}
        for follower in (each for each in self._followers if each.name in held):
            of, lag = {"reaction": follower.name}, max(0, follower.head - follower.position)
            reached = float(follower.position)
            yield "reaction_position", "Up to where it has looked at events.", of, reached
            yield "reaction_lag_events", "Events that it has still to look at.", of, float(lag)

    def _done(self, receipt: Receipt, late: float | None = None) -> None:
        self.acts.update(receipt.fields["events"])
        if late is not None:
            self._late(max(0.0, late))


def shift(database: Database, work: Work) -> Shift:
    """The shift of some work, under the lease of its name."""
    name = work.name if work.name == TIMEKEEPER else f"reaction-{work.name}"
    return Shift(work, database.lease(name))
