"""An installation of each earlier version, on each store, as it was left."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.postgres import Postgres
from tests.upgrade.packing import loaded, names, unpacked
from tocsin.settings import Settings
from tocsin.store.log import Log

STORES = ("sqlite", "postgres")
ALL = [(name, store) for store in STORES for name in names(store)]
NEWEST = [(names(store)[-1], store) for store in STORES]


@dataclass(frozen=True)
class Old:
    """What somebody finds who puts today's version in the place of an earlier one."""

    name: str
    settings: Settings
    told: dict[str, Any]
    """Which commands were sent to it, and the bytes that answered each."""


@contextmanager
def left(name: str, store: str, home: Path, postgres: Postgres) -> Iterator[Old]:
    """One of them, untouched."""
    told = unpacked(name, store, home)
    database = f"tocsin_{uuid4().hex}" if store == "postgres" else ""
    url = postgres.create(database) if database else ""
    if url:
        loaded(home, url)
    yield Old(name, Settings(home=home, database=url, lake=False, timekeeper=False), told)
    if database:
        postgres.drop(database)


@pytest.fixture(params=ALL, ids="-".join)
def old(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> Iterator[Old]:
    """One of them, untouched, for a test that changes it."""
    name, store = request.param
    with left(name, store, tmp_path / "home", postgres) as found:
        yield found


@pytest.fixture(params=NEWEST, ids="-".join)
def newest(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> Iterator[Old]:
    """The latest of them on each store."""
    name, store = request.param
    with left(name, store, tmp_path / "home", postgres) as found:
        yield found


@pytest.fixture(scope="module", params=ALL, ids="-".join)
def started(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Old]:
    """One of them, after the first start of today's version: for tests that record nothing."""
    home = tmp_path_factory.mktemp("started") / "home"
    name, store = request.param
    with left(name, store, home, postgres) as found:
        Log.open(found.settings, writer=True).close()
        yield found
