"""Every promise of the read models is held to on both stores."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.readmodels import counting
from tocsin.readmodels import Projection, found
from tocsin.readmodels.database import Database
from tocsin.readmodels.projector import Pace, Projector
from tocsin.readmodels.reading import ReadModels
from tocsin.readmodels.registry import Generation, Registry, Role
from tocsin.readmodels.rows import RowStore

Open = Callable[[], Database]
SMALL = Pace(live_events=3, rebuild_events=3, poll_seconds=0.01, beat_seconds=0.0)
LEASE_SECONDS = 20
"""A server notices a moment later that a session has ended, and lets go of its locks."""
RUNNERS: list[Projector] = []
"""Those of the test at hand, so that none outlives it."""


def runner_of(
    source: Any, database: Database, projections: Sequence[Projection], **settings: Any
) -> Projector:
    """A projector that is closed when the test ends, unless it died before."""
    RUNNERS.append(Projector(source, database, projections, **settings))
    return RUNNERS[-1]


def follow(source: Any, database: Database, *projections: Projection) -> Projector:
    """Run until nothing is left to do. The leases stay held."""
    return run_out(runner_of(source, database, projections, pace=SMALL))


def run_out(projector: Projector) -> Projector:
    """Let a projector do all that there is to do, once whoever was there before it is gone."""
    deadline = time.monotonic() + LEASE_SECONDS
    while not all(seat.lease.take() for seat in projector._seats):
        assert time.monotonic() < deadline, "somebody else follows"
        time.sleep(0.01)
    for _ in range(3):
        while projector.step():
            pass
    return projector


@pytest.fixture(params=["sqlite", "postgresql"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens the same database again and again, as several processes would."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    opened: list[Database] = []

    def another() -> Database:
        opened.append(Database.open(tmp_path, url))
        return opened[-1]

    yield another
    while RUNNERS:
        RUNNERS.pop().close()
    for database in opened:
        database.close()


@pytest.fixture
def database(reopen: Open) -> Database:
    return reopen()


@dataclass(frozen=True)
class Model:
    """One read model, looked at from outside."""

    database: Database
    projection: Projection

    def generation(self, role: Role = Role.LIVE) -> Generation | None:
        with self.database.reading() as connection:
            return Registry(self.database).find(connection, self.projection.name, role)

    @property
    def live(self) -> Generation:
        live = self.generation()
        assert live is not None, "nothing serves it yet"
        return live

    @property
    def store(self) -> RowStore:
        return RowStore(self.database, self.projection.shape, self.live.table_name)

    @property
    def state_store(self) -> RowStore:
        assert self.projection.states is not None, "it keeps no state"
        return RowStore(self.database, self.projection.states, self.live.states_name)

    def rows(self) -> list[Any]:
        return self._all(self.store)

    def states(self) -> list[Any]:
        return self._all(self.state_store)

    def _all(self, store: RowStore) -> list[Any]:
        with self.database.reading() as connection:
            return list(store.in_order(connection))

    def ask(self, name: str, **parameters: Any) -> Any:
        (query,) = (each for each in self.projection.queries if each.name == name)
        return ReadModels(self.database).ask(self.projection, query, **parameters)


def named(name: str) -> Projection:
    (projection,) = (each for each in found() if each.name == name)
    return projection


def newer(projection: Projection) -> Projection:
    """The same projection in the next version of the code."""
    return replace(projection, version=projection.version + 1)


def made(name: str, module: ModuleType = counting, **parts: Any) -> Projection:
    """A projection like that of a module, with some parts of its own."""
    other = ModuleType(name, module.__doc__)
    other.__dict__.update({k: v for k, v in vars(module).items() if not k.startswith("__")})
    other.__dict__.update(parts)
    return Projection.of(other, name)
