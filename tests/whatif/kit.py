"""A short history whose clocks anybody can reckon by hand, and ways to ask about it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from tests.store.samples import told
from tocsin.domain.incident import events as e
from tocsin.domain.incident.values import HoldReason, Impact, Source, Urgency, Visibility
from tocsin.domain.kernel import Event, Recorded
from tocsin.domain.policy import DEFAULT_DOCUMENT, DEFAULT_POLICY
from tocsin.domain.policy.events import DefaultRecorded, PolicyPublished
from tocsin.policies.publishing import read
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Stored
from tocsin.store.log import Log
from tocsin.whatif.replay import Asked, pinned, replay

STRICTER = DEFAULT_DOCUMENT.replace(
    'measure = "resolution"\nwhen = { priority = [1] }\ngoal = "4h"',
    'measure = "resolution"\nwhen = { priority = [1] }\ngoal = "2h"',
).replace("medium = { high = 2,", "medium = { high = 1,")
"""Critical incidents in half the time, and one more kind of them is critical."""
MARCH = datetime(2026, 3, 2, 8, tzinfo=UTC)
LAST_NIGHT = datetime(2026, 3, 31, 23, tzinfo=UTC)
APRIL = datetime(2026, 4, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE = timedelta(minutes=1)
When = tuple[datetime, Event]
RESOLVED = e.IncidentResolved(resolution_code="fixed", resolution="Restarted.")


def stream_of(reference: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"tocsin:test:{reference}")


def begun(
    reference: str,
    at: datetime,
    *,
    group: str,
    source: Source = Source.USER_REPORT,
    services: tuple[str, ...] = (),
    unclear: timedelta = timedelta(0),
    **priority: Any,
) -> list[When]:
    """Reported and logged, and, unless unclear for a while, at once prioritised and assigned."""
    reported = e.IncidentReported(title="Trouble", source=source, services=services)
    return [
        (at, reported),
        (at, e.IncidentLogged(reference=reference)),
        (at + unclear, e.IncidentPrioritised(**priority)),
        (at + unclear, e.IncidentAssigned(group=group)),
    ]


def critical() -> list[When]:
    """Acknowledged after ten minutes, nobody told anything, resolved after three hours."""
    made: dict[str, Any] = {
        "impact": Impact.HIGH,
        "urgency": Urgency.HIGH,
        "priority": 1,
        "policy_version": 1,
    }
    return [
        *begun("INC0000001", MARCH, group="network", services=("e-mail",), **made),
        (MARCH, e.IncidentCategorised(category="network", subcategory="vpn")),
        (MARCH + 10 * MINUTE, e.IncidentAcknowledged()),
        (MARCH + 3 * HOUR, RESOLVED),
    ]


def high(priority: int = 2, policy_version: int = 1) -> list[When]:
    """On the last night of March: acknowledged after twenty minutes, resolved after three hours."""
    made = {"impact": Impact.MEDIUM, "urgency": Urgency.HIGH, "policy_version": policy_version}
    start: dict[str, Any] = {"source": Source.MONITORING, "priority": priority, **made}
    return [
        *begun("INC0000002", LAST_NIGHT, group="mail", **start),
        (LAST_NIGHT + 20 * MINUTE, e.IncidentAcknowledged()),
        (LAST_NIGHT + 3 * HOUR, RESOLVED),
    ]


def by_hand() -> list[When]:
    """Set to moderate by hand, held for two of its four days."""
    at = MARCH + DAY
    return [
        *begun("INC0000003", at, group="network", priority=3, override_reason="Only a printer"),
        (at + 30 * MINUTE, e.IncidentAcknowledged()),
        (at + HOUR, e.IncidentHeld(reason=HoldReason.AWAITING_CALLER)),
        (at + HOUR + 2 * DAY, e.IncidentResumed()),
        (at + 3 * DAY + 2 * HOUR, RESOLVED),
    ]


def still_open() -> list[When]:
    """From a system with other rules: low, although our matrix says high for that. Nobody knew for
    ten minutes; four hours ago."""
    other: dict[str, Any] = {"impact": Impact.MEDIUM, "urgency": Urgency.HIGH, "priority": 4}
    other["unclear"] = 10 * MINUTE
    noted = e.IncidentNoted(text="Looking into it", visibility=Visibility.INTERNAL)
    return [*begun("INC0000004", APRIL, group="mail", **other), (APRIL + 4 * HOUR, noted)]


def published(version: int, document: str) -> list[When]:
    """The policy of that version."""
    at = MARCH - DAY + version * MINUTE
    event = PolicyPublished(
        version=version, document=document, compiled=read(document).policy.compiled, note="Try"
    )
    first = DefaultRecorded(version=1, document=DEFAULT_DOCUMENT, compiled=DEFAULT_POLICY.compiled)
    return [*([(at, first)] if version == 2 else []), (at, event)]


HISTORY = (critical, high, by_hand, still_open)
INCIDENTS = ("INC0000001", "INC0000002", "INC0000003", "INC0000004")


def entry_of(stream: UUID, after: int, happened: Iterable[When]) -> Entry:
    """Events to be appended, each recorded when it happened; the same bytes on every store."""
    command_id = uuid5(stream, str(after))
    drafts = tuple(
        Recorded(
            stream=stream,
            version=after + number,
            position=0,
            actor="anna",
            occurred_at=at,
            recorded_at=at,
            command_id=command_id,
            event=event,
        )
        for number, (at, event) in enumerate(happened, 1)
    )
    return Entry(command_id=command_id, fingerprint=b"", drafts=drafts, answer=told)


def record(log: Log, stream: UUID, happened: Iterable[When]) -> None:
    """Append events to a stream."""
    (outcome,) = log.commit([entry_of(stream, log.version(stream), happened)])
    assert isinstance(outcome, Stored), outcome


def record_all(log: Log) -> None:
    """The whole history, in the order of the references."""
    for reference, story in zip(INCIDENTS, HISTORY, strict=True):
        record(log, stream_of(reference), story())


def many(log: Log, incidents: int) -> None:
    """As many incidents as are wanted, of four kinds, alike in each kind."""
    entries = []
    for number in range(incidents):
        reference = f"INC{number + 1:07d}"
        logged = e.IncidentLogged(reference=reference)
        story = [
            (at, logged if isinstance(event, e.IncidentLogged) else event)
            for at, event in HISTORY[number % 4]()
        ]
        entries.append(entry_of(stream_of(reference), 0, story))
    for start in range(0, incidents, 250):
        outcomes = log.commit(entries[start : start + 250])
        assert all(isinstance(outcome, Stored) for outcome in outcomes)


@contextmanager
def writing(settings: Settings) -> Iterator[Log]:
    log = Log.open(settings, writer=True)
    try:
        yield log
    finally:
        log.close()


def ask(settings: Settings, document: str = STRICTER, **asked: Any) -> dict[str, Any]:
    """The report on a question; `events` says how many make a share."""
    settings = replace(settings, what_if_events=asked.pop("events", settings.what_if_events))
    log = Log.open(settings)
    try:
        question = pinned(
            log, Asked(policy=read(document).policy, **asked), settings.what_if_incidents
        )
    finally:
        log.close()
    answer = replay(settings, question)
    assert answer is not None
    return answer
