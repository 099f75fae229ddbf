"""Does the shared store stand what happens to servers, connections and other writers?"""

import logging
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest

from tests.postgres import Postgres
from tests.store.conftest import Store
from tests.store.samples import entry, noted, positions, take, texts
from tocsin.settings import Settings
from tocsin.store.entries import Failed, Stale, Stored, StoreUnavailable, Taken
from tocsin.store.log import Log

pytestmark = pytest.mark.faults

STREAM = uuid4()


def test_connections_notice_a_peer_that_is_gone(postgres_store: Store, postgres_url: str) -> None:
    """Keep-alives on every one of them, and a name that the administrator can read."""
    log = postgres_store.open()
    log.head()
    recorder = log.recorder
    dsn = recorder._server._gate._conninfo  # type: ignore[attr-defined]
    for wanted in ("keepalives_idle=5", "tcp_user_timeout=15000", "connect_timeout=5"):
        assert wanted in dsn
    with psycopg.connect(postgres_url) as connection:
        names = connection.execute(
            "SELECT DISTINCT application_name FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    assert names == [("tocsin",)]


class TestAnotherWriter:
    """Any number of processes write, in one order."""

    def test_makes_ours_stale(self, postgres_store: Store) -> None:
        one, two = postgres_store.open(), postgres_store.open()
        one.commit([entry(noted("a"), stream=STREAM, claims=(take("dedup", "x"),))])
        assert two.commit([entry(noted("b"), stream=STREAM)]) == [Stale(STREAM, 1)]
        claimed = two.commit([entry(noted("b"), claims=(take("dedup", "x"),))])
        assert claimed == [Taken(take("dedup", "x"), STREAM)]
        assert two.commit([entry(noted("b"))]) == [Stored(range(2, 3), b"at [2]")]
        assert one.commit([entry(noted("c"))]) == [Stored(range(3, 4), b"at [3]")]

    def test_never_gets_a_reference_of_ours(self, postgres_store: Store) -> None:
        logs = [postgres_store.open() for _ in range(3)]
        given = [log.next_reference() for _ in range(50) for log in logs]
        assert len(given) == len(set(given)) == 150

    def test_is_told_what_an_import_brought(self, postgres_store: Store) -> None:
        """It has numbers in reserve that are lower; from its next commit on, it leaves them."""
        one, two = postgres_store.open(), postgres_store.open()
        two.reserve_references(5)
        one.commit([entry(noted("a"), claims=(take("reference", "INC0001234"),))])
        two.commit([entry(noted("b"))])
        assert two.next_reference() == "INC0001235"
        assert one.next_reference() > "INC0001235"

    def test_that_holds_the_head_too_long_is_not_waited_for(
        self, postgres_store: Store, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And readers do not wait at all."""
        log = postgres_store.open()
        log.commit([entry(noted("1"))])
        shorter = log.recorder._commit.__globals__["look"].__globals__  # type: ignore[attr-defined]
        limits = shorter["LIMITS"].replace("'lock_timeout', '10s'", "'lock_timeout', '100ms'")
        monkeypatch.setitem(shorter, "LIMITS", limits)
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT * FROM tocsin.head FOR UPDATE")
            assert texts(log) == ["1"]
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                log.commit([entry(noted("2"))])
            other.rollback()
        assert log.commit([entry(noted("2"))]) == [Stored(range(2, 3), b"at [2]")]


def test_a_commit_is_durable_whatever_the_database_says(
    postgres_store: Store, postgres_url: str
) -> None:
    """A setting made for speed elsewhere must not lose what we have acknowledged."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
        connection.execute(
            f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'serializable'".encode()
        )
    log = postgres_store.open()
    watched: list[object] = []

    def watch(positions: object) -> bytes:
        ask = log.recorder._writer.execute  # type: ignore[attr-defined]
        watched.append(ask("SHOW synchronous_commit").fetchone()[0])
        watched.append(ask("SHOW transaction_isolation").fetchone()[0])
        return b""

    log.commit([entry(noted("a"), answer=watch)])
    assert watched == ["on", "read committed"]


def test_what_the_server_risks_is_said(
    postgres_store: Store, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs it may have a reason; but nobody shall be able to say they were not told."""
    with caplog.at_level(logging.WARNING):
        log = postgres_store.open()
    assert log.recorder.risks() == []  # type: ignore[attr-defined]
    assert not caplog.records
    from tocsin.store import postgres_server

    row = [("fsync", "off"), ("full_page_writes", "on")]

    class Careless:
        def execute(self, *query: object) -> "Careless":
            return self

        def fetchall(self) -> object:
            return row

    said = postgres_server.risks(Careless())  # type: ignore[arg-type]
    assert said == ["fsync is off: a power cut can lose or destroy acknowledged events."]


@pytest.mark.parametrize("table", ["events", "commands"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}"])
def test_history_cannot_be_changed_by_mistake(
    postgres_store: Store, postgres_url: str, table: str, change: str
) -> None:
    log = postgres_store.open()
    log.commit([entry(noted("a"))])
    column = {"events": "position", "commands": "answer"}[table]
    with psycopg.connect(postgres_url) as connection:
        with pytest.raises(psycopg.errors.RaiseException, match=f"{table} are append-only"):
            connection.execute(change.format(f"tocsin.{table}", column, column).encode())
        connection.rollback()
    assert positions(log) == [1]


class TestTheSchema:
    def test_must_be_there_for_a_reader(self, postgres_store: Store) -> None:
        with pytest.raises(StoreUnavailable, match="There is no log"):
            postgres_store.open(writer=False)

    @pytest.mark.parametrize("writer", [True, False])
    def test_of_a_newer_version_is_left_alone(
        self, postgres_store: Store, postgres_url: str, writer: bool
    ) -> None:
        postgres_store.open()
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("UPDATE tocsin.schema_version SET version = 99")
        with pytest.raises(StoreUnavailable, match="has schema 99"):
            postgres_store.open(writer=writer)

    def test_of_an_older_version_waits_for_a_writer(
        self, postgres_store: Store, postgres_url: str
    ) -> None:
        postgres_store.open()
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("UPDATE tocsin.schema_version SET version = 0")
        with pytest.raises(StoreUnavailable, match="There is no log"):
            postgres_store.open(writer=False)

    def test_is_not_made_where_texts_do_not_fit(self, postgres: Postgres) -> None:
        """A name in another script would fail, some day, in the middle of an incident."""
        with psycopg.connect(postgres.url(), autocommit=True) as connection:
            connection.execute(
                "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'"
                " LOCALE_PROVIDER libc"
            )
        try:
            with pytest.raises(StoreUnavailable, match="encoded in LATIN1; the log needs UTF8"):
                Log.open(Settings(database=postgres.url("latin")), writer=True)
        finally:
            postgres.drop("latin")

    def test_needs_no_right_to_create_once_it_is_there(
        self, postgres_store: Store, postgres: Postgres, postgres_url: str
    ) -> None:
        """The service may run as a role that can only append."""
        postgres_store.open()
        role = f"clerk_{uuid4().hex}"
        rights = (
            "CREATE ROLE {} LOGIN; GRANT USAGE ON SCHEMA tocsin TO {};"
            " GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA tocsin TO {};"
            " GRANT UPDATE ON tocsin.head TO {}; GRANT DELETE ON tocsin.claims TO {};"
            " GRANT USAGE ON SCHEMA tocsin_vault TO {}; GRANT SELECT, INSERT, UPDATE, DELETE"
            " ON ALL TABLES IN SCHEMA tocsin_vault TO {}"
        )
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute(rights.replace("{}", role).encode())
        address = postgres_url.replace("postgres@", f"{role}@")
        theirs = Settings(home=postgres_store.settings.home, database=address)
        log = Log.open(theirs, writer=True)
        assert log.commit([entry(noted("a"))]) == [Stored(range(1, 2), b"at [1]")]
        log.close()


def test_a_name_that_postgresql_cannot_hold_fails_alone(postgres_store: Store) -> None:
    log = postgres_store.open()
    batch = [entry(noted("1")), entry(noted("bad"), claims=(take("dedup", "a\0b"),))]
    batch += [entry(noted("bad"), claims=(take("dedup", "".join(map(chr, range(32, 9000)))),))]
    first, nul, long, last = log.commit([*batch, entry(noted("2"))])
    assert isinstance(nul, Failed)
    assert isinstance(long, Failed)
    assert [first, last] == [Stored(range(1, 2), b"at [1]"), Stored(range(2, 3), b"at [2]")]


def test_a_reader_never_writes(postgres_store: Store) -> None:
    postgres_store.open()
    reader = postgres_store.open(writer=False)
    with pytest.raises(StoreUnavailable, match="open for reading only"):
        reader.commit([entry(noted("a"))])
    with pytest.raises(StoreUnavailable, match="open for reading only"):
        reader.reserve_references(1)
    with pytest.raises(StoreUnavailable, match="read-only transaction"):
        reader.recorder._server.read(  # type: ignore[attr-defined]
            "UPDATE tocsin.head SET position = 7 RETURNING position"
        )
    assert reader.head() == 0


def test_rare_events_are_not_looked_for_in_the_whole_log(
    postgres_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = postgres_store.open()
    log.commit([entry(*(noted(str(n)) for n in range(1_000)))])
    server = log.recorder._server  # type: ignore[attr-defined]
    read, plans = server.read, []

    def explained(statement: LiteralString, parameters: Sequence[Any]) -> list[Any]:
        plans.append("".join(row[0] for row in read(f"EXPLAIN {statement}", parameters)))
        rows: list[Any] = read(statement, parameters)
        return rows

    monkeypatch.setattr(server, "read", explained)
    for names in (["subject.forgotten"], ["subject.forgotten", "incident.closed"]):
        log.raw_named(names, 0, 1_000, 10)
    assert ["rare_events" in plan for plan in plans] == [True, False]


def test_more_threads_than_connections_read_at_the_same_time(postgres_store: Store) -> None:
    """They wait for each other instead of exhausting the server."""
    log = postgres_store.open()
    log.commit([entry(noted(str(n)), noted("x")) for n in range(200)])
    with ThreadPoolExecutor(24) as threads:
        read = list(threads.map(lambda _: positions(log), range(200)))
    assert all(each == list(range(1, 401)) for each in read)
    assert 1 <= len(log.recorder._server._idle) <= 8  # type: ignore[attr-defined]


def test_without_its_driver_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    spec = find_spec("tocsin.store.postgres_server")
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(StoreUnavailable, match=r"pip install 'tocsin\[postgres\]'"):
        spec.loader.exec_module(module_from_spec(spec))


@pytest.mark.parametrize("url", ["postgresql://u:p:secret@@h/x?y", "postgresql://u:secret@h:port/"])
def test_an_address_that_is_none_is_not_repeated(url: str, tmp_path: Path) -> None:
    """It may hold a password, and the message may end up in a log."""
    with pytest.raises(StoreUnavailable) as caught:
        Log.open(Settings(home=tmp_path, database=url), writer=True)
    assert "secret" not in str(caught.value)
