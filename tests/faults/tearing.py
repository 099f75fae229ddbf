"""When whoever keeps the read models dies between any two of its steps: is each event in each of
them once, and none from beyond the log?"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any
from uuid import uuid4

from tests.faults import oracle
from tests.faults.lake import load
from tests.faults.mortal import OF_A_NEW_TABLE, PASSES, PLACE, PLACES
from tests.faults.processes import environment
from tests.faults.trials import Result, Site, Trial
from tests.lake import kit
from tests.readmodels.streams import plausible
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.digest import canonical
from tocsin.readmodels.follower import Follower
from tocsin.readmodels.registry import Registry, Role
from tocsin.settings import Settings
from tocsin.store.log import Log

INCIDENTS_OF_A_DEATH, PAUSE_SECONDS = 120, 0.1
"""More than come in its time, and how long they keep away."""
LIFE_SECONDS, PLACED_SECONDS = 1.0, 2.0
"""How long a projector lives, at most, once it has begun; and one that is to die at its place."""
ANYWHERE = 0.3
"""How often it dies at any moment instead."""
ANEW = 0.4
"""How often it finds that a read model has to be made anew."""
READY_SECONDS = 60.0
LOOK_SECONDS = 0.005
PAGE = 5_000
"""The pages of a follower are small, so that many are torn."""
EVENTS_AT_ONCE = "40"


@dataclass
class Torn:
    """What was seen of projectors that died one after the other."""

    deaths: dict[str, int] = field(default_factory=dict)
    """Where, and how often there."""
    beyond: list[str] = field(default_factory=list)
    """Read models that knew more than the log, or less than before."""
    differing: list[str] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    events: int = 0
    _reached: dict[str, int] = field(default_factory=dict)

    def look(self, log: Log, database: Database) -> None:
        """Hold every position against the log's, and against what it was before."""
        with database.reading() as connection:
            generations = Registry(database).rows(connection)
        head = log.head()
        for each in generations:
            live = each.role is Role.LIVE
            before = self._reached.get(each.name, 0) if live else 0
            if not before <= each.position <= head:
                self.beyond.append(f"{each.name} at {each.position}, after {before}, of {head}")
            if live:
                self._reached[each.name] = each.position

    def forget_one(self, database: Database, chance: Random) -> None:
        """Drop a live read model: the next projector makes another, and switches to it."""
        registry = Registry(database)
        with database.writing() as connection:
            live = [each for each in registry.rows(connection) if each.role is Role.LIVE]
            if live:
                gone = chance.choice(live)
                registry.drop(connection, gone)
                self._reached.pop(gone.name, None)

    def compare(self, log: Log, database: Database) -> None:
        """Hold every row against the fold of all events."""
        history, place = [], 0
        while page := log.page(place, PAGE):
            history += page
            place = page[-1].position
        self.events = len(history)
        for projection in found():
            with database.reading() as connection:
                live = Registry(database).find(connection, projection.name, Role.LIVE)
                assert live is not None, f"{projection.name} has no rows"
                store = Follower(database, projection, live).rows
                there = sorted(map(canonical, store.in_order(connection)))
            if live.position != place or there != oracle.rows(projection, history):
                self.differing.append(f"{projection.name} at {live.position} of {place}")


def torn(settings: Settings, deaths: int, seed: int) -> Torn:
    """Let projectors die so often while events come; let one finish, and compare."""
    chance, seen = Random(seed), Torn()
    history = plausible(INCIDENTS_OF_A_DEATH * deaths, seed=seed, interleaved=60)
    with closing(Log.open(settings, writer=True)) as log:
        kit.grow(log, history[:200])
        with closing(Database.open(settings.home, settings.database)) as database:
            Registry(database).migrate()
            with load(log, history[200:], PAUSE_SECONDS):
                for _ in range(deaths):
                    where = "" if chance.random() < ANYWHERE else chance.choice(sorted(PLACES))
                    if where in OF_A_NEW_TABLE or (not where and chance.random() < ANEW):
                        seen.forget_one(database, chance)
                    where = _death(settings, database, (where, chance), seen)
                    seen.deaths[where] = seen.deaths.get(where, 0) + 1
                    seen.look(log, database)
            with _projector(settings):
                _await(lambda: _caught_up(log, database))
            seen.look(log, database)
            seen.compare(log, database)
    return seen


def _death(settings: Settings, database: Database, how: tuple[str, Random], seen: Torn) -> str:
    """A projector dies at its place, or at any moment when it does not come there."""
    where, chance = how
    passes = 1 if where in OF_A_NEW_TABLE else chance.choice((1, 2, 4, 9))
    began, before = time.monotonic(), _progress(database)
    with _projector(settings, where, passes) as projector:
        _await(lambda: projector.poll() is not None or before != _progress(database))
        seen.recoveries.append(time.monotonic() - began)
        try:
            projector.wait(PLACED_SECONDS if where else chance.random() * LIFE_SECONDS)
        except subprocess.TimeoutExpired:
            where = "any moment"
    return where


@contextmanager
def _projector(
    settings: Settings, place: str = "", passes: int = 0
) -> Iterator["subprocess.Popen[bytes]"]:
    """A projector in a process of its own, killed in the end."""
    mortal = {PLACE: place, PASSES: str(passes)} if place else {}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.mortal", "project"],
        env={**environment(settings), "TOCSIN_LIVE_EVENTS": EVENTS_AT_ONCE, **mortal},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        _, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, f"it ended by itself: {said.decode()[-4_000:]}"


def _progress(database: Database) -> list[Any]:
    with database.reading() as connection:
        rows = Registry(database).rows(connection)
    return [(each.name, each.generation, each.role, each.position) for each in rows]


def _caught_up(log: Log, database: Database) -> bool:
    head = log.head()
    live = [place for _, _, role, place in _progress(database) if role is Role.LIVE]
    return len(live) == len(found()) and all(place == head for place in live)


def _await(come: Callable[[], bool]) -> None:
    until = time.monotonic() + READY_SECONDS
    while not come():
        assert time.monotonic() < until, "the read models do not move"
        time.sleep(LOOK_SECONDS)


def kept(shared: bool, site: Site, deaths: int) -> Result:
    """Tear them so often, and tell what became of the rows."""
    database = site.postgres.create(f"tocsin_{uuid4().hex}") if shared else ""
    home = site.folder / "home"
    home.mkdir()
    seen = torn(Settings(home=home, database=database, lake=False), deaths, site.seed)
    placed = sum(times for where, times in seen.deaths.items() if where in PLACES)
    remark = (
        f"{placed} deaths at {len(seen.deaths.keys() & PLACES)} places of its code,"
        f" {deaths - placed} at any moment; {seen.events} events in {len(found())} read models:"
        f" {len(seen.differing)} differ from their fold, {len(seen.beyond)} were out of order"
    )
    if wrong := [*seen.differing, *seen.beyond]:
        remark += f"; {wrong[0]}"
    return Result(
        runs=deaths,
        ok=not wrong and placed > 0,
        lost=len(seen.differing),
        gaps=len(seen.beyond),
        recoveries=tuple(seen.recoveries),
        remark=remark,
    )


TRIALS = (
    Trial("T7", "projector torn, SQLite", partial(kept, False), 5, 100),
    Trial("T7b", "projector torn, PostgreSQL", partial(kept, True), 4, 100),
)
