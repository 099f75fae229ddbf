"""A log with one incident in it, on either store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exports.kit import record_story
from tests.whatif.kit import writing
from tocsin.settings import Settings
from tocsin.store.log import Log


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Log]:
    """A log in which nothing is yet."""
    with writing(Settings(home=tmp_path / "home", vault=False)) as log:
        yield log


@pytest.fixture
def log(empty: Log) -> Log:
    """The incident that `tests.exports.kit` tells."""
    record_story(empty)
    return empty


@pytest.fixture
def shared(postgres_url: str, tmp_path: Path) -> Iterator[Log]:
    """The same on PostgreSQL."""
    with writing(Settings(home=tmp_path / "shared", database=postgres_url, vault=False)) as log:
        record_story(log)
        yield log
