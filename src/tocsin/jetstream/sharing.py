"""Who of several hosts takes which part of the queue: each part has one holder at a time.

A share is a message that expires. Its holder renews it by naming the last one, so of two that want
it one gets it. A host that vanishes loses its parts within `LIFE_SECONDS`; one that comes gets its
fair share from the others. Were two to hold a part for a moment, nothing would be done twice: what
they ask has the same ids.
"""

import os
import re
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Final

from tocsin.jetstream.streams import (
    EXPECTED_OF_SUBJECT,
    NANOSECONDS,
    WRONG_LAST,
    ApiRefused,
    StreamAway,
    Streams,
)
from tocsin.settings import Settings

LIFE_SECONDS: Final = 12
RENEW_SECONDS: Final = 2.0
MARGIN_SECONDS: Final = 2.0
"""So much earlier a holder stops than others may begin."""


@dataclass
class Share:
    """A part that we hold."""

    sequence: int
    until: float


class Shares:
    """Ours, of the parts of one stream."""

    def __init__(self, streams: Streams, settings: Settings, parts: int) -> None:
        self.held: dict[int, Share] = {}
        self.hosts = 1
        """As many as there are, this one included."""
        self.name = _name()
        self._streams, self._parts = streams, parts
        self._stream = f"{settings.intake_stream}_SHARES"
        self._subject = f"{settings.intake_subject}.shares"
        self._replicas = settings.nats_replicas

    async def ensure(self) -> None:
        """Make the stream of shares if it is not there."""
        await self._streams.ensured(
            {
                "name": self._stream,
                "description": "Tocsin: which host takes which part of the intake.",
                "subjects": [f"{self._subject}.*.*"],
                "retention": "limits",
                "max_msgs_per_subject": 1,
                "max_age": LIFE_SECONDS * NANOSECONDS,
                "duplicate_window": NANOSECONDS,
                "num_replicas": self._replicas,
            }
        )

    async def renew(self) -> list[int]:
        """Renew what we hold, and return what we hold no more."""
        with suppress(StreamAway):
            await self._streams.store(f"{self._subject}.host.{self.name}", self.name.encode())
        lost = []
        for part, share in list(self.held.items()):
            if not await self._renewed(part, share) and self.held.get(part) is share:
                del self.held[part]
                lost.append(part)  # or else we gave it back meanwhile
        return lost

    async def wanted(self) -> tuple[list[int], int]:
        """Parts that nobody holds, and how many we may take (or, negative, have too many).

        Raises:
            StreamAway: nobody answers.
        """
        info = await self._streams.info(self._stream, subjects_filter=f"{self._subject}.>")
        subjects = (info or {"state": {}})["state"].get("subjects") or {}
        named = [subject.rsplit(".", 2)[1:] for subject in subjects]
        hosts = {name for kind, name in named if kind == "host"} | {self.name}
        taken = {int(number) for kind, number in named if kind == "part"}
        self.hosts = len(hosts)
        fair = -(-self._parts // len(hosts))
        free = [part for part in range(self._parts) if part not in taken and part not in self.held]
        return free, fair - len(self.held)

    async def take(self, part: int) -> bool:
        """Take a part, if nobody else does.

        Raises:
            StreamAway: it is not known whether we have it; it is given back by itself.
        """
        began = monotonic()
        sequence = await self._say(part, 0)
        if sequence is None:
            return False
        self.held[part] = Share(sequence, began + LIFE_SECONDS - MARGIN_SECONDS)
        return True

    async def give(self, part: int) -> None:
        """Let others have a part."""
        share = self.held.pop(part, None)
        if share is not None:
            with suppress(StreamAway):
                await self._streams.remove(self._stream, share.sequence)

    async def leave(self) -> None:
        """Give everything back, and be no host any more."""
        for part in list(self.held):
            await self.give(part)
        with suppress(StreamAway, ApiRefused):
            mine = f"{self._subject}.host.{self.name}"
            await self._streams.ask(f"STREAM.PURGE.{self._stream}", {"filter": mine})

    async def _renewed(self, part: int, share: Share) -> bool:
        began = monotonic()
        try:
            sequence = await self._say(part, share.sequence)
            if sequence is None:
                # Ours, perhaps: stored before, and its acknowledgement lost.
                last = await self._streams.last(self._stream, f"{self._subject}.part.{part}")
                if last is None or last.data != self.name.encode():
                    return False
                share.sequence = last.sequence
                sequence = await self._say(part, last.sequence)
                if sequence is None:
                    return False
        except StreamAway:
            return began < share.until
        share.sequence, share.until = sequence, began + LIFE_SECONDS - MARGIN_SECONDS
        return True

    async def _say(self, part: int, before: int) -> int | None:
        """Say that a part is ours; none when somebody else was first."""
        expected = {EXPECTED_OF_SUBJECT: str(before)}
        try:
            answer = await self._streams.store(
                f"{self._subject}.part.{part}", self.name.encode(), expected
            )
        except ApiRefused as refused:
            if refused.number in WRONG_LAST:
                return None
            raise
        return int(answer["seq"])


def _name() -> str:
    """Of this host, as a word of a subject."""
    host = re.sub(r"[^0-9A-Za-z-]+", "-", socket.gethostname())[:40] or "host"
    return f"{host}-{os.getpid()}-{secrets.token_hex(3)}"
