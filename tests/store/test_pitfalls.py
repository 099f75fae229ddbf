"""Each known fault of the library's stock SQLite store, shown with it and then without it in ours.

Both halves are asserted: a fault that the library has mended shows up here, and so does one that
we would catch. The others are in `test_pitfalls_values.py` and `test_pitfalls_postgres.py`.
"""

import sqlite3 as stock_sqlite3
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import (
    OperationalError,
)
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.sqlite import SQLiteApplicationRecorder

from tests.store.conftest import Store
from tests.store.samples import ACKNOWLEDGED, entry, noted, positions, texts
from tests.store.stock import Open, event, ids
from tests.store.test_sqlite import break_commit
from tocsin.drivers import sqlite3
from tocsin.settings import Settings
from tocsin.store.entries import Stored, StoreUnavailable
from tocsin.store.log import Log
from tocsin.store.recorder import LogRecorder


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """Here, only the embedded one."""
    return sqlite_store


def test_2_a_store_that_nobody_named_is_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The library forgets everything, silently; ours is a file unless somebody says otherwise."""
    monkeypatch.delenv("PERSISTENCE_MODULE", raising=False)
    assert isinstance(Application[UUID]().recorder, POPOApplicationRecorder)

    monkeypatch.setenv("PERSISTENCE_MODULE", "eventsourcing.popo")
    monkeypatch.setenv("TOCSIN_LOG_FILE", str(tmp_path / "elsewhere.db"))
    log = Log.open(Settings(home=tmp_path), writer=True)
    log.commit([entry(noted("kept"))])
    log.close()
    assert isinstance(log.recorder, LogRecorder)
    assert texts(Log.open(Settings(home=tmp_path))) == ["kept"]
    assert not (tmp_path / "elsewhere.db").exists()


class Test3Positions:
    """A follower remembers a position. It must never come to mean another event."""

    def test_of_a_deleted_tail_are_used_again(
        self, stock: Open, log: Log, store: Store, tmp_path: Path
    ) -> None:
        old = stock()
        old.recorder.insert_events([event(), event()])
        with stock_sqlite3.connect(tmp_path / "stock.db") as connection:
            connection.execute("DELETE FROM stored_events WHERE rowid = 2")
        assert old.recorder.insert_events([event()]) == [2]

        log.commit([entry(noted("1")), entry(noted("2"))])
        file = sqlite3.connect(store.settings.log_file)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            file.execute("DELETE FROM events WHERE position = 2")
        file.execute("DROP TRIGGER events_delete")
        file.execute("DELETE FROM events WHERE position = 2")
        file.commit()
        file.close()
        assert log.commit([entry(noted("3"))]) == [Stored(range(3, 4), b"at [3]")]
        assert positions(log) == [1, 3]

    def test_change_when_a_dump_is_restored(
        self, stock: Open, log: Log, store: Store, tmp_path: Path
    ) -> None:
        def restored(file: Path, change: str, question: str) -> list[int]:
            source, target = stock_sqlite3.connect(file), stock_sqlite3.connect(":memory:")
            source.executescript(change)
            target.executescript("\n".join(source.iterdump()))
            found = sorted(row[0] for row in target.execute(question))
            source.close()
            target.close()
            return found

        stock().recorder.insert_events([event(), event(), event()])
        delete = "DELETE FROM stored_events WHERE rowid = 1"
        question = "SELECT rowid FROM stored_events"
        assert restored(tmp_path / "stock.db", delete, question) == [1, 2]

        log.commit([entry(noted("1")), entry(noted("2")), entry(noted("3"))])
        store.close()
        delete = "DROP TRIGGER events_delete; DELETE FROM events WHERE position = 1"
        question = "SELECT position FROM events"
        assert restored(store.settings.log_file, delete, question) == [2, 3]


def test_4_one_file_has_several_independent_writers(stock: Open, log: Log, store: Store) -> None:
    """Writers that checkpoint apart are what the WAL-reset bug of old SQLites needs."""
    stock().recorder.insert_events([event()])
    assert stock().recorder.insert_events([event()]) == [2]

    with pytest.raises(StoreUnavailable, match="one process writes it at a time"):
        store.open()
    assert sqlite3.sqlite_version_info >= (3, 51, 3)


def test_6_a_snapshot_that_fails_after_the_commit_denies_it(
    stock: Open, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller hears that it failed, and it is stored. Ours takes no snapshots on the way."""

    class Ticket(Aggregate):
        pass

    def full(*_: object, **__: object) -> None:
        raise OperationalError("disk full")

    old = stock(IS_SNAPSHOTTING_ENABLED="y")
    monkeypatch.setattr(type(old), "snapshotting_intervals", {Ticket: 1})
    assert old.snapshots is not None
    monkeypatch.setattr(old.snapshots.recorder, "insert_events", full)
    with pytest.raises(OperationalError):
        old.save(Ticket())
    assert old.recorder.max_notification_id() == 1

    assert log.snapshots is None
    assert isinstance(log.commit([entry(noted("a"))])[0], Stored)


def test_7_sqlite_has_no_subscriptions(stock: Open, log: Log) -> None:
    with pytest.raises(NotImplementedError):
        stock().recorder.subscribe()

    log.commit([entry(noted("a"))])
    with log.recorder.subscribe() as subscription:
        assert next(subscription).id == 1


def test_8_a_writer_that_got_no_connection_locks_everybody_out(
    stock: Open, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One failure to open, of whatever kind, and the library never writes again."""
    old = stock()
    recorder = old.recorder
    assert isinstance(recorder, SQLiteApplicationRecorder)
    pool = recorder.datastore.pool
    pool.pool_timeout = 0.2

    def exhausted(*_: object, **__: object) -> Any:
        raise stock_sqlite3.OperationalError("too many open files")

    with monkeypatch.context() as broken:
        broken.setattr(pool, "_get_connection", exhausted)
        with pytest.raises(stock_sqlite3.OperationalError):
            recorder.insert_events([event()])
    with pytest.raises(OperationalError, match="Timed out waiting for return of writer"):
        recorder.insert_events([event()])

    def refuse(*_: object, **__: object) -> Any:
        raise StoreUnavailable("too many open files")

    break_commit(log, after=False)
    with monkeypatch.context() as broken:
        broken.setattr("tocsin.store.sqlite.connect", refuse)
        for reason in ("disk I/O error", "too many open files", "too many open files"):
            with pytest.raises(StoreUnavailable, match=reason):
                log.commit([entry(noted("lost"))])
    assert isinstance(log.commit([entry(noted("a"))])[0], Stored)
    assert texts(log) == ["a"]


def test_9_a_commit_that_raised_leaves_its_connection_in_the_transaction(
    stock: Open, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library hands the connection to the next one, who cannot begin on it."""
    old = stock()
    recorder = old.recorder
    assert isinstance(recorder, SQLiteApplicationRecorder)

    def fails(_: object) -> None:
        raise stock_sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as broken:
        broken.setattr("eventsourcing.sqlite.SQLiteConnection.commit", fails)
        with pytest.raises(OperationalError, match="disk I/O error"):
            recorder.insert_events([event()])
    with pytest.raises(stock_sqlite3.OperationalError, match="within a transaction"):
        recorder.insert_events([event()])

    break_commit(log, after=False)
    with pytest.raises(StoreUnavailable, match="disk I/O error"):
        log.commit([entry(noted("lost"))])
    assert texts(log) == []
    assert isinstance(log.commit([entry(noted("a"))])[0], Stored)


def test_10_a_transaction_that_reads_first_is_refused_at_once(
    log: Log, store: Store, tmp_path: Path
) -> None:
    """Begun as a reader, it cannot become a writer after another one; no time-out helps."""
    naive = [
        sqlite3.connect(tmp_path / "naive.db", timeout=5, isolation_level=None) for _ in range(2)
    ]
    naive[0].execute("PRAGMA journal_mode = WAL")
    naive[0].execute("CREATE TABLE t (n)")
    naive[0].execute("BEGIN")
    naive[0].execute("SELECT * FROM t").fetchall()
    naive[1].execute("INSERT INTO t VALUES (1)")
    before = time.monotonic()
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        naive[0].execute("INSERT INTO t VALUES (2)")
    assert time.monotonic() - before < 1
    for connection in naive:
        connection.close()

    other = sqlite3.connect(store.settings.log_file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, lambda: other.execute("ROLLBACK"))
    release.start()
    assert isinstance(log.commit([entry(noted("waited"))])[0], Stored)
    release.join()
    other.close()


def test_14_a_follower_of_some_topics_never_arrives_at_the_head(stock: Open, log: Log) -> None:
    """Who waits until it has seen a position waits for ever. Ours are handed every position."""
    old = stock()
    old.recorder.insert_events([event(topic="wanted"), event(topic="other")])
    assert ids(old, topics=["wanted"])[-1] < (old.recorder.max_notification_id() or 0)

    log.commit([entry(noted("wanted"), ACKNOWLEDGED)])
    assert log.page(0, 100)[-1].position == log.raw_page(0, 100)[-1][0] == log.head()
