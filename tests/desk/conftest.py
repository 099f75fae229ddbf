"""A desk on a real log, on both stores."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tocsin.desk import Desk
from tocsin.settings import Settings
from tocsin.store.log import Log


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty store."""
    if request.param == "sqlite":
        return Settings(home=tmp_path)
    return Settings(home=tmp_path, database=request.getfixturevalue("postgres_url"))


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    """Its log, open for writing."""
    log = Log.open(settings, writer=True)
    yield log
    log.close()


@pytest.fixture
async def desk(log: Log, settings: Settings) -> AsyncIterator[Desk]:
    """A desk that takes commands."""
    desk = Desk(log, settings)
    await desk.start()
    yield desk
    await desk.stop()
