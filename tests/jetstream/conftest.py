"""A log with some history, and streams of a test's own on a real server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.http.conftest import Run, running
from tests.jetstream.kit import Place, settings_on
from tests.jetstream.queueing import Queue
from tests.nats import Jetstream, jetstream_cluster, jetstream_node
from tests.whatif.kit import many, writing
from tocsin.settings import Settings
from tocsin.store.log import Log

__all__ = ["jetstream_cluster", "jetstream_node", "running"]


@pytest.fixture
def settings(tmp_path: Path, jetstream_node: Jetstream) -> Settings:
    return settings_on(jetstream_node, tmp_path / "home")


@pytest.fixture
def log(settings: Settings) -> Iterator[Log]:
    """Forty incidents."""
    with writing(settings) as log:
        many(log, 40)
        yield log


@pytest.fixture
def place(log: Log, settings: Settings) -> Place:
    """Where that log is relayed to."""
    return Place(log, settings)


@pytest.fixture
def queue(settings: Settings, running: Run, tmp_path: Path) -> Iterator[Queue]:
    """A service, and a queue of its own with four parts."""
    with running() as service:
        key = tmp_path / "intake.key"
        key.write_text(service.token)
        chosen = replace(
            settings,
            intake_url=service.url,
            intake_key_file=key,
            intake_partitions=4,
            intake_tries=2,
        )
        yield Queue(service, chosen)
