"""The open queue at a past moment over a million events: from the log, with the lake, and naively.

Naively is what one would write first: decode every event up to then and fold the read model.
"""

import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import islice
from operator import itemgetter
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from lives import BEGIN, WEEKS, life
from rich.console import Console
from spreads import spread

from projections.open_queue import fold
from tocsin.crew import processors
from tocsin.domain.kernel import Event, Recorded
from tocsin.lake.writer import Writer
from tocsin.past.asking import Asked, Source, ask, asked_by_name
from tocsin.past.moments import Moment
from tocsin.readmodels import found
from tocsin.settings import Settings
from tocsin.store.entries import Entry
from tocsin.store.log import Log

EVENTS = 1_000_000
AT_ONCE = 5_000
SEED = 6
PAGE = 50
MIDDLE = BEGIN + timedelta(weeks=WEEKS / 2)
Step = tuple[datetime, int, int, UUID, Event]


@dataclass(frozen=True)
class Figures:
    """Seconds, each for the same page of the same queue."""

    events: int
    processors: int
    waiting: int
    """Open incidents at the moment."""
    log_s: float
    known_s: float
    """From the log, as it was known at the moment."""
    alone_s: float
    """From the log, in one process, as a service answers."""
    lake_s: float
    lake_first_s: float
    """The first time, when the engine begins."""
    naive_s: float


def show(console: Console, runs: int) -> None:
    """The open queue at a past moment, from the log and with the lake."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        found = []
        for number in range(1, runs + 1):
            print(f"run {number} of {runs}: the open queue at a past moment", file=sys.stderr)
            found.append(measure(Path(folder)))
    one = found[0]
    console.print(
        f"The open queue at a past moment ({one.waiting:,} incidents wait, {one.events:,} events),"
        " seconds:"
    )
    for what, figures in (
        (f"from the log, {one.processors} processes", [each.log_s for each in found]),
        ("the same, as it was known then", [each.known_s for each in found]),
        ("from the log, one process", [each.alone_s for each in found]),
        ("with the lake", [each.lake_s for each in found]),
        ("with the lake, the first time", [each.lake_first_s for each in found]),
        ("naively, every event decoded and folded", [each.naive_s for each in found]),
    ):
        console.print(f"  {what}: {spread(figures, 2)}")


def measure(home: Path) -> Figures:
    """Ask for the whole of the open queue, group by group; log and lake are written once."""
    settings = Settings(home=home)
    prepared(settings)
    as_of, known = Moment(as_of=MIDDLE), Moment(known_at=MIDDLE)
    from_log, log_s = _timed(settings, _asked(as_of, Source.LOG), processors())
    _, known_s = _timed(settings, _asked(known, Source.LOG), processors())
    alone, alone_s = _timed(settings, _asked(as_of, Source.LOG), 1)
    first, lake_first_s = _timed(settings, _asked(as_of, Source.LAKE), 1)
    lake, lake_s = _timed(settings, _asked(as_of, Source.LAKE), 1)
    started = perf_counter()
    naive = _naively(settings, MIDDLE)
    naive_s = perf_counter() - started
    assert from_log == alone == first == lake
    waiting = sum(queue.open for queue in from_log.items)
    assert waiting == naive
    with closing(Log.open(settings, veiled=True)) as log:
        events = log.head()
    return Figures(
        events=events,
        processors=processors(),
        waiting=waiting,
        log_s=log_s,
        known_s=known_s,
        alone_s=alone_s,
        lake_s=lake_s,
        lake_first_s=lake_first_s,
        naive_s=naive_s,
    )


def _asked(moment: Moment, source: Source) -> Asked:
    parameters = {"limit": 200}
    return asked_by_name(
        found(), "open_queue", "queues", moment=moment, source=source, parameters=parameters
    )


def _timed(settings: Settings, asked: Asked, processes: int) -> tuple[Any, float]:
    started = perf_counter()
    page = ask(settings, asked, processes=processes).page
    return page, perf_counter() - started


def _naively(settings: Settings, moment: datetime) -> int:
    rows: dict[UUID, Any] = {}
    histories: dict[UUID, list[Recorded[Any]]] = {}
    after = 0
    with closing(Log.open(settings)) as log:
        while page := log.page(after, AT_ONCE):
            for recorded in page:
                histories.setdefault(recorded.stream, []).append(recorded)
            after = page[-1].position
    for stream, history in histories.items():
        past = (each for each in history if each.occurred_at <= moment)
        rows[stream] = reduce(fold, past, None)
    return sum(row is not None and row.waiting for row in rows.values())


def prepared(settings: Settings) -> None:
    """Have the log and the lake there."""
    with closing(Log.open(settings, writer=True)) as log:
        if log.head() < EVENTS:
            assert not log.head(), "a log that was begun is not gone on with"
            steps = iter(_steps())
            while some := list(islice(steps, AT_ONCE)):
                log.commit([_entry(step) for step in some])
        assert Writer(log, settings).catch_up(threading.Event())


def _steps() -> Sequence[Step]:
    """What happens to so many incidents, in the order in which it happens. Corrected ends are left
    out: a naive fold does not know that they move anything."""
    dice, number = Random(SEED), 0
    steps: list[Step] = []
    while len(steps) < EVENTS:
        number += 1
        stream = UUID(int=dice.getrandbits(128), version=4)
        steps += _life(number, dice, stream)
    return sorted(steps[:EVENTS], key=itemgetter(0, 1, 2))


def _life(number: int, dice: Random, stream: UUID) -> Iterator[Step]:
    lived = (step for step in life(number, dice) if step[1].event_name != "incident.corrected")
    for version, (at, event) in enumerate(lived, 1):
        yield at, number, version, stream, event


def _entry(step: Step) -> Entry:
    at, number, version, stream, event = step
    command_id = uuid4()
    draft: Recorded[Any] = Recorded(
        stream=stream, version=version, position=0, actor=f"person {number % 400}",
        occurred_at=at, recorded_at=at, command_id=command_id, event=event,
    )  # fmt: skip
    return Entry(
        command_id=command_id, fingerprint=b"", drafts=(draft,), answer=lambda _: b"", fresh=True
    )
