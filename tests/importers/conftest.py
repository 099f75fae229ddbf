"""An empty log for every test."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tocsin.settings import Settings
from tocsin.store.log import Log

NewLog = Callable[[], Log]


@pytest.fixture
def new_log(tmp_path: Path) -> Iterator[NewLog]:
    """Makes as many empty logs as a test wants to compare."""
    logs: list[Log] = []
    numbers = count()

    def make() -> Log:
        home = tmp_path / f"home{next(numbers)}"
        home.mkdir()
        logs.append(Log.open(Settings(home=home), writer=True))
        return logs[-1]

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def log(new_log: NewLog) -> Log:
    """One empty log."""
    return new_log()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test writes its audit log."""
    return tmp_path / "audit.csv"
