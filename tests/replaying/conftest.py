"""A history in SQLite, and places on either store to play it to."""

import shutil
from pathlib import Path

import pytest

from tests.replaying.kit import recorded
from tocsin.settings import Settings


@pytest.fixture(scope="session")
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return recorded(Settings(home=tmp_path_factory.mktemp("recorded") / "home"))


@pytest.fixture
def source(_recorded: Settings, tmp_path: Path) -> Settings:
    """A history of the test's own."""
    home = tmp_path / "source"
    shutil.copytree(_recorded.home, home)
    home.chmod(0o700)
    return Settings(home=home)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where nothing is yet, on each of the two stores."""
    if request.param == "sqlite":
        return str(tmp_path / "copy")
    url: str = request.getfixturevalue("postgres_url")
    return url
