"""A log of so many events, drawn by lot from a seed and sealed as a service seals: made once, kept.

The incidents of an imagined company (`lives.py`) run beside each other, twenty thousand of them at
any time, in the order in which things happened. Their ids sort by the time of their report, as
those that Tocsin gives out do. The bytes are stored as another log's would be, with a command for
each event, its answer, and the references that are taken.
"""

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from operator import itemgetter
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import orjson
from lives import BEGIN, WEEKS, life

from tocsin.domain.incident.events import IncidentLogged
from tocsin.domain.kernel import Claim, Event, Recorded
from tocsin.settings import Settings
from tocsin.store.copies import Answer, Piece, StoredEvent
from tocsin.store.log import Log
from tocsin.store.mapper import encode
from tocsin.store.sealing import Seals

SEED = 11
AT_ONCE = 5_000
PEOPLE = 400
INCIDENTS = 130_000
"""Of one stretch of sixteen weeks, which is about a million events."""
STRETCH = timedelta(weeks=WEEKS)
Step = tuple[datetime, int, int, UUID, Event]


def history(folder: Path, events: int, database: str = "") -> Settings:
    """The settings of a log that has so many events, in a folder where it stays."""
    settings = Settings(home=folder / f"log-{events}", database=database)
    with closing(Log.open(settings, writer=True)) as log:
        head = log.head()
        if head < events:
            print(f"writing a log of {events:,} events, once", file=sys.stderr)
            assert not head, f"a log that was begun is not gone on with: remove {settings.home}"
            _write(log, islice(_steps(events), events))
    return settings


def _write(log: Log, steps: Iterator[Step]) -> None:
    position = 0
    while some := list(islice(steps, AT_ONCE)):
        stored = [
            _stored(step, number, log.seals) for number, step in enumerate(some, position + 1)
        ]
        answers = [_answer(step, number) for number, step in enumerate(some, position + 1)]
        claims = [
            (stream, Claim("reference", event.reference))
            for *_, stream, event in some
            if isinstance(event, IncidentLogged)
        ]
        piece = Piece(after=position, events=stored, answers=answers, claims=claims)
        log.append_stored(piece)
        position += len(some)


def _stored(step: Step, position: int, seals: Seals) -> StoredEvent:
    at, number, version, stream, event = step
    recorded: Recorded[Any] = Recorded(
        stream=stream, version=version, position=position, actor=f"person {number % PEOPLE}",
        occurred_at=at, recorded_at=at + timedelta(seconds=number % 90),
        command_id=UUID(int=position), event=event,
    )  # fmt: skip
    return StoredEvent(
        stream=stream, version=version, topic=event.event_name, body=encode(recorded, seals)
    )


def _answer(step: Step, position: int) -> Answer:
    """As long as those of a service are."""
    _, number, version, stream, event = step
    said = {
        "incident_id": str(stream),
        "reference": f"INC000{number:09}",
        "version": version,
        "position": position,
        "changed": True,
        "events": [event.event_name],
    }
    return UUID(int=position), sha256(stream.bytes).digest(), orjson.dumps(said)


def _steps(events: int) -> Iterator[Step]:
    """What happens, in the order in which it happens, stretch after stretch."""
    dice, number, left = Random(SEED), 0, list[Step]()
    for stretch in range(events // 900_000 + 1):
        steps = left
        for _ in range(min(INCIDENTS, events)):
            number += 1
            steps += _life(number, dice, stretch * STRETCH)
        steps.sort(key=itemgetter(0, 1, 2))
        end = BEGIN + (stretch + 1) * STRETCH
        left = [step for step in steps if step[0] >= end]
        yield from (step for step in steps if step[0] < end)
    yield from left


def _life(number: int, dice: Random, later: timedelta) -> Iterator[Step]:
    chance = dice.getrandbits(74)
    stream: UUID | None = None
    for version, (at, event) in enumerate(life(number, dice), 1):
        if stream is None:
            moment = int((at + later).timestamp() * 1_000)
            stream = UUID(
                int=moment << 80
                | 0x7 << 76
                | 0b10 << 62
                | chance >> 62 << 64
                | chance & (1 << 62) - 1
            )
        yield at + later, number, version, stream, event
