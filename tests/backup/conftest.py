"""An installation on each of the stores, and new places on either."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.backup.kit import beside, installed
from tests.postgres import Postgres
from tocsin.settings import Settings

STORES = ("sqlite", "postgres")


@pytest.fixture(params=STORES)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An installation with something of everything."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    return installed(request.param, tmp_path / "home", url)


@pytest.fixture
def embedded(tmp_path: Path) -> Settings:
    """The same, on SQLite only: for what has nothing to do with the store."""
    return installed("sqlite", tmp_path / "home", "")


@pytest.fixture
def shared(postgres: Postgres) -> Iterator[str]:
    """An empty database besides the one of the source."""
    name = f"tocsin_{uuid4().hex}"
    yield postgres.create(name)
    postgres.drop(name)


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, source: Settings, tmp_path: Path) -> Settings:
    """Where nothing is yet, on each of the stores."""
    database = request.getfixturevalue("shared") if request.param == "postgres" else ""
    return beside(source, tmp_path / "new", database)


@pytest.fixture
def there(request: pytest.FixtureRequest, source: Settings, tmp_path: Path) -> Settings:
    """Where nothing is yet, on the store of the source."""
    database = request.getfixturevalue("shared") if source.database else ""
    return beside(source, tmp_path / "new", database)
