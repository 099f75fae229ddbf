"""Answers the facts in the log that a reaction knows, each of them once.

A command's id follows from the reaction and from the place of the fact, so the log itself knows
what was asked before: to follow again from anywhere, even from the beginning, does no harm.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any
from uuid import UUID, uuid5

from tocsin.asks import CannotStore, KeyReused, Receipt, UnknownStream
from tocsin.desk import Desk
from tocsin.domain.clock.values import TIMEKEEPER
from tocsin.domain.kernel import Recorded, Refused
from tocsin.reactions.past import Past
from tocsin.reactions.reaction import PAST, Asked, Reaction
from tocsin.readmodels.cursors import Cursors
from tocsin.store.log import Log

logger = logging.getLogger(__name__)

NAMESPACE = UUID("e8a38d16-f158-536a-9c54-3f6b9e1c5cfc")
"""Of the ids of commands that reactions send: uuid5 of `tocsin:reactions`, as a URL."""
LOOK_SECONDS = 0.1
"""How often the log is looked at for new events."""
FACTS_AT_ONCE = 200
EVENTS_AT_ONCE = 50_000
"""Most facts answered, and most events passed over, in one step."""
SAVE_SECONDS = 2.0
"""How often the place is written down, if it has changed: whatever came after it is asked again."""
FINAL = (Refused, UnknownStream, KeyReused, CannotStore)
"""Answers that will be no other next time."""

Page = list[tuple[Recorded[Any], list[Asked]]]


class Follower:
    """One reaction, following the log."""

    def __init__(
        self,
        reaction: Reaction,
        log: Log,
        desk: Desk,
        cursors: Cursors,
        done: Callable[[Receipt], None] = lambda receipt: None,
    ) -> None:
        self.reaction, self.name = reaction, reaction.name
        self._past = Past(log, desk.hot)
        self.pause = 0.0
        self.position = self.head = 0
        """Up to where everything was answered, and the end of the log when it was last seen."""
        self._log, self._desk, self._cursors, self._done = log, desk, cursors, done
        self._saved, self._save_at = 0, 0.0

    async def begin(self) -> None:
        """Go on where somebody stopped; at the beginning, if that is not known."""
        self.position = self._saved = await asyncio.to_thread(self._begin)

    def _begin(self) -> int:
        self._cursors.migrate()
        position, head = self._cursors.read(self.name), self._log.head()
        if position > head:
            logger.warning("the log ends before %d: %s begins again", position, self.name)
            return 0
        return position

    async def step(self) -> int:
        """Answer the next facts; return how many of the answers changed anything.

        Raises:
            StoreUnavailable: the log, or the desk, is away. Asking again is safe.
            Busy: the desk is full, or closing.
        """
        page, until = await asyncio.to_thread(self._look)
        changed = await self._answer(page)
        self.position = until
        self.pause = LOOK_SECONDS if until >= self.head else 0.0
        if monotonic() >= self._save_at:
            await self._save()
        return changed

    async def end(self) -> None:
        """Write the place down, so that whoever is next need not begin earlier."""
        await self._save()

    def _look(self) -> tuple[Page, int]:
        """The next facts, what the reaction makes of them, and up to where these are all."""
        self.head = self._log.head()
        if self.head < self.position:  # an older copy of the log, as after some fail-overs
            self.position = self._saved = self._begin()
        until = min(self.head, self.position + EVENTS_AT_ONCE)
        if until <= self.position:
            return [], self.position
        names, limit = self.reaction.events, FACTS_AT_ONCE
        bodies = self._log.raw_named(names, self.position, until, limit)
        if len(bodies) == limit:
            until = bodies[-1][0]
        facts = self._log.decoded([body for _, body in bodies])
        past = {PAST: self._past} if self.reaction.looks_back else {}
        return [(fact, list(self.reaction.react(fact, **past))) for fact in facts], until

    async def _answer(self, page: Page) -> int:
        """Ask the desk for all of it at once: it keeps the order."""
        asking = [
            self._ask(fact, number, asked)
            for fact, wanted in page
            for number, asked in enumerate(wanted)
        ]
        answers: Sequence[Receipt | BaseException] = await asyncio.gather(
            *asking, return_exceptions=True
        )
        changed = 0
        for answer in answers:
            if isinstance(answer, Receipt):
                changed += self._count(answer)
            elif isinstance(answer, FINAL):
                logger.error("%s was told no: %s", self.name, answer)
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, FINAL):
                raise answer
        return changed

    async def _ask(self, fact: Recorded[Any], number: int, asked: Asked) -> Receipt:
        return await self._desk.handle(
            asked.command,
            stream=asked.stream,
            caller=TIMEKEEPER,
            command_id=uuid5(NAMESPACE, f"{self.name}:{fact.position}:{number}"),
            causation=fact.position,
        )

    def _count(self, receipt: Receipt) -> int:
        if receipt.replayed or not receipt.fields["changed"]:
            return 0
        self._done(receipt)
        return 1

    async def _save(self) -> None:
        self._save_at = monotonic() + SAVE_SECONDS
        if self.position != self._saved:
            await asyncio.to_thread(self._cursors.write, self.name, self.position)
            self._saved = self.position
