"""Are read models the same however they came about: followed live, made anew, or asked of the past?

`check` is for every trial to call when its storm is over and nothing writes any more.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import orjson

from tests.faults.trials import Result, Site, Trial
from tests.past.kit import bent
from tests.replaying.kit import grow
from tests.whatif.kit import published, record
from tocsin.domain.kernel import Recorded
from tocsin.domain.policy.default import DEFAULT_DOCUMENT
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.ledger.merkle import Frontier
from tocsin.past.asking import Source, ask, asked_by_name
from tocsin.past.moments import Moment
from tocsin.readmodels import found
from tocsin.readmodels.database import Database
from tocsin.readmodels.projector import Pace, Projector
from tocsin.readmodels.reading import ReadModels
from tocsin.readmodels.rebuild import rebuild
from tocsin.readmodels.registry import Registry, Role
from tocsin.replaying.models import model_digests
from tocsin.settings import Settings
from tocsin.store.log import Log

POSITIONS = 50
PAGE = 2_000
STEPS = 100_000
ROWS = 200
"""Of a list: one page of it is compared, and what follows from the same rows."""
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_SORT_KEYS


class Cut:
    """A log that ends at a position, whatever comes behind it."""

    def __init__(self, log: Log, end: int = 0) -> None:
        self._log, self.end = log, end

    def head(self) -> int:
        return self.end

    def page(self, after: int, limit: int) -> Sequence[Recorded[Any]]:
        return self._log.page(after, self._left(after, limit)) if after < self.end else []

    def raw_page(self, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        return self._log.raw_page(after, self._left(after, limit)) if after < self.end else []

    def history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> Sequence[Recorded[Any]]:
        return [e for e in self._log.history(stream, after, until) if e.position <= self.end]

    def raw_history(
        self, stream: UUID, after: int = 0, until: int | None = None
    ) -> Sequence[bytes]:
        bodies = self._log.raw_history(stream, after, until)
        return [body for body in bodies if self._log.decode(body).position <= self.end]

    def look(self) -> None:
        self._log.look()

    def _left(self, after: int, limit: int) -> int:
        return min(limit, self.end - after)


@dataclass(frozen=True)
class Compared:
    """What was compared, and what was not the same."""

    positions: int
    models: int
    """Read models, at each of those positions and at the end."""
    lists: int
    """Lists of an earlier moment."""
    differing: tuple[str, ...]


def check(settings: Settings, positions: int = 5, seed: int = 1) -> Compared:
    """Drop and rebuild the read models of a log that stands still; then do the same at positions
    that it once ended at, beside read models that were followed that far, and the lists of then."""
    chance, differing, models, lists = Random(seed), list[str](), 0, 0
    with closing(Log.open(settings)) as log, tempfile.TemporaryDirectory() as folder:
        live = _as_it_is(log, settings)
        _forget(settings)
        _rebuilt(log, settings)
        anew = digests(settings)
        differing += _unlike(live, anew, "the end")
        models += len(live)
        followed = Followed(log, replace(settings, home=Path(folder) / "live", database=""), chance)
        with closing(followed):
            for number, end in enumerate(_moments(log, positions, chance)):
                home = replace(settings, home=Path(folder) / str(number), database="")
                _rebuilt(Cut(log, end), home)
                there = digests(home)
                differing += _unlike(followed.to(end), there, f"position {end}")
                models += len(there)
                for name, now, then in _lists(log, settings, home, end):
                    lists += 1
                    if now != then:
                        differing.append(f"{name} as of position {end}")
        differing += _roots(log)
    return Compared(positions, models, lists, tuple(differing))


def digests(settings: Settings) -> dict[str, str]:
    """What each read model comes to, and where it stands."""
    return {each.name: f"{each.position} {each.sha256}" for each in model_digests(settings)}


def _unlike(one: dict[str, str], other: dict[str, str], where: str) -> Iterator[str]:
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            yield f"{name} at {where}"


class Followed:
    """Read models that follow a log as it grows, in pages of any size."""

    def __init__(self, log: Log, settings: Settings, chance: Random) -> None:
        self._cut, self._settings = Cut(log), settings
        self._database = Database.open(settings.home, settings.database)
        pace = Pace(live_events=chance.randrange(1, 400), beat_seconds=0.0)
        self._projector = Projector(self._cut, self._database, found(), pace=pace)

    def to(self, end: int) -> dict[str, str]:
        """What they come to once they have followed so far."""
        self._cut.end = end
        models = ReadModels(self._database)
        for _ in range(STEPS):
            self._projector.step()
            standings = [each for each in models.standings(self._cut) if each.role is Role.LIVE]
            if len(standings) == len(found()) and all(each.position == end for each in standings):
                return digests(self._settings)
        raise AssertionError(f"the read models do not reach position {end}")

    def close(self) -> None:
        self._projector.close()
        self._database.close()


def _as_it_is(log: Log, settings: Settings) -> dict[str, str]:
    """The live read models, at the head; they are followed to it where nobody did."""
    followed = Followed(log, settings, Random(1))
    with closing(followed):
        return followed.to(log.head())


def _forget(settings: Settings) -> None:
    with closing(Database.open(settings.home, settings.database)) as database:
        registry = Registry(database)
        with database.writing() as connection:
            for generation in registry.rows(connection):
                registry.drop(connection, generation)


def _rebuilt(source: Any, settings: Settings) -> None:
    with closing(Database.open(settings.home, settings.database)) as database:
        assert rebuild(source, database, found(), fresh=True)


def _moments(log: Log, positions: int, chance: Random) -> list[int]:
    """Positions, each the last of what was recorded at its moment, in order."""
    last = {0: log.head()}
    place = 0
    while page := log.page(place, PAGE):
        place = page[-1].position
        following = log.page(place, 1)
        for one, next_one in pairwise([*page, *following]):
            if one.recorded_at != next_one.recorded_at:
                last[one.position] = one.position
    ends = sorted(set(last.values()))
    return sorted(chance.sample(ends, min(positions, len(ends))))


def _lists(
    log: Log, settings: Settings, home: Settings, end: int
) -> Iterator[tuple[str, bytes, bytes]]:
    """Each list that can be asked of the past: asked of the log now, and of the rows of then."""
    moment = Moment(known_at=log.page(end - 1, 1)[0].recorded_at)
    with _opened(home) as models:
        for projection in found():
            for question in projection.queries:
                if not question.past or "{" in question.path:
                    continue
                asked: dict[str, Any] = {}
                if "limit" in question.parameters:
                    asked["limit"] = ROWS
                wanted = asked_by_name(
                    found(), projection.name, question.name,
                    moment=moment, parameters=asked, source=Source.LOG,
                )  # fmt: skip
                then = models.ask(projection, question, **asked)
                yield question.path, _bare(ask(settings, wanted).page), _bare(then)


@contextmanager
def _opened(settings: Settings) -> Iterator[ReadModels]:
    with closing(Database.open(settings.home, settings.database)) as database:
        yield ReadModels(database)


def _bare(page: Any) -> bytes:
    return orjson.dumps(page, option=OPTIONS)


def _roots(log: Log) -> Iterator[str]:
    """The hash tree is that of the events, at the end of each page of them."""
    tree, place = Frontier(), 0
    while page := log.raw_page(place, PAGE):
        tree.extend(body for _, body in page)
        place = page[-1][0]
        if log.tree_root(place) != tree.root():
            yield f"the tree at position {place}"


def _written(settings: Settings, incidents: int, seed: int) -> None:
    """A history with corrections, facts told late, and a new policy in its midst."""
    history = bent(incidents, seed=seed)
    half = len(history) // 2
    with closing(Log.open(settings, writer=True)) as log:
        grow(log, history[:half])
        now = history[half - 1].recorded_at
        policy = [(now, event) for _, event in published(2, DEFAULT_DOCUMENT)]
        record(log, POLICY_STREAM, policy)
        grow(log, history[half:])


def compared(shared: bool, site: Site, positions: int) -> Result:
    """A log of a size that fits, compared at so many positions."""
    database = site.postgres.create(f"tocsin_{uuid4().hex}") if shared else ""
    settings = Settings(home=site.folder / "home", database=database, lake=False)
    _written(settings, max(40, 6 * positions), site.seed)
    found_out = check(settings, positions, site.seed)
    remark = (
        f"{found_out.models} tables and {found_out.lists} lists of then compared at"
        f" {found_out.positions} positions; {len(found_out.differing)} differ"
    )
    if found_out.differing:
        remark += f": {', '.join(found_out.differing[:5])}"
    return Result(runs=found_out.positions, ok=not found_out.differing, remark=remark)


TRIALS = (
    Trial("T6", "rebuilt as followed, SQLite", partial(compared, False), 4, POSITIONS),
    Trial("T6b", "rebuilt as followed, PostgreSQL", partial(compared, True), 3, POSITIONS),
)
