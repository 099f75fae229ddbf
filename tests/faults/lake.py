"""The writer of the lake dies under load, again and again: is everything in it in the end, once?"""

import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.lake import kit
from tests.readmodels.streams import plausible
from tocsin.domain.kernel import Recorded
from tocsin.lake.origin import written_now
from tocsin.lake.placing import PARTS
from tocsin.lake.segments import Segments
from tocsin.lake.tables import TABLES
from tocsin.lake.verifying import verify
from tocsin.settings import Settings
from tocsin.store.log import Log

SIZE = 256
"""Positions of a segment: small, so that many are written."""
EVENTS_AT_ONCE, PAUSE_SECONDS = 20, 0.02
LIFE_SECONDS = 0.6
"""How long a writer lives, at most, once it has the lake."""
AMIDST, STEP_SECONDS = 0.7, 0.02
"""How often it dies just as it makes files, and how long that takes about."""
INCIDENTS_OF_A_DEATH = 150
READY_SECONDS = 60.0


@dataclass(frozen=True)
class Outcome:
    """What was left after so many deaths."""

    deaths: int
    half_made: int
    """Deaths that left files that were not finished, or not yet of any segment."""
    events: int
    segments: int
    faults: tuple[str, ...]
    """What `tocsin lake verify` complains about."""
    left_over: tuple[str, ...]
    differing: tuple[str, ...]
    """Files that an undisturbed writer writes otherwise, and tables whose rows differ."""

    @property
    def clean(self) -> bool:
        return not (self.faults or self.left_over or self.differing)


def torn(settings: Settings, deaths: int, seed: int) -> Outcome:
    """Kill one writer after the other while events come; then let one finish, and compare."""
    chance, half_made = random.Random(seed), 0
    history = plausible(INCIDENTS_OF_A_DEATH * deaths, seed=seed, interleaved=80)
    with closing(Log.open(settings, writer=True)) as log:
        kit.grow(log, history[:EVENTS_AT_ONCE])
        segments = kit.planted(settings, SIZE)
        with load(log, history[EVENTS_AT_ONCE:]):
            for _ in range(deaths):
                _die(settings, segments, chance)
                half_made += _half_made(segments)
        kit.caught_up(settings, processes=2)
        verdict, events = verify(segments), log.head()
    undisturbed = kit.beside(settings, "undisturbed")
    kit.planted(undisturbed, SIZE)
    whole = kit.caught_up(undisturbed)
    return Outcome(
        deaths,
        half_made,
        events,
        len(segments.sealed()),
        tuple(verdict.faults),
        tuple(verdict.left_over),
        tuple(_differing(segments, whole)),
    )


@contextmanager
def load(
    log: Log, history: Sequence[Recorded[Any]], pause: float = PAUSE_SECONDS
) -> Iterator[None]:
    """Events keep coming, a few at a time."""
    over, failed = threading.Event(), list[BaseException]()

    def come() -> None:
        try:
            for start in range(0, len(history), EVENTS_AT_ONCE):
                kit.grow(log, history[start : start + EVENTS_AT_ONCE])
                if over.wait(pause):
                    return
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=come)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert not failed, failed


def _die(settings: Settings, segments: Segments, chance: random.Random) -> None:
    """A writer, killed with -9 at some moment after it has taken the lake."""
    environment = kit.environment(settings, lake_seconds="0.05")
    program = [sys.executable, "-m", "tocsin", "lake", "follow"]
    writer = psutil.Popen(program, env=environment, stderr=subprocess.PIPE)
    until = time.monotonic() + READY_SECONDS
    while not written_now(segments):
        assert writer.poll() is None, writer.stderr.read()
        assert time.monotonic() < until, "the writer does not begin"
        time.sleep(0.005)
    time.sleep(chance.random() * LIFE_SECONDS)
    if chance.random() < AMIDST:
        while not _at_work(segments) and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(chance.random() * STEP_SECONDS)
    writer.kill()
    writer.communicate()
    assert writer.returncode == -9


def _half_made(segments: Segments) -> bool:
    """Whether the one that died was in the midst of something."""
    known = {segment.name for segment in segments.sealed()}
    loose = any(
        path.stem not in known
        for table in TABLES
        for path in (segments.folder / table.name).rglob("*.parquet")
    )
    return loose or _at_work(segments)


def _at_work(segments: Segments) -> bool:
    """Whether files are being made, or were when somebody died."""
    parts = segments.folder / PARTS
    return parts.exists() and any(parts.iterdir())


def _differing(segments: Segments, whole: Segments) -> Iterator[str]:
    ours, theirs = kit.contents(segments), kit.contents(whole)
    for path in sorted({*ours, *theirs}):
        if ours.get(path) != theirs.get(path):
            yield path
    for table in TABLES:
        if not table.signed and kit.rows(segments, table) != kit.rows(whole, table):
            yield table.name
    if kit.held(segments) != kit.held(whole):
        yield "what holds in the end"


def home_in(folder: Path) -> Path:
    """Where the log of one run is; lakes lie beside it."""
    home = folder / "home"
    home.mkdir()
    return home
