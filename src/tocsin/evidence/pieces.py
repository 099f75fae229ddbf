"""Which pieces of evidence are there? Read from the log: what belongs to an incident, and what
stored content nobody refers to."""

from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import orjson

from tocsin.domain.evidence.events import EvidenceAttached, EvidenceDiscarded
from tocsin.domain.evidence.state import EVIDENCE, Evidence, evidence_stream
from tocsin.domain.evidence.values import PIECES
from tocsin.evidence.storage import Storage
from tocsin.store.log import Log

PAGE = 1_000


def count(log: Log, incident: UUID) -> int:
    """How many pieces an incident has. They are numbered without gaps, so a few looks tell."""

    def there(number: int) -> bool:
        return bool(log.version(evidence_stream(incident, number)))

    if not there(1):
        return 0
    low, high = 1, 2
    while high <= PIECES and there(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if there(middle) else (low, middle)
    return low


def streams(log: Log, incident: UUID) -> list[UUID]:
    """The streams of all evidence of an incident, in order."""
    return [evidence_stream(incident, number) for number in range(1, count(log, incident) + 1)]


def pieces(log: Log, incident: UUID) -> list[Evidence]:
    """All evidence of an incident as it stands, in order."""
    return [EVIDENCE.fold(stream, log.history(stream)) for stream in streams(log, incident)]


def delete(log: Log, storage: Storage, incident: UUID, before: int) -> int:
    """Let go of the content of all evidence of an incident that was attached before a position; how
    much of it was there. That there was evidence stays on record.

    Raises:
        StorageUnavailable: it cannot be reached. Asking again goes on where this ended.
    """
    histories = ((stream, log.history(stream)) for stream in streams(log, incident))
    gone = [EVIDENCE.fold(*each) for each in histories if each[1][0].position < before]
    return sum(storage.remove(each.sha256) for each in gone)


class Referred(NamedTuple):
    """Stored content that the log refers to."""

    stream: UUID
    name: str
    """The hash that it is stored under."""


def referred(log: Log) -> Iterator[Referred]:
    """All stored content that should be there, in the order in which it was attached."""
    head = log.head()
    gone = {stream for stream, _ in _named(log, EvidenceDiscarded.event_name, head)}
    for stream, data in _named(log, EvidenceAttached.event_name, head):
        if stream not in gone:
            yield Referred(stream, data["sha256"])


def _named(log: Log, name: str, until: int) -> Iterator[tuple[UUID, dict[str, str]]]:
    after = 0
    while found := log.raw_named([name], after, until, PAGE):
        for position, body in found:
            raw = orjson.loads(body)
            after = position
            yield UUID(raw["stream"]), raw["data"]


def orphans(log: Log, storage: Storage, seconds: float) -> list[str]:
    """The names of stored content that nobody refers to and that is older than this: left by an
    upload that never ended, or by a crash before its event was recorded. What is younger could be
    about to be referred to.

    Raises:
        StorageUnavailable: the storage cannot be listed.
    """
    # What is stored is listed first: what comes in meanwhile is then no candidate.
    old = [each.name for each in storage.found() if each.seconds >= seconds]
    known = {each.name for each in referred(log)}
    return [name for name in old if name not in known]
