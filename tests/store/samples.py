"""Entries for tests of the log: short to write, and as the desk makes them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tocsin.domain.incident.events import IncidentAcknowledged, IncidentLogged, IncidentNoted
from tocsin.domain.incident.values import Visibility
from tocsin.domain.kernel import Claim, Event, Recorded
from tocsin.store.entries import Entry
from tocsin.store.log import Log

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACKNOWLEDGED = IncidentAcknowledged()


def noted(text: str) -> IncidentNoted:
    return IncidentNoted(text=text, visibility=Visibility.PUBLIC)


def logged(reference: str) -> IncidentLogged:
    return IncidentLogged(reference=reference)


def told(positions: Sequence[int]) -> bytes:
    """What the sample commands answer: where their events are."""
    return f"at {list(positions)}".encode()


def drafts(*events: Event, stream: UUID, after: int, command_id: UUID) -> tuple[Recorded[Any], ...]:
    return tuple(
        Recorded(
            stream=stream,
            version=after + number,
            position=0,
            actor="anna",
            occurred_at=NOON,
            recorded_at=NOON,
            command_id=command_id,
            event=event,
        )
        for number, event in enumerate(events, 1)
    )


def entry(
    *events: Event,
    stream: UUID | None = None,
    after: int = 0,
    command_id: UUID | None = None,
    claims: tuple[Claim, ...] = (),
    **rest: Any,
) -> Entry:
    """An entry that appends to a stream (a new one, if none is said) behind version `after`."""
    command_id = command_id or uuid4()
    stream = stream or uuid4()
    return Entry(
        command_id=command_id,
        drafts=drafts(*events, stream=stream, after=after, command_id=command_id),
        claims=claims,
        **{"fingerprint": b"body", "answer": told, **rest},
    )


def take(kind: str, key: str, *, firm: bool = True) -> Claim:
    return Claim(kind, key, take=True, firm=firm)


def release(kind: str, key: str) -> Claim:
    return Claim(kind, key, take=False)


def positions(log: Log) -> list[int]:
    return [position for position, _ in log.raw_page(0, 1_000_000)]


def texts(log: Log) -> list[str]:
    """The texts of all notes, in the order of the log."""
    return [recorded.event.text for recorded in log.page(0, 1_000_000)]
