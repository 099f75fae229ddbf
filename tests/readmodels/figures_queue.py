"""Figures of what was open at an instant: the queue as it was then, from the events up to then."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any
from uuid import UUID

from projections.open_queue import Row, fold
from tests.readmodels.figures import Models, figure
from tocsin.domain.incident.values import Status
from tocsin.domain.kernel import Recorded
from tocsin.readmodels.shape import EPOCH, MICROSECOND
from tocsin.store.log import Log

PAGE = 10_000
INSTANTS = [
    datetime.fromisoformat(said).replace(tzinfo=UTC)
    for said in (
        "2016-03-01 00:00", "2016-03-10 12:00", "2016-03-24 12:00", "2016-03-25 00:00",
        "2016-04-15 12:00", "2016-05-16 09:00", "2016-05-31 23:59", "2016-07-01 00:00",
        "2016-12-31 23:59", "2017-02-15 00:00", "2017-02-18 15:00",
    )
]  # fmt: skip
MID_APRIL, END_OF_MAY = INSTANTS[4], INSTANTS[6]


def queues(log: Log) -> dict[datetime, list[Row]]:
    """The rows of the open queue at each instant, by its own fold of what had happened by then."""
    known: dict[datetime, list[Row]] = {instant: [] for instant in INSTANTS}
    for history in histories(log):
        for instant, row in zip(INSTANTS, as_of(history), strict=True):
            if row is not None:
                known[instant].append(row)
    return known


def as_of(history: Sequence[Recorded[Any]]) -> list[Row | None]:
    """An incident's row at each instant: folded once, where its events are in order of time."""
    times = [past.occurred_at for past in history]
    if times != sorted(times):
        return [
            reduce(fold, (past for past in history if past.occurred_at <= instant), None)
            for instant in INSTANTS
        ]
    rows: list[Row | None] = [None]
    for past in history:
        rows.append(fold(rows[-1], past))
    return [rows[bisect_right(times, instant)] for instant in INSTANTS]


def histories(log: Log) -> Iterator[Sequence[Recorded[Any]]]:
    """Every incident's events, in order."""
    streams: dict[UUID, list[Recorded[Any]]] = {}
    after = 0
    while page := log.page(after, PAGE):
        for past in page:
            streams.setdefault(past.stream, []).append(past)
        after = page[-1].position
    yield from streams.values()


@figure()
def open_queue(models: Models) -> list[dict[str, Any]]:
    return [
        {
            "ts": f"{instant:%Y-%m-%d %H:%M:%S}",
            "unresolved": sum(row.waiting for row in rows),
            "of_which_on_hold": sum(row.waiting and row.on_hold for row in rows),
            "of_which_new": sum(row.waiting and row.status is Status.NEW for row in rows),
            "resolved_awaiting_close": sum(row.status is Status.RESOLVED for row in rows),
            "closed": sum(row.status is Status.CLOSED for row in rows),
            "known_not_closed": _known(models, instant),
        }
        for instant, rows in models.queued.items()
    ]


def _known(models: Models, instant: datetime) -> int:
    """By the times of the incidents themselves, which are later than those of the rows."""
    at = (instant - EPOCH) // MICROSECOND
    found = models.one(
        f"select count(*) as n from incidents where reported_at <= {at} and closed_at > {at}"
    )
    return int(found["n"])


@figure()
def open_queue_by_group_2016_04_15_1200(models: Models) -> list[dict[str, Any]]:
    return _by_group(models.queued[MID_APRIL])


@figure()
def open_queue_by_group_2016_05_31_2359(models: Models) -> list[dict[str, Any]]:
    return _by_group(models.queued[END_OF_MAY])


@figure()
def open_queue_by_priority_2016_04_15_1200(models: Models) -> list[dict[str, Any]]:
    count = Counter(row.priority for row in models.queued[MID_APRIL] if row.waiting)
    return [{"prio": priority, "unresolved": n} for priority, n in sorted(count.items())]


def _by_group(rows: Sequence[Row]) -> list[dict[str, Any]]:
    count = Counter(row.group for row in rows if row.waiting)
    longest = sorted(count.items(), key=lambda each: (-each[1], each[0]))
    return [{"grp": group, "unresolved": n} for group, n in longest[:15]]
