"""Every test that asks for `store` runs on each of the two, and must not notice which."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.store.proxy import Proxy
from tests.store.stock import stock, stock_postgres
from tocsin.settings import Settings
from tocsin.store.log import Log

__all__ = ["stock", "stock_postgres"]


@dataclass
class Store:
    """A place for one log, empty at first. Whatever is opened here is closed after the test."""

    settings: Settings
    opened: list[Log] = field(default_factory=list)

    def open(self, *, writer: bool = True) -> Log:
        log = Log.open(self.settings, writer=writer)
        self.opened.append(log)
        return log

    def close(self) -> None:
        while self.opened:
            self.opened.pop().close()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    store = Store(Settings(home=tmp_path))
    yield store
    store.close()


@pytest.fixture
def postgres_store(tmp_path: Path, postgres_url: str) -> Iterator[Store]:
    store = Store(Settings(home=tmp_path, database=postgres_url))
    yield store
    store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Store:
    chosen: Store = request.getfixturevalue(f"{request.param}_store")
    return chosen


@pytest.fixture
def log(store: Store) -> Log:
    """An empty log, open for writing."""
    return store.open()


@pytest.fixture
def shared_log(postgres_store: Store) -> Log:
    """An empty log on PostgreSQL, open for writing; its events are not sealed."""
    return Store(replace(postgres_store.settings, vault=False), postgres_store.opened).open()


@pytest.fixture
def wire(postgres: Postgres) -> Iterator[Proxy]:
    """A wire to the server, to be cut."""
    with Proxy(postgres.port) as proxy:
        yield proxy
