"""Each known fault of the library's stock PostgreSQL store, shown with it, and ours without it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, Tracking

from tests.store.conftest import Store
from tests.store.proxy import Proxy
from tests.store.samples import entry, noted, positions, texts
from tests.store.stock import Open, event, ids
from tocsin.settings import Settings
from tocsin.store.entries import Duplicate, Stored, StoreUnavailable
from tocsin.store.log import Log

pytestmark = pytest.mark.faults

PAUSE = 0.4


@pytest.fixture
def log(shared_log: Log) -> Log:
    return shared_log


class Test1DatabaseFunctions:
    """`POSTGRES_ENABLE_DB_FUNCTIONS`: faster, and without the lock that makes an order."""

    def test_let_a_follower_miss_events(
        self, stock_postgres: Open, log: Log, postgres_url: str
    ) -> None:
        old: Any = stock_postgres(POSTGRES_ENABLE_DB_FUNCTIONS="y")
        with psycopg.connect(postgres_url) as slow:
            slow.execute(
                "SELECT * FROM es_insert_events_uuid(ARRAY[ROW(gen_random_uuid(), 1, 't', '')]"
                "::stored_event_uuid[])"
            )
            old.recorder.insert_events([event()])
            assert ids(old) == [2]
            slow.commit()
        assert ids(old) == [1, 2], "a follower that has seen 2 never looks at 1 again"

        seen: list[list[int]] = []

        def look(_: object) -> bytes:
            late = threading.Thread(target=lambda: other.commit([entry(noted("late"))]))
            late.start()
            time.sleep(PAUSE / 4)
            seen.append(positions(log))
            waiting.append(late)
            return b""

        waiting: list[threading.Thread] = []
        other = Log.open(Settings(database=postgres_url, vault=False), writer=True)
        log.commit([entry(noted("early"), answer=look)])
        waiting[0].join()
        other.close()
        assert seen == [[]]
        assert texts(log) == ["early", "late"]

    def test_forget_what_was_processed(self, stock_postgres: Open) -> None:
        old: Any = stock_postgres(POSTGRES_ENABLE_DB_FUNCTIONS="y")
        tracker = old.factory.process_recorder()
        for _ in range(2):
            tracker.insert_events([event()], tracking=Tracking("upstream", 1))
        assert tracker.max_tracking_id("upstream") is None
        assert ids(old) == [1, 2], "the same notification was processed twice"

    def test_are_never_switched_on_from_outside(
        self, log: Log, monkeypatch: pytest.MonkeyPatch, postgres_store: Store, postgres_url: str
    ) -> None:
        monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "y")
        assert isinstance(postgres_store.open().commit([entry(noted("a"))])[0], Stored)
        with psycopg.connect(postgres_url) as connection:
            found = connection.execute(
                "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace"
                " WHERE nspname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
        assert found == [("append_only",)]


def test_5_a_commit_whose_answer_is_lost_looks_like_a_conflict(
    stock_postgres: Open, wire: Proxy, postgres_url: str
) -> None:
    """The library tries again by itself, and then denies what it has stored."""
    old: Any = stock_postgres(port=wire.port)
    old.recorder.insert_events([event()])
    wire.cut_when(lambda said: b"COMMIT\0" in said, deliver=True)
    with pytest.raises(IntegrityError):
        old.recorder.insert_events([event()])
    assert wire.cuts == 1
    assert ids(old) == [1, 2]

    log = Log.open(Settings(database=wire.through(postgres_url), vault=False), writer=True)
    lost = entry(noted("once"))
    wire.cut_when(lambda said: b"COMMIT\0" in said, deliver=True)
    with pytest.raises(StoreUnavailable):
        log.commit([lost])
    assert wire.cuts == 2
    assert log.commit([lost]) == [Duplicate(b"body", b"at [1]")]
    assert texts(log) == ["once"]
    log.close()


def test_15_processes_that_start_together_trip_over_each_other(
    stock_postgres: Open, postgres_store: Store
) -> None:
    """Each of the library's creates what is missing, and some fail. Ours take turns."""
    many = 12

    def start(open_one: Callable[[], Any]) -> list[Exception | None]:
        together = threading.Barrier(many)

        def attempt(_: int) -> Exception | None:
            together.wait()
            try:
                open_one()
            except Exception as error:
                return error
            return None

        with ThreadPoolExecutor(many) as threads:
            return list(threads.map(attempt, range(many)))

    rounds = (start(stock_postgres) for _ in range(20))
    assert any(error for errors in rounds for error in errors)

    ours = Store(replace(postgres_store.settings, vault=False), postgres_store.opened)
    assert start(ours.open) == [None] * many


def test_16_tidying_up_stops_every_writer(
    stock_postgres: Open, log: Log, postgres_url: str
) -> None:
    """VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY take the lock that the library's needs."""
    old: Any = stock_postgres()
    with psycopg.connect(postgres_url) as tidy:
        for table in (old.recorder.events_table_name, "tocsin.events", "tocsin.head"):
            tidy.execute(f"LOCK {table} IN SHARE UPDATE EXCLUSIVE MODE".encode())
        late = threading.Thread(target=lambda: old.recorder.insert_events([event()]))
        late.start()
        late.join(PAUSE)
        assert late.is_alive()
        assert log.commit([entry(noted("a"))]) == [Stored(range(1, 2), b"at [1]")]
        tidy.rollback()
        late.join()


def test_23_a_password_is_not_shown(postgres_url: str, stock_postgres: Open) -> None:
    """The library carries it in the environment; ours says where the log is, and no more."""
    old: Any = stock_postgres(POSTGRES_PASSWORD="a secret")
    assert "a secret" in repr(old.env)

    url = postgres_url.replace("postgres@", "postgres:secret@") + "?sslpassword=secret"
    log = Log.open(Settings(database=url, vault=False), writer=True)
    assert log.place == postgres_url.replace("postgres@", "")
    log.close()
    with pytest.raises(StoreUnavailable) as caught:
        log.commit([entry(noted("a"))])
    assert "secret" not in str(caught.value)
