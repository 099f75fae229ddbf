"""Puts on record what falls due: warnings, breaches, escalations, reminders, closings.

A read model says which incidents to look at, and nothing else. The log decides: from an incident's
history and the policies follows what is due; its clock's stream says what of that was struck; and
each act is recorded only while the incident still stands where it was read. Of the actions that
reviews agreed on, people are reminded in the same way.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from time import monotonic
from typing import Any, ParamSpec, TypeVar
from uuid import UUID

from tocsin.asks import Busy, Receipt, StaleVersion
from tocsin.desk import Desk
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.openings import microseconds
from tocsin.reactions.docket import Book, Docket, Due, Overdue
from tocsin.reactions.memory import Memory
from tocsin.readmodels import Projection
from tocsin.readmodels.reading import BeingBuilt, ReadModels
from tocsin.readmodels.upcoming import Upcoming, upcoming
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

logger = logging.getLogger(__name__)

AGENDA = "agenda"
"""The read model that says where to look: `due_at` and `incident_id` of what comes next."""
LOOK_SECONDS = 0.2
"""How often to look for what has come nearer meanwhile."""
LEAST_SECONDS = 0.05
"""Shortest pause between two looks: what falls due within it is struck together."""
SWEEP_SECONDS = 1.0
"""With more due than fits one look, how long to go on before beginning with the earliest again."""
INCIDENTS_AT_ONCE = 1_000
INCIDENTS_TOGETHER = 100
"""Incidents of one look, and those of them that are read with one question."""
ACTS_AT_ONCE = 200
"""Acts that wait for the desk at a time: people's commands wait behind no more than these."""
BEING_BUILT_SECONDS = 1.0
OUTAGE = (Busy, StoreUnavailable)

P = ParamSpec("P")
T = TypeVar("T")
Answer = Receipt | BaseException


class Timekeeper:
    """Strikes what is due, in the order in which it fell due."""

    def __init__(
        self,
        log: Log,
        desk: Desk,
        models: ReadModels,
        agenda: Projection,
        *,
        clock: Callable[[], datetime],
        struck: Callable[[Receipt, float | None], None] = lambda receipt, late: None,
        book: Book[Any] | None = None,
    ) -> None:
        """`struck` hears of each answer, with the seconds since its act was due, if it had to be
        then. `book` says what is due; without one, it is the docket of incidents."""
        self.pause = 0.0
        self._desk, self._models, self._agenda = desk, models, agenda
        self._clock, self._struck = clock, struck
        self._docket: Book[Any] = book or Docket(log)
        self._memory = Memory()
        self.name = self._docket.name
        self._thread = ThreadPoolExecutor(1, "tocsin-time")
        self._after: Upcoming | None = None
        self._swept_since: float | None = None
        """When the first news of this sweep was found."""

    async def begin(self) -> None:
        """Nothing is known: what was struck is in the log."""
        self._memory, self._after = Memory(), None

    async def end(self) -> None:
        """Nothing is kept: what was struck is in the log."""

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=True)

    async def step(self) -> int:
        """Look once, and strike what is due; return how many acts that was.

        Raises:
            StoreUnavailable: the log, or the desk, is away. Asking again is safe.
            Busy: the desk is full, or closing.
        """
        try:
            listed, position = await self._in_thread(self._look)
        except BeingBuilt:
            self.pause = BEING_BUILT_SECONDS
            return 0
        now = self._clock()
        due = [each for each in listed if each.at <= now]
        self._memory.forget(position)
        news = first_of_each(each for each in due if self._memory.news(each, position))
        if news and self._swept_since is None:
            self._swept_since = monotonic()
        count = await self._handle(news, now)
        self._go_on(listed, due)
        return count

    def _look(self) -> tuple[list[Upcoming], int]:
        with self._models.view(self._agenda) as view:
            time, what = self._docket.time, self._docket.what
            listed = upcoming(view, time, what, self._after, INCIDENTS_AT_ONCE, self._clock())
            return listed, view.position

    def _go_on(self, listed: Sequence[Upcoming], due: Sequence[Upcoming]) -> None:
        """Decide where and when to look next: at what follows, or at the beginning again."""
        if len(due) == INCIDENTS_AT_ONCE:
            self.pause = 0.0
            since = self._swept_since
            if since is None or monotonic() - since <= SWEEP_SECONDS:
                self._after = due[-1]
            else:
                self._after = self._swept_since = None
            return
        self._after = self._swept_since = None
        self.pause = LOOK_SECONDS
        if len(listed) > len(due):
            ahead = (listed[len(due)].at - self._clock()).total_seconds()
            self.pause = min(max(ahead, LEAST_SECONDS), LOOK_SECONDS)

    async def _handle(self, listed: Sequence[Upcoming], now: datetime) -> int:
        """Two groups at a time: while one is committed, the next is read."""
        gate = asyncio.Semaphore(2)

        async def handle(some: Sequence[Upcoming]) -> int:
            async with gate:
                return await self._group(some, now)

        groups = (handle(some) for some in parts(listed, INCIDENTS_TOGETHER))
        counts = await asyncio.gather(*groups, return_exceptions=True)
        for count in counts:
            if isinstance(count, BaseException):
                raise count
        return sum(count for count in counts if isinstance(count, int))

    async def _group(self, listed: Sequence[Upcoming], now: datetime) -> int:
        subjects = [each.what for each in listed]
        found = await self._in_thread(self._docket.overdue, subjects, microseconds(now))
        answers = await self._strike(found)
        return sum(
            self._settle(each, overdue, answers.get(overdue.subject, ()))
            for each, overdue in zip(listed, found, strict=True)
        )

    async def _strike(self, found: Iterable[Overdue[Any]]) -> dict[UUID, list[Answer]]:
        """Strike the acts of some incidents in the order in which they fell due."""
        acts = [(act, overdue) for overdue in found for act in overdue.acts]
        acts.sort(key=lambda each: each[0].due)
        answers: dict[UUID, list[Answer]] = {}
        for some in parts(acts, ACTS_AT_ONCE):
            asked = (self._ask(act, overdue) for act, overdue in some)
            told = await asyncio.gather(*asked, return_exceptions=True)
            for (_, overdue), answer in zip(some, told, strict=True):
                answers.setdefault(overdue.subject, []).append(answer)
        return answers

    async def _ask(self, act: Due, overdue: Overdue[Any]) -> Receipt:
        asking = self._docket.asking(act, overdue)
        receipt = await self._desk.handle(
            asking.command,
            stream=asking.stream,
            caller=TIMEKEEPER,
            command_id=asking.command_id,
            beside=asking.beside,
        )
        if not receipt.replayed and receipt.fields["changed"]:
            when = act.occurred_at
            late = (self._clock() - when).total_seconds() if when is not None else None
            self._struck(receipt, late)
        return receipt

    def _settle(self, listed: Upcoming, overdue: Overdue[Any], answers: Sequence[Answer]) -> int:
        """Remember what became of one incident; return how many of its acts were struck."""
        receipts = [answer for answer in answers if isinstance(answer, Receipt)]
        faults = [answer for answer in answers if isinstance(answer, BaseException)]
        struck = sum(not each.replayed and bool(each.fields["changed"]) for each in receipts)
        if not faults and receipts:
            self._memory.done(listed, max(each.position for each in receipts))
        elif any(isinstance(fault, StaleVersion) for fault in faults):
            self._memory.moved(listed)
        elif any(isinstance(fault, OUTAGE) for fault in faults):
            raise next(fault for fault in faults if isinstance(fault, OUTAGE))
        else:
            for fault in faults[:1]:
                logger.error("time cannot strike %s: %s", overdue.subject, fault)
            self._memory.vain(listed, overdue.position)
        return struck

    async def _in_thread(
        self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs
    ) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(function, *arguments, **named))


def first_of_each(listed: Iterable[Upcoming]) -> list[Upcoming]:
    """What comes first of each subject: whoever looks at it sees all that is due."""
    found: dict[UUID, Upcoming] = {}
    for each in listed:
        found.setdefault(each.what, each)
    return list(found.values())


def parts(whole: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The same, so many at a time."""
    return (whole[start : start + size] for start in range(0, len(whole), size))
