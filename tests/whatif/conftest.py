"""A log with four incidents in it, on either store."""

from pathlib import Path

import pytest

from tests.whatif.kit import record_all, writing
from tocsin.settings import Settings


@pytest.fixture(params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Where the history is that `tests.whatif.kit` tells."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    settings = Settings(home=tmp_path / "home", database=url)
    with writing(settings) as log:
        record_all(log)
    return settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home in which nothing is yet."""
    return Settings(home=tmp_path / "home")
