"""Known faults in how the library's PostgreSQL store is followed; both halves are asserted."""

import threading
import time
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import PersistenceError
from eventsourcing.postgres import PostgresSubscription

from tests.postgres import Postgres
from tests.store.proxy import Proxy
from tests.store.samples import entry, noted
from tests.store.stock import Open, event
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

pytestmark = pytest.mark.faults

PAUSE = 0.4
"""Long enough for a notification that works to arrive many times over."""


@pytest.fixture
def log(shared_log: Log) -> Log:
    return shared_log


def cut_sessions(url: str, where: str = "true") -> int:
    """End sessions of this database, as an administrator or a failover does."""
    with psycopg.connect(url) as connection:
        cut = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            f" WHERE datname = current_database() AND pid <> pg_backend_pid() AND {where}".encode()
        ).fetchall()
    return len(cut)


class Follower(threading.Thread):
    """Follows a subscription in a thread of its own, and keeps what it was given."""

    def __init__(self, subscription: Any) -> None:
        super().__init__()
        self.seen: list[int] = []
        self._subscription = subscription

    def run(self) -> None:
        with suppress(PersistenceError):
            self.seen.extend(notification.id for notification in self._subscription)


def test_11_a_follower_dies_with_its_notifications(
    stock_postgres: Open, log: Log, postgres_url: str
) -> None:
    """One session cut, and the library's subscription is over; ours asks again."""
    old: Any = stock_postgres()
    old.recorder.insert_events([event()])
    with old.recorder.subscribe() as subscription:
        next(subscription)
        while not cut_sessions(postgres_url, "query LIKE 'LISTEN%'"):
            time.sleep(0.01)
        with pytest.raises(PersistenceError):
            next(subscription)

    log.commit([entry(noted("1"))])
    with log.recorder.subscribe() as ours:
        assert next(ours).id == 1
        assert cut_sessions(postgres_url, "application_name = 'tocsin'") >= 1
        log.commit([entry(noted("2"))])
        assert next(ours).id == 2


def test_12_an_event_before_the_first_notification_waits_for_the_next_one(
    stock_postgres: Open, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library looks, then listens. What comes in between is not delivered."""
    listening, listen = threading.Event(), PostgresSubscription._listen

    def late(subscription: Any) -> None:
        listening.wait(10)
        listen(subscription)

    monkeypatch.setattr(PostgresSubscription, "_listen", late)
    old: Any = stock_postgres()
    with old.recorder.subscribe() as subscription:
        follower = Follower(subscription)
        follower.start()
        time.sleep(PAUSE)
        old.recorder.insert_events([event()])
        listening.set()
        time.sleep(PAUSE)
        assert follower.seen == []
        subscription.stop()
        follower.join()

    with log.recorder.subscribe() as ours:
        log.commit([entry(noted("1"))])
        assert next(ours).id == 1


def test_13_a_follower_on_a_dead_line_hears_nothing_and_says_nothing(
    stock_postgres: Open,
    wire: Proxy,
    log: Log,
    postgres: Postgres,
    postgres_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No bell and no error: the library's follower stands still. Each wait of ours has an end."""
    old: Any = stock_postgres(port=wire.port)
    direct: Any = stock_postgres()
    with old.recorder.subscribe() as subscription:
        follower = Follower(subscription)
        follower.start()
        time.sleep(PAUSE)
        wire.silence()
        direct.recorder.insert_events([event()])
        time.sleep(2 * PAUSE)
        assert follower.seen == []
        assert follower.is_alive()
        wire.cut()
        subscription.stop()
        follower.join()

    monkeypatch.setattr("tocsin.distant.DOUBT_SECONDS", PAUSE)
    monkeypatch.setattr("tocsin.distant.SILENT_SECONDS", 0.0)
    with Proxy(postgres.port) as dead:
        url = f"{dead.through(postgres_url)}?connect_timeout=2"
        ours = Log.open(Settings(database=url, vault=False), writer=True)
        assert ours.head() == 0
        dead.silence()
        for ask in (ours.head, lambda: ours.commit([entry(noted("lost"))])):
            with pytest.raises(StoreUnavailable):
                ask()
        dead.heal()
        log.commit([entry(noted("1"))])
        assert ours.head() == 1
        ours.close()
