"""Known faults in what the library makes of values and rows; both halves are asserted."""

import json
import sqlite3 as stock_sqlite3
import sys
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import (
    DatetimeAsISO,
    IntegrityError,
    JSONTranscoder,
    UUIDAsHex,
)

from tests.store.conftest import Store
from tests.store.samples import entry, noted, positions
from tests.store.stock import Open, event
from tocsin.domain.incident.events import IncidentImported, IncidentReported
from tocsin.domain.incident.values import Source, Status
from tocsin.drivers import sqlite3
from tocsin.store.entries import Failed, Stored
from tocsin.store.log import Log
from tocsin.store.mapper import Unreadable, converter, decode


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """Here, only the embedded one."""
    return sqlite_store


def test_18_a_text_from_outside_is_taken_for_a_type(log: Log) -> None:
    """The library stores two magic keys as they come, and stumbles over them on every read."""
    transcoder = JSONTranscoder()
    transcoder.register(UUIDAsHex())
    transcoder.register(DatetimeAsISO())
    poison = {"_type_": "no such type", "_data_": "x"}
    with pytest.raises(Exception, match="not deserializable"):
        transcoder.decode(transcoder.encode({"attributes": poison}))
    confused = {"_type_": "uuid_hex", "_data_": "0" * 32}
    assert transcoder.decode(transcoder.encode({"a": confused})) == {"a": UUID(int=0)}

    for attributes in (poison, confused):
        imported = IncidentImported(
            system="x", foreign_id="1", foreign_status="1", status=Status.NEW, attributes=attributes
        )
        log.commit([entry(imported)])
        assert log.page(0, 100)[-1].event == imported


def test_19_a_row_can_have_any_module_imported(
    stock: Open, log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's topic is an import path: whoever writes a row runs code."""
    (tmp_path / "a_trap.py").write_text("Event = object\n")
    monkeypatch.syspath_prepend(tmp_path)
    old = stock()
    stream = uuid4()
    old.recorder.insert_events([event(stream=stream, topic="a_trap:Event")])
    with pytest.raises(Exception):  # noqa: B017,PT011 - what comes of it does not matter
        list(old.events.get(stream))
    assert "a_trap" in sys.modules
    del sys.modules["a_trap"]

    log.commit([entry(noted("a"))])
    body = log.raw_page(0, 1)[0][1].replace(b"incident.noted", b"a_trap:Event")
    with pytest.raises(Unreadable):
        decode(body)
    assert "a_trap" not in sys.modules


class Test20Values:
    """What JSON cannot say, or says otherwise."""

    def test_that_are_not_unicode_are_an_accident(self, log: Log) -> None:
        with pytest.raises(UnicodeEncodeError):
            JSONTranscoder().encode({"title": "\ud800"})

        bad, good = log.commit([entry(noted("\ud800")), entry(noted("a"))])
        assert isinstance(bad, Failed)
        assert isinstance(good, Stored)

    def test_that_are_not_numbers_become_bytes_that_are_not_json(self, log: Log) -> None:
        def strict(name: str) -> None:
            raise ValueError(name)

        body = JSONTranscoder().encode({"cost": float("nan")})
        with pytest.raises(ValueError, match="NaN"):
            json.loads(body, parse_constant=strict)

        with pytest.raises(TypeError, match="cannot store a field of type"):
            converter(float)

    def test_that_are_tuples_come_back_as_lists(self, log: Log) -> None:
        transcoder = JSONTranscoder()
        assert transcoder.decode(transcoder.encode({"services": ("mail",)})) == {
            "services": ["mail"]
        }

        reported = IncidentReported(title="t", source=Source.MONITORING, services=("mail",))
        log.commit([entry(reported)])
        assert log.page(0, 1)[0].event == reported


def test_22_history_is_edited_and_cut_off_in_silence(
    stock: Open, log: Log, store: Store, tmp_path: Path
) -> None:
    """A guard rail, no proof: who drops the trigger leaves a head that says what is missing."""
    old, stream = stock(), uuid4()
    old.recorder.insert_events([event(1, stream), event(2, stream)])
    with stock_sqlite3.connect(tmp_path / "stock.db") as connection:
        connection.execute("UPDATE stored_events SET state = x'7b7d' WHERE originator_version = 1")
        connection.execute("DELETE FROM stored_events WHERE originator_version = 2")
    assert len(old.recorder.select_events(stream)) == old.recorder.max_notification_id() == 1

    log.commit([entry(noted("1"), noted("2"), stream=stream)])
    file = sqlite3.connect(store.settings.log_file, isolation_level=None)
    for change in ("UPDATE events SET body = x'7b7d'", "DELETE FROM events"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            file.execute(change)
    file.execute("DROP TRIGGER events_delete")
    file.execute("DELETE FROM events WHERE version = 2")
    file.close()
    assert log.head() == 2 > positions(log)[-1]


def test_a_conflict_is_one_on_both(stock: Open, log: Log) -> None:
    """What the library does right stays right."""
    stream, old = uuid4(), stock()
    old.recorder.insert_events([event(1, stream)])
    with pytest.raises(IntegrityError):
        old.recorder.insert_events([event(1, stream)])
    one = log.mapper.to_stored_event(entry(noted("a"), stream=stream).drafts[0])
    log.recorder.insert_events([one])
    with pytest.raises(IntegrityError):
        log.recorder.insert_events([one])
