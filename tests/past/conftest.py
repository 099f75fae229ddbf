"""Logs with a history that was told late and set right, on either store, and lakes over them."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.lake import kit as lakes
from tests.past import kit
from tocsin.settings import Settings
from tocsin.store.log import Log

INCIDENTS = 30


def recorded(settings: Settings) -> Settings:
    """Write the history."""
    with closing(Log.open(settings, writer=True)) as log:
        lakes.grow(log, kit.bent(INCIDENTS, seed=5))
    return settings


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    (tmp_path / "home").mkdir()
    return recorded(Settings(home=tmp_path / "home", database=url))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The same, embedded."""
    (tmp_path / "home").mkdir()
    return recorded(Settings(home=tmp_path / "home"))


@pytest.fixture
def with_lake(settings: Settings) -> Settings:
    """The same, with a lake that has come as far as the log."""
    lakes.lake(settings)
    return settings
