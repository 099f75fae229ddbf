"""The library's own stores, to show what it does where ours does otherwise."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent

from tests.postgres import Postgres

Open = Callable[..., "Application[UUID]"]


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Open]:
    """Opens applications on the library's own SQLite store, all in one file."""
    opened: list[Application[UUID]] = []

    def start(**env: str) -> "Application[UUID]":
        place = {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(tmp_path / "stock.db"),
        }
        opened.append(Application({**place, **env}))
        return opened[-1]

    yield start
    for application in opened:
        application.close()


@pytest.fixture
def stock_postgres(postgres: Postgres, postgres_url: str) -> Iterator[Open]:
    """Opens applications on the library's own PostgreSQL store, all in one database."""
    opened: list[Application[UUID]] = []

    def start(*, port: int = postgres.port, **env: str) -> "Application[UUID]":
        place = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": postgres_url.rpartition("/")[2],
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(port),
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD": "none",
        }
        opened.append(Application({**place, **env}))
        return opened[-1]

    yield start
    for application in opened:
        application.close()


def event(version: int = 1, stream: UUID | None = None, topic: str = "t") -> StoredEvent:
    return StoredEvent(stream or uuid4(), version, topic, b"{}")


def ids(application: "Application[UUID]", **choice: Any) -> list[int]:
    return [each.id for each in application.recorder.select_notifications(1, 100, **choice)]
