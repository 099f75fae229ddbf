"""Histories that are not told in order, and lists of other moments that are found the long way."""

import random
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from functools import reduce
from typing import Any
from uuid import UUID

from projections import open_queue
from tests.lake.memory import Shared
from tests.readmodels.streams import BEGIN, plausible
from tocsin.domain.incident import events as e
from tocsin.domain.incident.chronicle import happened_by
from tocsin.domain.incident.values import Fact
from tocsin.domain.kernel import Recorded, replace
from tocsin.past.asking import Answer, Source, ask, asked_by_name
from tocsin.past.moments import Moment
from tocsin.past.wanted import Wanted
from tocsin.readmodels import found
from tocsin.settings import Settings
from tocsin.store.log import Log

History = Sequence[Recorded[Any]]
PROJECTIONS = found()
(QUEUE,) = (each for each in PROJECTIONS if each.name == "open_queue")
STEPS: dict[type[Any], Fact] = {
    e.IncidentReported: Fact.REPORTED_AT,
    e.IncidentAcknowledged: Fact.ACKNOWLEDGED_AT,
    e.IncidentResolved: Fact.RESOLVED_AT,
    e.IncidentClosed: Fact.CLOSED_AT,
}


def minute(count: float) -> datetime:
    """So many minutes after the first history began."""
    return BEGIN + timedelta(minutes=count)


def bent(
    incidents: int, seed: int = 1, interleaved: int = 12, late: float = 0.1
) -> list[Recorded[Any]]:
    """A plausible history of which such a share is told late, and some is set right afterwards."""
    dice = random.Random(seed)
    told: list[Recorded[Any]] = []
    versions: dict[UUID, int] = {}
    begun: dict[UUID, datetime] = {}

    def add(recorded: Recorded[Any], **changes: Any) -> None:
        stream, position = recorded.stream, len(told) + 1
        versions[stream] = version = versions.get(stream, 0) + 1
        now = minute(position)
        told.append(
            replace(recorded, version=version, position=position, recorded_at=now, **changes)
        )

    for recorded in plausible(incidents, seed, interleaved):
        ago = dice.randrange(1, 40) if dice.random() < late else 0
        at = minute(len(told) + 1) - timedelta(minutes=ago if recorded.version > 1 else 0)
        at = max(at, begun.setdefault(recorded.stream, at))
        add(recorded, occurred_at=at)
        fact = STEPS.get(type(recorded.event))
        if fact is not None and dice.random() < 0.3:
            moved = (at + timedelta(minutes=dice.randrange(-25, 3))).isoformat()
            add(recorded, event=correction(fact, moved), occurred_at=minute(len(told) + 1))
        elif dice.random() < 0.05:
            right = correction(Fact.TITLE, f"Rather {dice.randrange(99)}")
            add(recorded, event=right, occurred_at=minute(len(told) + 1))
    return told


def correction(fact: Fact, now: str) -> e.IncidentCorrected:
    """A fact, set right."""
    return e.IncidentCorrected(fact=fact, was=None, now=now, reason="A typo.")


def by_stream(history: Iterable[Recorded[Any]]) -> dict[UUID, list[Recorded[Any]]]:
    """The events of each incident, in order."""
    found: dict[UUID, list[Recorded[Any]]] = {}
    for each in history:
        if each.event.event_name.startswith("incident."):
            found.setdefault(each.stream, []).append(each)
    return found


def waiting(history: Iterable[Recorded[Any]], moment: Moment) -> dict[UUID, Any]:
    """The rows of the open queue at a moment: every event folded by the read model itself."""
    rows: dict[UUID, Any] = {}
    for stream, told in by_stream(history).items():
        known = [
            each for each in told if moment.known_at is None or each.recorded_at <= moment.known_at
        ]
        if moment.as_of is not None:
            known = [deed.recorded for deed in happened_by(known, moment.as_of)]
        row = reduce(open_queue.fold, known, None)
        if row is not None and row.waiting:
            rows[stream] = row
    return rows


def wanted(history: History, moment: Moment) -> Wanted:
    """The moment, in a log that holds this history and no more."""
    return Wanted(moment, len(history))


def memory(history: History) -> Any:
    """A log in memory."""
    return Shared(history)


def asked(settings: Settings, question: str, moment: Moment, **more: Any) -> Answer:
    """The answer of a question of the open queue."""
    source, processes = more.pop("source", None), more.pop("processes", 1)
    parameters = {"limit": 200, **more}
    return ask(
        settings,
        asked_by_name(
            PROJECTIONS,
            "open_queue",
            question,
            moment=moment,
            source=source,
            parameters=parameters,
        ),
        processes=processes,
    )


def queued(settings: Settings, moment: Moment, source: Source | None = None) -> dict[UUID, Any]:
    """Every row of the open queue at a moment, group by group and page by page."""
    rows: dict[UUID, Any] = {}
    for queue in asked(settings, "queues", moment, source=source).page.items:
        after = None
        while True:
            more = {"group": queue.group, "limit": 4, "after": after, "source": source}
            page = asked(settings, "queue", moment, **more).page
            rows |= {row.incident_id: row for row in page.items}
            if (after := page.next) is None:
                break
    return rows


def history_of(settings: Settings) -> list[Recorded[Any]]:
    """All that is in the log, opened."""
    with closing(Log.open(settings)) as log:
        return list(log.page(0, 100_000))
