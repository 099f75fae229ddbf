"""The consumer that the documentation shows: what is delivered twice is done once."""

import runpy
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, Mock

import nats
import orjson
import pytest

from tests.jetstream.kit import Place, many_more

PROGRAM = Path(__file__).resolve().parents[2] / "docs" / "samples" / "follow_nats.py"


def follow(place: Place, file: Path) -> int:
    """Run it until nothing more comes, and return how many events it has done."""
    server = place.settings.nats_servers[0]
    done = subprocess.run(
        [sys.executable, PROGRAM, server, file, place.settings.relay_stream, "--until-quiet"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[0])


def counts(file: Path) -> dict[str, int]:
    with sqlite3.connect(file) as database:
        return dict(database.execute("SELECT type, events FROM counts").fetchall())


async def test_every_event_is_counted_once_whatever_is_delivered_again(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "counts.db"
    await place.relay()
    head = place.log.head()
    assert follow(place, file) == head

    async with place.streams() as streams:
        # All acknowledgements are forgotten: everything comes again.
        await streams.ask(f"CONSUMER.DELETE.{place.settings.relay_stream}.counts")
    many_more(place.log)
    await place.relay()
    assert follow(place, file) == 7

    expected = Counter(event["type"] for event in await place.events())
    assert counts(file) == dict(expected)


async def test_an_event_that_is_missing_is_noticed(place: Place, tmp_path: Path) -> None:
    """As when the stream kept it for less long than its reader was away."""
    await place.relay()
    third = (await place.stored())[2]
    async with place.streams() as streams:
        await streams.remove(place.settings.relay_stream, third.sequence)
    with pytest.raises(AssertionError, match="After position 2 came 4"):
        follow(place, tmp_path / "counts.db")
    assert orjson.loads(third.data)["id"] == "3"


@pytest.mark.parametrize("quiet", [TimeoutError, nats.errors.TimeoutError])
async def test_that_nothing_comes_does_not_end_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quiet: type[Exception]
) -> None:
    """The library says it in two ways."""
    follow: Any = runpy.run_path(str(PROGRAM))["follow"]
    consumer = Mock(fetch=AsyncMock(side_effect=quiet))
    stream = Mock(pull_subscribe=AsyncMock(return_value=consumer))
    client = AsyncMock(jetstream=Mock(return_value=stream))
    monkeypatch.setattr(nats, "connect", AsyncMock(return_value=client))
    assert await follow("", tmp_path / "counts.db", until_quiet=True) == 0
