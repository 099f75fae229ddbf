"""Timers: how many are fired in a second, and how late, while the service is otherwise idle.

Two crowds of incidents wait, each for one warning. The first was due while the service was down,
and is caught up with when it starts; the second falls due evenly over one minute while it runs.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import orjson
from probe import fsyncs_per_second
from servers import tocsin

from tocsin.domain.incident.events import IncidentLogged, IncidentReported
from tocsin.domain.incident.values import Source
from tocsin.domain.kernel import Claim, Event, Recorded
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.rebuild import rebuild
from tocsin.settings import Settings
from tocsin.store.entries import Entry
from tocsin.store.log import Log

WINDOW_SECONDS = 60.0
WARNED_AFTER = timedelta(minutes=45)
"""Three quarters of the hour that the default policy gives for a first response."""
MISSED = 20_000
"""Warnings that fell due while the service was down."""
COMMIT = 2_000
INCIDENTS_READIED_PER_SECOND = 1_000
"""What a slow machine manages: the window opens only after everything is ready for it."""
QUIET_SECONDS = 20.0


@dataclass(frozen=True)
class Figures:
    """What one run showed."""

    fired: int
    expected: int
    caught_up_per_second: float
    per_second: float
    late_p50: float
    late_p99: float
    late_most: float
    fsyncs: float


def measure(count: int) -> Figures:
    """Let `count` warnings fall due within a minute, after others were missed."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        home = Path(folder)
        settings = Settings(home=home)
        ready = timedelta(seconds=60 + (count + MISSED) / INCIDENTS_READIED_PER_SECOND)
        opens = datetime.now(UTC) + ready
        prepare(settings, count, opens)
        _tell("read models")
        project(settings)
        fsyncs = fsyncs_per_second(home)
        with tocsin(home):
            closes = opens + timedelta(seconds=WINDOW_SECONDS + QUIET_SECONDS)
            if datetime.now(UTC) + timedelta(seconds=QUIET_SECONDS) > opens:
                raise RuntimeError("this machine was too slow to get ready: ask for fewer timers")
            while (left := (closes - datetime.now(UTC)).total_seconds()) > 0:
                _tell(f"{left:.0f} s to go")
                time.sleep(min(left, 10.0))
        return figures(settings, count, opens, fsyncs)


def prepare(settings: Settings, count: int, opens: datetime) -> None:
    """Report the incidents, so long ago that their warnings fall due when they should."""
    log = Log.open(settings, writer=True)
    step = WINDOW_SECONDS / count
    dues = [opens + timedelta(seconds=number * step) for number in range(count)]
    # All of these are past by the time that the service starts.
    dues += [datetime.now(UTC) - timedelta(seconds=600 - n / 100) for n in range(MISSED)]
    entries: list[Entry] = []
    for number, due in enumerate(dues):
        entries.append(entry(number, due - WARNED_AFTER))
        if len(entries) == COMMIT or number + 1 == len(dues):
            log.commit(entries)
            entries = []
            _tell(f"{number + 1:,} incidents")
    log.close()


def entry(number: int, reported_at: datetime) -> Entry:
    """One incident, reported and logged."""
    stream, reference = uuid4(), f"BENCH{number:07d}"
    told: list[Event] = [
        IncidentReported(title=f"Alert {number}", source=Source.MONITORING),
        IncidentLogged(reference=reference),
    ]
    drafts = tuple(
        Recorded(
            stream=stream, version=version, position=0, actor="bench", occurred_at=reported_at,
            recorded_at=reported_at, command_id=uuid4(), event=event,
        )
        for version, event in enumerate(told, 1)
    )  # fmt: skip
    claims = (Claim("reference", reference),)
    return Entry(
        command_id=uuid4(), fingerprint=b"", drafts=drafts, claims=claims, answer=lambda _: b"{}"
    )


def project(settings: Settings) -> None:
    """Bring the read models to the head of the log before the service starts."""
    log, database = Log.open(settings), Database.open(settings.home, settings.database)
    rebuild(log, database, found(), fresh=True, page=settings.rebuild_events)
    database.close()
    log.close()


def figures(settings: Settings, count: int, opens: datetime, fsyncs: float) -> Figures:
    """Read from the log when each warning was due and when it was recorded."""
    log = Log.open(settings)
    known = list(warnings(log))
    log.close()
    missed = sorted(recorded for due, recorded in known if due < opens)
    timely = [(due, recorded) for due, recorded in known if due >= opens]
    late = sorted((recorded - due).total_seconds() for due, recorded in timely)
    first, last = min(r for _, r in timely), max(r for _, r in timely)
    took = (missed[-1] - missed[0]).total_seconds()
    return Figures(
        fired=len(known),
        expected=count + MISSED,
        caught_up_per_second=len(missed) / took,
        per_second=len(timely) / (last - first).total_seconds(),
        late_p50=late[len(late) // 2],
        late_p99=late[len(late) * 99 // 100],
        late_most=late[-1],
        fsyncs=fsyncs,
    )


def warnings(log: Log) -> Iterator[tuple[datetime, datetime]]:
    """When each warning on record was due, and when it was recorded."""
    position = 0
    while page := log.raw_page(position, 20_000):
        for position, body in page:  # noqa: B007
            if b'"event":"clock.warned"' in body:
                raw = orjson.loads(body)
                yield tuple(  # type: ignore[misc]
                    datetime.fromisoformat(raw[name]) for name in ("occurred_at", "recorded_at")
                )


def _tell(text: str) -> None:
    sys.stderr.write(f"timers: {text} ...\n")
