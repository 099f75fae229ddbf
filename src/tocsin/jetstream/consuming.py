"""One part of the intake's stream, as its holder takes it: in order, from the first that waits.

Whoever takes a part over makes its consumer anew. So everything that was delivered to somebody else
and never acknowledged is delivered again at once, before what is newer; and what that one still
does in the meantime, it does under the same ids.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from tocsin.jetstream.incoming import Received
from tocsin.jetstream.streams import (
    NANOSECONDS,
    NO_CONSUMER,
    NO_STREAM,
    SECONDS,
    ApiRefused,
    StreamAway,
    Streams,
)

if TYPE_CHECKING:
    from nats.aio.msg import Msg
    from nats.aio.subscription import Subscription

ACK_SECONDS: Final = 600
"""Generous: the part has one holder, who is replaced by other means than this."""
WAIT_SECONDS: Final = 1.0
"""How long a question for messages stays open when there are none."""
FIRST, TAKEN = "tocsin-first", "tocsin-taken"
"""Metadata of a consumer: where its part began, and how often it was taken over there."""


@dataclass(frozen=True)
class Part:
    """One part of a stream, and what consumes it."""

    stream: str
    subject: str
    number: int

    @property
    def consumer(self) -> str:
        return f"intake-{self.number}"

    @property
    def filter(self) -> str:
        """The subjects of its messages: the stream puts the number into them."""
        return f"{self.subject}.*.{self.number}.*"


class Consumer:
    """The messages of one part, for its holder."""

    def __init__(self, streams: Streams, part: Part, batch: int) -> None:
        self.part = part
        self._streams, self._batch = streams, batch
        self._inbox = ""
        self._buffer: list[Msg] = []
        self._over = asyncio.Event()
        self._wanted = batch
        self._said = ""
        self._subscription: Subscription | None = None

    async def open(self) -> int:
        """Take the part over, and return how often that has happened at its first message.

        Raises:
            StreamAway: nobody answers.
        """
        part = self.part
        before = await self._metadata()
        first = await self._streams.next(part.stream, part.filter, 1)
        place = str(first.sequence if first else 0)
        taken = int(before.get(TAKEN, 0)) + 1 if before.get(FIRST) == place and first else 0
        await self._make({FIRST: place, TAKEN: str(taken)})
        return taken

    async def begin_again(self) -> None:
        """Have everything delivered again that is not acknowledged.

        Raises:
            StreamAway: nobody answers.
        """
        await self._make(await self._metadata())

    async def close(self) -> None:
        """Leave the part in good order to whoever comes next."""
        with suppress(StreamAway):
            await self._delete()
        await self.leave()

    async def leave(self) -> None:
        """Hear nothing more of the part, which is somebody else's now."""
        if self._subscription is not None:
            with suppress(Exception):
                await self._subscription.unsubscribe()
            self._subscription = None

    async def take(self, most: int = 0) -> list[Received]:
        """The next messages, in order; none when nothing came for a while.

        Raises:
            StreamAway: nobody answers.
        """
        found = await self._ask(most or self._batch, wait=False)
        if not found:
            found = await self._ask(1, wait=True)
            if found and most != 1:
                found += await self._ask((most or self._batch) - 1, wait=False)
        return [self._received(each) for each in found]

    async def acknowledge(self, received: list[Received]) -> None:
        """Say that these are done: the last one first, so that what is delivered again after a
        break begins with the first, and nothing is seen without what came before it.

        Raises:
            StreamAway: it is not known whether that was heard.
        """
        from nats.errors import Error

        client = self._streams.client
        try:
            for each in reversed(received[1:]):
                await client.publish(each.reply, b"+ACK")
            await client.request(received[0].reply, b"+ACK", timeout=SECONDS)
        except (Error, OSError, TimeoutError) as error:
            raise StreamAway(str(error) or type(error).__name__) from error

    async def _ask(self, most: int, *, wait: bool) -> "list[Msg]":
        part = self.part
        self._buffer, self._wanted = [], most
        self._said = ""
        self._over.clear()
        asked: dict[str, Any] = {"batch": most}
        asked |= {"expires": round(WAIT_SECONDS * NANOSECONDS)} if wait else {"no_wait": True}
        await self._streams.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{part.stream}.{part.consumer}",
            orjson.dumps(asked),
            self._inbox,
        )
        try:
            async with asyncio.timeout(SECONDS):
                await self._over.wait()
        except TimeoutError as error:
            raise StreamAway(f"part {part.number} does not answer") from error
        if not self._buffer and self._said not in ("404", "408", ""):
            raise StreamAway(f"part {part.number} was answered {self._said}")
        return self._buffer

    _said = ""

    async def _delivered(self, message: "Msg") -> None:
        if message.reply.startswith("$JS.ACK"):
            self._buffer.append(message)
            if len(self._buffer) >= self._wanted:
                self._over.set()
        else:
            self._said = (message.headers or {}).get("Status", "?")
            self._over.set()

    def _received(self, message: "Msg") -> Received:
        kind, _, key = message.subject.rsplit(".", 2)
        places = message.reply.split(".")
        sequence = int(places[5 if len(places) < 11 else 7])
        headers = message.headers or {}
        return Received(
            sequence, kind.rpartition(".")[2], key, headers, message.data, message.reply
        )

    async def _metadata(self) -> dict[str, str]:
        part = self.part
        try:
            info = await self._streams.ask(f"CONSUMER.INFO.{part.stream}.{part.consumer}")
        except ApiRefused as refused:
            if refused.number == NO_CONSUMER:
                return {}
            raise
        found: dict[str, str] = info["config"].get("metadata", {})
        return found

    async def _make(self, metadata: dict[str, str]) -> None:
        """Make the consumer anew, under an address of its own: what still comes to the old one
        would stand in the wrong place."""
        await self._delete()
        await self.leave()
        self._inbox = self._streams.client.new_inbox()
        self._subscription = await self._streams.client.subscribe(
            self._inbox, cb=self._delivered, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
        part = self.part
        await self._streams.ask(
            f"CONSUMER.CREATE.{part.stream}.{part.consumer}.{part.filter}",
            {
                "stream_name": part.stream,
                "action": "create",
                "config": {
                    "name": part.consumer,
                    "durable_name": part.consumer,
                    "ack_policy": "explicit",
                    "deliver_policy": "all",
                    "filter_subject": part.filter,
                    "ack_wait": ACK_SECONDS * NANOSECONDS,
                    "max_ack_pending": self._batch * 2,
                    "max_deliver": -1,
                    "metadata": {FIRST: metadata.get(FIRST, ""), TAKEN: metadata.get(TAKEN, "0")},
                },
            },
        )

    async def _delete(self) -> None:
        part = self.part
        try:
            await self._streams.ask(f"CONSUMER.DELETE.{part.stream}.{part.consumer}")
        except ApiRefused as refused:
            if refused.number not in (NO_CONSUMER, NO_STREAM):
                raise
