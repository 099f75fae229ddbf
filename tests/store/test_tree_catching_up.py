"""Does a log that was written without a tree get one: once, whole, and whoever else writes it?"""

import logging
import threading
from contextlib import closing
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from tests.store.conftest import Store
from tests.store.samples import entry, noted
from tests.store.test_tree import bodies, fill, holds
from tocsin.drivers import sqlite3
from tocsin.store import postgres_server, sqlite_file
from tocsin.store.entries import Stored, StoreUnavailable
from tocsin.store.log import Log

PAGES = ("sqlite_tree", "postgres_tree", "postgres")


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few events in one transaction, so that there are many."""
    for module in PAGES:
        monkeypatch.setattr(f"tocsin.store.{module}.CATCH_UP_EVENTS", 30)


def without(store: Store) -> Store:
    """The same place, for a process whose tree is switched off."""
    return Store(replace(store.settings, ledger=False), store.opened)


def test_a_log_without_a_tree_is_a_log_still(store: Store) -> None:
    log = without(store).open()
    fill(log, 50)
    assert log.tree() == (0, [])
    assert log.head() == 50
    store.close()
    log = without(store).open()
    assert log.commit([entry(noted("next"))]) == [Stored(range(51, 52), b"at [51]")]


@pytest.mark.parametrize("kept", [0, 7, 48])
def test_a_writer_adds_what_was_left_out(
    store: Store, kept: int, small_pages: None, caplog: pytest.LogCaptureFixture
) -> None:
    fill(store.open(), kept)
    store.close()
    fill(without(store).open(), 200)
    store.close()
    caplog.set_level(logging.INFO, "tocsin.store.tree")
    log = store.open()
    holds(log)
    fill(log, 20)
    holds(log)
    told = [each for each in caplog.records if each.name == "tocsin.store.tree"]
    first, last = (each.getMessage() for each in told)
    assert first.endswith(f"the hash tree has {kept + 30} of {kept + 200} events; adding the rest")
    assert "the hash tree is complete after" in last


def test_a_reader_leaves_it_as_it_is(store: Store) -> None:
    fill(without(store).open(), 50)
    assert store.open(writer=False).tree() == (0, [])


def test_a_catching_up_that_was_stopped_goes_on_where_it_was(
    store: Store, small_pages: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(without(store).open(), 200)
    store.close()

    def stops_after_two(place: str, page: Any) -> None:
        page()
        page()
        raise StoreUnavailable("the power failed")

    with monkeypatch.context() as patch:
        for module in PAGES[:2]:
            patch.setattr(f"tocsin.store.{module}.catch_up", stops_after_two)
        with pytest.raises(StoreUnavailable, match="the power failed"):
            store.open()
    assert without(store).open().tree()[0] == 60
    store.close()
    holds(store.open())


def test_a_log_with_a_hole_gets_no_tree(sqlite_store: Store) -> None:
    """A tree over what is left would say that all is well."""
    fill(without(sqlite_store).open(), 50)
    sqlite_store.close()
    with closing(sqlite3.connect(sqlite_store.settings.log_file, isolation_level=None)) as file:
        file.execute("DROP TRIGGER events_delete")
        file.execute("DELETE FROM events WHERE position = 20")
    with pytest.raises(StoreUnavailable, match="not all of the positions 1 to 50 are there"):
        sqlite_store.open()


class TestALogOfTheFirstSchema:
    """It was made before there was a tree."""

    def test_gets_its_tree_in_the_embedded_store(self, sqlite_store: Store) -> None:
        fill(without(sqlite_store).open(), 70)
        sqlite_store.close()
        self.back_to_the_first(sqlite_store)
        with pytest.raises(StoreUnavailable, match="has schema 1: `tocsin serve` migrates it"):
            sqlite_store.open(writer=False)
        log = sqlite_store.open()
        assert log.head() == 70
        holds(log)
        fill(log, 10)
        holds(log)

    def back_to_the_first(self, store: Store) -> None:
        """The same events in a file that only the first step made."""
        old = store.settings.log_file
        new = old.with_suffix(".new")
        with closing(sqlite3.connect(new, isolation_level=None)) as file:
            for statement in sqlite_file.STEPS[1]:
                file.execute(statement)
            file.execute("PRAGMA user_version = 1")
            file.execute(f"ATTACH '{old}' AS old")
            for table in ("events", "commands", "claims"):
                file.execute(f"INSERT INTO {table} SELECT * FROM old.{table}")
            file.execute("UPDATE head SET position = (SELECT position FROM old.head)")
        new.replace(old)

    def test_gets_its_tree_in_the_shared_store(
        self, postgres_store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(postgres_server, "SCHEMA", 1)
            Log.open(replace(postgres_store.settings, ledger=False), writer=True).close()
        source = Store(replace(postgres_store.settings, database="", vault=False)).open()
        fill(source, 70)
        with psycopg.connect(postgres_store.settings.database) as connection:
            for position, body in source.raw_page(0, 100):
                connection.execute(
                    "INSERT INTO tocsin.events VALUES (%s, gen_random_uuid(), 1, 'x', %s)",
                    (position, body),
                )
            connection.execute("UPDATE tocsin.head SET position = 70")
        expected = bodies(source)
        source.close()
        with pytest.raises(StoreUnavailable, match="has schema 1; this version needs 3"):
            postgres_store.open(writer=False)
        log = postgres_store.open()
        assert bodies(log) == expected
        holds(log)


class TestSeveralServers:
    """One of them has the tree switched off, or all come at the same time."""

    @pytest.mark.parametrize("missed", [1, 29, 75])
    def test_whoever_keeps_the_tree_adds_what_the_other_left_out(
        self, postgres_store: Store, small_pages: None, missed: int
    ) -> None:
        keeping, other = postgres_store.open(), without(postgres_store).open()
        fill(keeping, 20)
        fill(other, missed)
        assert keeping.tree()[0] == 20
        keeping.commit([entry(noted("next"))])
        assert keeping.tree()[0] == 20 + missed + 1
        holds(keeping)

    def test_that_start_at_the_same_time_share_the_work(
        self, postgres_store: Store, small_pages: None
    ) -> None:
        fill(without(postgres_store).open(), 400)
        logs: list[Log] = []
        threads = [
            threading.Thread(target=lambda: logs.append(postgres_store.open())) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(logs) == 4
        for log in logs:
            log.commit([entry(noted("mine"))])
        holds(logs[0])

    def test_that_write_at_the_same_time_grow_one_tree(self, postgres_store: Store) -> None:
        logs = [postgres_store.open() for _ in range(3)]

        def write(log: Log) -> None:
            for _ in range(15):
                log.commit([entry(noted("x"), noted("y")) for _ in range(3)])

        threads = [threading.Thread(target=write, args=(log,)) for log in logs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert logs[0].head() == 270
        holds(logs[1])
