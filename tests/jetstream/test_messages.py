"""What is sent of an event depends on the log alone, not on what was read before it."""

import pytest

from tests.whatif.kit import critical, record, stream_of
from tocsin.jetstream import messages
from tocsin.jetstream.messages import Message, Writer
from tocsin.store.log import Log


def pages(writer: Writer, log: Log, limit: int) -> list[Message]:
    """Every event of a log, so many at a time."""
    return [each for after in range(0, log.head(), limit) for each in writer.page(after, limit)]


def test_an_incident_of_long_ago_keeps_its_reference_beside_new_ones(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is forgotten to make room for those is never what the page still needs."""
    for number in range(12):
        record(log, stream_of(f"new {number}"), critical()[:2])
        record(log, stream_of(f"new {max(number - 4, 0)}"), critical()[5:6])
    wanted = pages(Writer(log, "e"), log, log.head())

    for remembered in range(4, 8):
        monkeypatch.setattr(messages, "REMEMBERED", remembered)
        assert pages(Writer(log, "e"), log, 4) == wanted


def test_an_event_that_is_read_again_is_written_as_the_first_time(log: Log) -> None:
    """It was sent, and not acknowledged; meanwhile its incident has got its reference."""
    writer = Writer(log, "e")
    first = writer.page(0, 500)
    assert writer.page(0, 500) == first
