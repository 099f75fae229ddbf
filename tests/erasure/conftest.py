"""Keys are destroyed at once: there is no other process that has to notice first."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.erasure.kit import House, opened
from tocsin.erasure import worker
from tocsin.settings import Settings


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "NOTICED_SECONDS", 0.0)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", lake=False)


@pytest.fixture
async def house(settings: Settings) -> AsyncIterator[House]:
    async with opened(settings) as house:
        yield house
