"""How commands come to the desk: in order, each once, not too many, and answered in the end."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import UUID

from tocsin.asks import Ask, Busy, KeyReused, Receipt, Told
from tocsin.domain.kernel import Command
from tocsin.ids import new_id


class Taking:
    """Commands that were taken and not yet answered."""

    def __init__(self, limit: int) -> None:
        self.origin: Callable[[], Any] | None = None
        """Asked where a command comes from, when its way is traced."""
        self._limit, self._open = limit, False
        self._queue: deque[Ask] = deque()
        self._in_flight: dict[UUID, Ask] = {}
        self._work = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Commands that were taken and not yet answered."""
        return len(self._in_flight)

    @property
    def taking(self) -> bool:
        """Whether the desk takes commands."""
        return self._open

    async def handle(
        self,
        command: Command[Any],
        *,
        stream: UUID | None = None,
        caller: str,
        command_id: UUID | None = None,
        fingerprint: bytes = b"",
        expected_version: int | None = None,
        beside: tuple[tuple[UUID, int], ...] = (),
        causation: int | None = None,
    ) -> Receipt:
        """Decide on the current history and record the outcome, durably, exactly once.

        A caller who names the version they saw is told when it is stale. Anyone else just wants
        it done, so a lost race is decided again, on the history as the winner left it. What a
        caller saw `beside` the stream, as streams and versions, must stand so still, or else it is
        for the caller to look again. A command id that was answered before gets the same bytes.

        Raises:
            Refused: the rules say no. Nothing was recorded.
            StaleVersion: someone else was first. Nothing was recorded.
            UnknownStream: there is nothing of its kind there.
            KeyReused: the command id stands for another request.
            Busy: the desk is full, or closing. Nothing was recorded.
            CannotStore: the outcome cannot be stored. Nothing was recorded.
            StoreUnavailable: it is not known whether it was recorded: ask again, with the same
                command id.
        """
        waiter: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()

        def told(answer: Receipt | Exception) -> None:
            if waiter.done():  # the caller has gone away
                return
            if isinstance(answer, Receipt):
                waiter.set_result(answer)
            else:
                waiter.set_exception(answer)

        self.put(
            command,
            told,
            stream=stream,
            caller=caller,
            command_id=command_id,
            fingerprint=fingerprint,
            expected_version=expected_version,
            beside=beside,
            causation=causation,
        )
        return await waiter

    def put(
        self,
        command: Command[Any],
        told: Told,
        *,
        stream: UUID | None = None,
        caller: str,
        command_id: UUID | None = None,
        fingerprint: bytes = b"",
        expected_version: int | None = None,
        beside: tuple[tuple[UUID, int], ...] = (),
        causation: int | None = None,
    ) -> None:
        """The same for who does not want to wait: `told` gets the receipt, or what `handle` raises.

        Raises:
            KeyReused: the command id stands for another request.
            Busy: the desk is full, or closing. Nothing was recorded.
        """
        if not self._open:
            raise Busy("The service is closing: try again in a moment.")
        if command_id is not None and (twin := self._in_flight.get(command_id)):
            if twin.fingerprint != fingerprint:
                raise KeyReused
            twin.told.append(told)
            return
        if len(self._in_flight) >= self._limit:
            raise Busy("Too many commands are waiting: try again in a moment.")
        ask = Ask(
            command=command,
            stream=stream or new_id(),
            begins=stream is None,
            caller=caller,
            command_id=command_id or new_id(),
            fingerprint=fingerprint,
            fresh=command_id is None,
            expected_version=expected_version,
            beside=beside,
            causation=causation,
            told=[told],
            origin=self.origin() if self.origin else None,
        )
        self._in_flight[ask.command_id] = ask
        self._queue.append(ask)
        self._work.set()

    def _done(self, ask: Ask) -> Ask:
        del self._in_flight[ask.command_id]
        return ask
