"""The log, published: every event once, in order, from exactly where the stream ends.

Each message says which sequence must be the last before it. The stream takes it there or not at
all; so neither a lost acknowledgement nor a second relay can double, reorder or skip an event. When
something goes wrong, the relay looks again where the stream ends, and goes on behind that.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from tocsin.jetstream.messages import Message, Writer
from tocsin.jetstream.resuming import End, end, prepared
from tocsin.jetstream.streams import AWAY, EXPECTED, WRONG_LAST, StreamAway, Streams
from tocsin.jetstream.window import Interrupted, Window
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

if TYPE_CHECKING:
    from nats.aio.msg import Msg

logger = logging.getLogger(__name__)

PAGE: Final = 500
ASK_SECONDS: Final = 2.0
"""That a question may take: while a leader is elected, none is answered, and it is asked again."""
RIVAL_SECONDS: Final = 1.0
"""While another relay gets on, this one only watches."""


@dataclass
class Progress:
    """How far a relay is."""

    position: int = 0
    """Of the last event that is known to be stored there."""
    head: int = 0
    relayed: int = 0
    """Events that this run has stored."""
    resumed: int = 0
    """Times that it had to look again where the stream ends."""


class Relay:
    """Relays one log to one stream."""

    def __init__(self, log: Log, streams: Streams, settings: Settings, stop: asyncio.Event) -> None:
        self.progress = Progress()
        self._log, self._streams, self._settings = log, streams, settings
        self._stop = stop
        self._inbox = streams.client.new_inbox()
        self._window = Window(settings.relay_window)

    async def run(self, after: int = 0, *, until_head: bool = False) -> None:
        """Relay until it is told to stop; or until what is there now is relayed.

        A stream that is made begins after a position.

        Raises:
            CannotStream: the stream does not fit this log.
        """
        writer = await self._writer(until_head)
        if writer is None:
            return
        subscription = await self._streams.client.subscribe(
            f"{self._inbox}.*.*",
            cb=self._acknowledged,
            pending_msgs_limit=-1,
            pending_bytes_limit=-1,
        )
        try:
            await self._prepare(after)
            while not self._stop.is_set():
                try:
                    where = await self._end(writer)
                    await self._send(writer, where, until_head=until_head)
                    return
                except (StreamAway, Interrupted, StoreUnavailable) as trouble:
                    logger.warning("the relay looks again where the stream ends: %s", trouble)
                    self.progress.resumed += 1
                    await self._rest(AWAY / 4)
                    if self._window.rival:
                        await self._watch(writer)
        finally:
            with suppress(Exception):
                await subscription.unsubscribe()

    async def _writer(self, until_head: bool) -> Writer | None:
        """Who writes the messages, once there is an event to name the log by."""
        while not self._stop.is_set():
            with suppress(StoreUnavailable):
                if await asyncio.to_thread(self._log.head):
                    return await asyncio.to_thread(Writer, self._log, self._settings.relay_subject)
                if until_head:
                    return None
            await self._rest(self._settings.poll_seconds)
        return None

    async def _prepare(self, after: int) -> None:
        while not self._stop.is_set():
            try:
                await prepared(self._streams, self._settings, after)
                return
            except StreamAway as away:
                logger.warning("the stream is not there yet: %s", away)
                await self._rest(AWAY)

    async def _end(self, writer: Writer) -> End:
        self.progress.head = await asyncio.to_thread(self._log.head)
        found = await end(self._streams, self._settings, writer, self.progress.head)
        self.progress.position = found.position
        self._window.restart(found.sequence)
        return found

    async def _watch(self, writer: Writer) -> None:
        """Let another relay go on, for as long as it does."""
        with suppress(StreamAway, StoreUnavailable):
            before = -1
            while not self._stop.is_set() and self.progress.position != before:
                before = self.progress.position
                await self._rest(RIVAL_SECONDS)
                await self._end(writer)

    async def _send(self, writer: Writer, where: End, *, until_head: bool) -> None:
        """Send everything behind a place, as long as all of it is acknowledged.

        Raises:
            Interrupted: something was not.
        """
        position, window = where.position, self._window
        shift = where.position - where.sequence
        coming = asyncio.create_task(self._page(writer, position))
        try:
            while not self._stop.is_set():
                page = await coming
                if page:
                    position = page[-1].position
                    coming = asyncio.create_task(self._page(writer, position))
                    await self._publish(page, shift)
                elif until_head and position >= self.progress.head:
                    break
                else:
                    await window.settled()
                    self._note(shift)
                    await self._rest(self._settings.poll_seconds)
                    coming = asyncio.create_task(self._page(writer, position))
            await window.settled()
        finally:
            self._note(shift)
            coming.cancel()
            with suppress(asyncio.CancelledError, StoreUnavailable):
                await coming

    async def _page(self, writer: Writer, after: int) -> list[Message]:
        def read() -> list[Message]:
            self._log.look()
            return writer.page(after, PAGE)

        page = await asyncio.to_thread(read)
        if page:
            self.progress.head = max(self.progress.head, page[-1].position)
        return page

    async def _publish(self, page: list[Message], shift: int) -> None:
        client, window = self._streams.client, self._window
        for message in page:
            if window.full:
                await window.room()
                self._note(shift)
            sequence = message.position - shift
            message.headers[EXPECTED] = str(sequence - 1)
            reply = f"{self._inbox}.{window.turn}.{sequence}"
            window.sent(sequence)
            try:
                await client.publish(message.subject, message.payload, reply, message.headers)
            except Exception as error:
                logger.warning("event %d was not sent: %s", message.position, error)
                raise Interrupted from error

    def _note(self, shift: int) -> None:
        """Say how far it is: the stream's sequences run in step with positions."""
        stored = self._window.acknowledged + shift
        self.progress.relayed += stored - self.progress.position
        self.progress.position = stored

    async def _acknowledged(self, message: "Msg") -> None:
        turn, sequence = map(int, message.subject.split(".")[-2:])
        if turn != self._window.turn:
            return
        answer = {} if message.headers else orjson.loads(message.data)
        if answer.get("seq") == sequence and not answer.get("duplicate"):
            self._window.stored(sequence)
        else:
            error = answer.get("error", {})
            rival = error.get("err_code") in WRONG_LAST or "seq" in answer
            why = error.get("description") or ("it was there" if rival else "nobody takes it")
            self._window.broken(f"sequence {sequence}: {why}", rival=rival)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stop.wait()
