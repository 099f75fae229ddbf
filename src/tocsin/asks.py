"""What a caller asks of the desk, and what the desk answers besides an incident's own rules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson

from tocsin.domain.kernel import Claim, Command, Refused


class InTheFuture(Refused, code="occurred-in-the-future"):
    """A fact cannot be recorded before it happened."""

    def __init__(self, occurred_at: datetime, now: datetime) -> None:
        super().__init__(
            f"occurred_at {occurred_at.isoformat()} lies in the future: here it is"
            f" {now.isoformat()}. State a time that has passed, or leave it out."
        )
        self.occurred_at, self.now = occurred_at, now


class BeforeItBegan(Refused, code="occurred-before-it-began"):
    """Nothing can happen to an incident before there was one."""

    def __init__(self, occurred_at: datetime, began_at: datetime, what: str = "incident") -> None:
        super().__init__(
            f"occurred_at {occurred_at.isoformat()} lies before the {what} began"
            f" ({began_at.isoformat()}). Correct that time first, or state a later one."
        )
        self.occurred_at, self.began_at = occurred_at, began_at


class HistoryFull(Refused, code="history-full"):
    """A history has a limit, so that reading it has one."""

    def __init__(self, limit: int, what: str = "incident") -> None:
        another = what == "incident"
        way = "report a new one and link it to this" if another else "raise TOCSIN_HISTORY_EVENTS"
        super().__init__(f"The {what} has as many events as one may have ({limit}): {way}.")
        self.limit = limit


class StaleVersion(Exception):
    """The caller named the version that it saw, and somebody else was first."""

    def __init__(self, expected: int, actual: int, what: str = "incident") -> None:
        super().__init__(f"The {what} is at version {actual}, not {expected}: read it again.")
        self.expected, self.actual = expected, actual


class UnknownStream(Exception):
    """There is no such incident, or no such thing of another kind."""

    def __init__(self, stream: UUID, what: str = "incident") -> None:
        super().__init__(f"There is no {what} {stream}.")
        self.stream, self.what = stream, what


class KeyReused(Exception):
    """A command id was used before, for something else."""

    def __init__(self) -> None:
        super().__init__(
            "The idempotency key was used before with another request: make a new one."
        )


class Busy(Exception):
    """The desk cannot take the command now. Nothing was recorded: try again later."""


class CannotStore(Exception):
    """The outcome of a command cannot be stored. Nothing was recorded."""


# Not frozen, as there is one for each command, and freezing doubles what making it takes.
@dataclass(slots=True)
class Receipt:
    """The answer to a command: the bytes that every retry of it gets, for ever."""

    body: bytes
    replayed: bool = False

    @property
    def fields(self) -> dict[str, Any]:
        """The answer, read."""
        fields: dict[str, Any] = orjson.loads(self.body)
        return fields

    @property
    def incident_id(self) -> UUID:
        """The stream that was asked."""
        return UUID(self.fields["incident_id"])

    @property
    def version(self) -> int:
        """Its version after the command."""
        return int(self.fields["version"])

    @property
    def position(self) -> int:
        """The place in the log of its last event."""
        return int(self.fields["position"])


Told = Callable[[Receipt | Exception], None]
"""Hears what became of a command, on the event loop: it must return at once, and never raise."""


@dataclass(eq=False, slots=True)
class Ask:
    """One command on its way through the desk."""

    command: Command[Any]
    stream: UUID
    begins: bool
    """Whether the stream is its own, made for it: nothing to load."""
    caller: str
    command_id: UUID
    fingerprint: bytes
    fresh: bool
    found: Claim | None = None
    """The name whose holder it was sent on to: what it wants to begin is there already."""
    expected_version: int | None = None
    beside: tuple[tuple[UUID, int], ...] = ()
    """Other streams, and the versions of theirs that the caller saw."""
    causation: int | None = None
    told: list[Told] = field(default_factory=list)
    """Who waits for it: whoever sent it, and whoever sent it again meanwhile."""
    tries: int = 0
    asked_at: float = field(default_factory=perf_counter)
    origin: Any = None
    """The request that it came with, when its way is traced."""

    @property
    def names(self) -> dict[str, str]:
        """By what a line of log finds it."""
        return {"command_id": str(self.command_id), "incident_id": str(self.stream)}

    def overtaken(self, stream: UUID, version: int) -> "StaleVersion | None":
        """What to tell the caller if another stream that it looked at is at this version now."""
        for seen, expected in self.beside:
            if seen == stream and version != expected:
                return StaleVersion(expected, version, f"stream {stream}")
        return None

    def answer(self, receipt: Receipt) -> None:
        """Tell everybody who waits for it."""
        for index, tell in enumerate(self.told):
            tell(Receipt(receipt.body, replayed=True) if index else receipt)

    def fail(self, error: Exception) -> None:
        """Tell everybody who waits for it why not."""
        for tell in self.told:
            tell(error)
