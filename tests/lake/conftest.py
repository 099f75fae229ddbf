"""A log with a history in it, on either store."""

from pathlib import Path

import pytest

from tests.lake import kit
from tests.whatif.kit import STRICTER
from tocsin.settings import Settings


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Forty incidents, and a policy that was published in between."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    (tmp_path / "home").mkdir()
    return kit.recorded(Settings(home=tmp_path / "home", database=url), document=STRICTER)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The same, embedded."""
    return kit.recorded(Settings(home=tmp_path / "home"), document=STRICTER)
