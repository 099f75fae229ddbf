"""The one use case: load, decide, append; exactly once; a lost race is decided again.

Commands are decided on the event loop, in the order in which they came, all that wait as one
batch; only the commit leaves for a thread of its own. So commands on one incident queue up
instead of fighting, and an answer leaves only after its events are durable.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import Any
from uuid import UUID

from tocsin.asks import Ask, Busy, CannotStore, KeyReused, Receipt, UnknownStream
from tocsin.clerk import Clerk
from tocsin.decision import Decision, Hot, Place, decide
from tocsin.domain.kernel import Aggregate, aggregate_of
from tocsin.ids import new_id
from tocsin.memory import Memory
from tocsin.settings import Settings
from tocsin.store.entries import Duplicate, Failed, Outcome, Stale, Stored, StoreUnavailable, Taken
from tocsin.store.log import Log
from tocsin.taking import Taking
from tocsin.telemetry.settling import Settled

logger = logging.getLogger(__name__)

TRIES = 100
"""Races that a command may lose before its caller is told to come back."""
COMMIT_TRIES = 3
"""Attempts at a commit whose connection broke: the command ids make each of them safe."""
COMMIT_PAUSE_SECONDS = 0.1
NOW = partial(datetime.now, UTC)


class Desk(Taking):
    """Takes commands, and answers each when its outcome is in the log."""

    def __init__(
        self,
        log: Log,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = NOW,
        committed: Callable[[Settled], None] = lambda settled: None,
    ) -> None:
        super().__init__(settings.queue_commands)
        self.log, self.settings = log, settings
        self._clock, self._committed = clock, committed
        self._memory = Memory(log, settings.hot_incidents)
        self.renew = self._memory.renew
        """To be called when keys were destroyed: nothing that they opened is used any more."""
        self._clerk = Clerk("tocsin-commit")
        self._readers = ThreadPoolExecutor(4, "tocsin-read")
        self._loop_task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to take commands."""
        self._open = True
        self._loop_task = asyncio.create_task(self._run(), name="tocsin-desk")

    async def stop(self) -> None:
        """Take no more commands, answer those that were taken, and end."""
        self._open = False
        self._work.set()
        if self._loop_task is not None:
            await self._loop_task
        self._clerk.close()
        self._readers.shutdown()

    async def state(self, stream: UUID, aggregate: Aggregate[Any]) -> Any:
        """The state as the log has it now: what is in memory, and whatever came since.

        Raises:
            UnknownStream: there is nothing of that kind there.
            StoreUnavailable: the log cannot be read.
        """
        hot = self._memory.known(stream)
        known = hot.state if hot else aggregate.initial(stream)
        if not isinstance(known, aggregate.states):
            raise UnknownStream(stream, aggregate.name)
        later = await asyncio.get_running_loop().run_in_executor(
            self._readers, self.log.history, stream, known.version
        )
        if hot is None and later and aggregate_of(later[0].event) is not aggregate:
            raise UnknownStream(stream, aggregate.name)
        state = aggregate.fold(stream, later, known)
        if not state.version and not aggregate.always:
            raise UnknownStream(stream, aggregate.name)
        return state

    def hot(self, stream: UUID) -> Any:
        """The state of a stream as it was last stored here, if it is in memory: from any thread."""
        hot = self._memory.known(stream)
        return hot.state if hot is not None else None

    async def _run(self) -> None:
        while self._open or self._queue:
            await self._work.wait()
            self._work.clear()
            # Let everybody who is ready put a command in: they share the commit.
            await asyncio.sleep(0)
            while self._queue:
                size = min(len(self._queue), self.settings.commit_commands)
                batch = [self._queue.popleft() for _ in range(size)]
                try:
                    await self._settle(batch)
                except StoreUnavailable as error:
                    self._forget(batch, error)
                except Exception as error:
                    logger.exception("a batch of %d commands failed", len(batch))
                    self._forget(batch, error)

    async def _settle(self, batch: list[Ask]) -> None:
        """Decide a batch in order, commit it, and answer; who lost a race goes first next time."""
        began = perf_counter()
        batch = await self._prepare(batch)
        prepared = perf_counter()
        decisions = self._decide(batch)
        if not decisions:
            return
        decided = perf_counter()
        outcomes = await self._commit(decisions)
        times = (began, prepared, decided, perf_counter())
        self._committed(Settled(decisions, outcomes, len(self._queue), *times))
        again: list[Ask] = []
        for decision, outcome in zip(decisions, outcomes, strict=True):
            if not self._answer(decision, outcome):
                again.append(decision.ask)
        self._queue.extendleft(reversed(again))
        self._memory.trim()

    async def _prepare(self, batch: list[Ask]) -> list[Ask]:
        """Bring what the decisions need into memory: rules, states and free references. Returns
        those of the batch that can be decided."""
        memory = self._memory
        cold = memory.lacks({a.stream: a.command.aggregate for a in batch if not a.begins})
        numbers = sum("reference" in ask.command.filled_by_desk for ask in batch)
        if numbers <= self.log.references_at_hand:
            numbers = 0
        if not cold and not numbers and not memory.rules.overtaken:
            return batch

        def fetch() -> dict[UUID, Exception]:
            if numbers:
                self.log.reserve_references(numbers)
            return memory.load(cold)

        if cold or memory.rules.overtaken or self.log.distant:
            faults = await self._clerk.do(fetch)
        else:
            faults = fetch()
        return [ask for ask in batch if self._understood(ask, faults)] if faults else batch

    def _understood(self, ask: Ask, faults: Mapping[UUID, Exception]) -> bool:
        fault = faults.get(ask.stream)
        if fault is None:
            return True
        logger.error("%s: its history cannot be read", ask.stream, exc_info=fault, extra=ask.names)
        self._done(ask).fail(fault)
        return False

    def _decide(self, batch: Sequence[Ask]) -> list[Decision]:
        staged: dict[UUID, Hot] = {}
        decisions = []
        now = self._clock()
        for ask in batch:
            hot = staged.get(ask.stream) or self._memory.get(ask.stream)
            if hot is None:
                hot = Hot(ask.command.aggregate.initial(ask.stream), Place())
            wants = "reference" in ask.command.filled_by_desk
            reference = self.log.peek_reference() if wants else None
            try:
                decision = decide(ask, hot, self._memory.rules, now, reference, self.settings)
            except Exception as error:
                logger.exception("%s cannot be decided", ask.command.path, extra=ask.names)
                self._done(ask).fail(error)
                continue
            if reference is not None and decision.takes(reference):
                self.log.take_reference()
            staged[ask.stream] = decision.after
            decisions.append(decision)
        return decisions

    async def _commit(self, decisions: Sequence[Decision]) -> list[Outcome]:
        """Commit; if the connection breaks, ask again: the log knows what it has stored."""
        entries = [decision.entry for decision in decisions]
        for attempt in range(1, COMMIT_TRIES + 1):
            try:
                return await self._clerk.do(partial(self.log.commit, entries))
            except StoreUnavailable:
                if attempt == COMMIT_TRIES:
                    raise
                await asyncio.sleep(COMMIT_PAUSE_SECONDS * attempt)
                entries = [replace(entry, fresh=False) for entry in entries]
        raise AssertionError("unreachable")

    def _answer(self, decision: Decision, outcome: Outcome) -> bool:
        """Tell the caller, unless the race was lost and is to be run again."""
        ask = decision.ask
        match outcome:
            case Stored(positions=positions, answer=body):
                if positions:
                    self._memory.keep(ask.stream, decision.after)
                if decision.refusal is not None:
                    self._done(ask).fail(decision.refusal)
                else:
                    self._done(ask).answer(Receipt(body))
            case Duplicate(fingerprint=fingerprint, answer=body):
                self._memory.forget(ask.stream)
                if ask.fingerprint != fingerprint:
                    self._done(ask).fail(KeyReused())
                else:
                    self._done(ask).answer(Receipt(body, replayed=not ask.fresh))
            case Taken(claim=claim, holder=holder) if claim.kind != "reference":
                # What it wants to begin is there already, under that name.
                ask.stream, ask.begins, ask.found = holder, False, claim
                return False
            case Failed(error=error):
                self._memory.forget(ask.stream)
                self._done(ask).fail(CannotStore(f"The outcome cannot be stored: {error}."))
            case Stale(stream=other, version=version) if no := ask.overtaken(other, version):
                self._memory.forget(other)
                self._done(ask).fail(no)
            case Stale() | Taken():
                self._memory.forget(ask.stream)
                if isinstance(outcome, Stale):
                    self._memory.forget(outcome.stream)
                if ask.found:  # and let go of by now, perhaps
                    ask.stream, ask.begins, ask.found = new_id(), True, None
                ask.tries += 1
                if ask.tries < TRIES:
                    return False
                self._done(ask).fail(Busy("The incident changes too quickly: try again."))
        return True

    def _forget(self, batch: Sequence[Ask], error: Exception) -> None:
        for ask in batch:
            self._memory.forget(ask.stream)
            if ask.command_id in self._in_flight:
                self._done(ask).fail(error)
