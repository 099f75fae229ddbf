"""A service of the test's own, on either store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.service import Service


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Service]:
    """Not started yet, on SQLite."""
    service = Service(tmp_path)
    yield service
    service.stop()


@pytest.fixture
def shared(tmp_path: Path, postgres_url: str) -> Iterator[Service]:
    """Not started yet, on PostgreSQL."""
    service = Service(tmp_path, postgres_url)
    yield service
    service.stop()


@pytest.fixture(params=["embedded", "shared"])
def service(request: pytest.FixtureRequest) -> Service:
    """Not started yet, on each store."""
    service: Service = request.getfixturevalue(request.param)
    return service
