"""Messages that nobody could take in: kept with the reason, and taken in again when it is gone.

Each has a subject of its own that ends with its place in the intake's stream, and that subject
takes one message: parked again after a break, it is there once.
"""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from tocsin.jetstream.connecting import CannotStream
from tocsin.jetstream.incoming import COMMAND_ID, PUBLISHED, Received
from tocsin.jetstream.streams import (
    EXPECTED_OF_SUBJECT,
    MSG_ID,
    NO_STREAM,
    WRONG_LAST,
    ApiRefused,
    Held,
    StreamAway,
    Streams,
    age,
)
from tocsin.settings import Settings

CODE, REASON, SUBJECT = "Tocsin-Parked-Code", "Tocsin-Parked-Reason", "Tocsin-Parked-Subject"
SEQUENCE, AT = "Tocsin-Parked-Sequence", "Tocsin-Parked-At"
OWN: Final = frozenset({CODE, REASON, SUBJECT, SEQUENCE, AT, EXPECTED_OF_SUBJECT})
REASON_LENGTH: Final = 1_000
HEADER_BYTES: Final = 16_384
"""Of a message's own headers, so much is kept at most."""
_MARGIN: Final = 256
_KEPT: Final = re.compile(r"(?!nats-)[!#$%&'*+.^_`|~0-9a-z-]+", re.IGNORECASE)
"""Headers that can be published again, and do not tell a server what to do with a message."""


class Parked(NamedTuple):
    """One that waits."""

    number: int
    """In the stream of the parked ones."""
    code: str
    reason: str
    subject: str
    """Under which it was published."""
    parked_at: str
    headers: dict[str, str]
    data: bytes

    @classmethod
    def of(cls, held: Held) -> "Parked":
        """As it lies in the stream."""
        told = held.headers
        own = {name: value for name, value in _kept(told).items() if name not in OWN}
        return cls(
            held.sequence,
            told.get(CODE, "?"),
            told.get(REASON, "?"),
            told.get(SUBJECT, ""),
            told.get(AT, held.time),
            own,
            held.data,
        )


class Lot:
    """Where they wait."""

    def __init__(self, streams: Streams, settings: Settings) -> None:
        self._streams, self._settings = streams, settings

    async def ensure(self) -> None:
        """Make the stream if it is not there."""
        settings = self._settings
        await self._streams.ensured(
            {
                "name": settings.parked_stream,
                "description": "Tocsin: messages that could not be taken in, with the reason.",
                "subjects": [f"{settings.parked_subject}.>"],
                "retention": "limits",
                "max_age": age(settings.parked_days),
                "num_replicas": settings.nats_replicas,
            }
        )

    async def park(
        self, received: Received, origin: str, command_id: str | None, code: str, reason: str
    ) -> None:
        """Put a message aside; it is durable there when this returns.

        Raises:
            StreamAway: it is not known whether it is.
        """
        settings = self._settings
        published = received.headers.get(MSG_ID, "")
        headers = _kept(({PUBLISHED: published} if published else {}) | dict(received.headers))
        headers |= {
            CODE: code,
            REASON: " ".join(reason.split())[:REASON_LENGTH],
            SUBJECT: f"{settings.intake_subject}.{received.kind}.{received.key}",
            SEQUENCE: str(received.sequence),
            AT: datetime.now(UTC).isoformat(timespec="seconds"),
            EXPECTED_OF_SUBJECT: "0",
        }
        if command_id:
            headers[COMMAND_ID] = command_id
        data = self._fitting(received.data, headers)
        try:
            subject = f"{settings.parked_subject}.{origin}.{received.sequence}"
            await self._streams.store(subject, data, headers)
        except ApiRefused as refused:
            if refused.number not in WRONG_LAST:
                raise
        except StreamAway:
            await self.ensure()  # somebody may have deleted it, with all that was in it
            raise

    def _fitting(self, data: bytes, headers: dict[str, str]) -> bytes:
        """As much of a message as a server takes together with the reason: one that came without
        may have been as large as any."""
        room = self._streams.client.max_payload - _size(headers) - _MARGIN
        if len(data) > room:
            headers[REASON] += f" Only the first {room} of its {len(data)} bytes are kept."
        return data[:room]

    async def all(self) -> AsyncIterator[Parked]:
        """Every one that is there now, the oldest first.

        Raises:
            CannotStream: there never was any.
        """
        info = await self._streams.info(self._settings.parked_stream)
        last = int(info["state"]["last_seq"]) if info else 1
        number = 0
        while number < last and (found := await self._found(number + 1)) is not None:
            number = found.sequence
            if number <= last:
                yield Parked.of(found)

    async def one(self, number: int) -> Parked:
        """The one with a number.

        Raises:
            CannotStream: it does not wait there.
        """
        found = await self._found(number)
        if found is None or found.sequence != number:
            raise CannotStream(
                f"Nothing is parked under {number}: `tocsin intake parked list` shows what is."
            )
        return Parked.of(found)

    async def replay(self, parked: Parked) -> None:
        """Queue it again, under the same id: what was done of it already is not done twice.

        Raises:
            StreamAway: ask again; it is safe.
        """
        # Under its own id, the stream might take it for a copy of the first time.
        name = f"{self._settings.parked_stream}:{parked.number}:{parked.parked_at}"
        headers = {**parked.headers, MSG_ID: f"parked:{name}"}
        await self._streams.store(parked.subject, parked.data, headers)
        await self.discard(parked)

    async def discard(self, parked: Parked) -> None:
        """Throw it away."""
        await self._streams.remove(self._settings.parked_stream, parked.number)

    async def _found(self, number: int) -> Held | None:
        try:
            return await self._streams.next(self._settings.parked_stream, ">", number)
        except ApiRefused as refused:
            if refused.number == NO_STREAM:
                raise CannotStream(
                    f"There is no stream {self._settings.parked_stream}: nothing was ever parked."
                ) from refused
            raise


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Of a message's headers, those that are kept with it."""
    kept, room = {}, HEADER_BYTES
    for name, value in headers.items():
        size = _size({name: value})
        if size <= room and _KEPT.fullmatch(name):
            kept[name] = value
            room -= size
    return kept


def _size(headers: Mapping[str, str]) -> int:
    return sum(len(name) + len(value.encode()) + 4 for name, value in headers.items())
