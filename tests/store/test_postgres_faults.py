"""Does the shared store stand a wire that is cut, a server that dies, and a crowd of writers?"""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL

from tests.conftest import ROOT
from tests.postgres import Postgres
from tests.store.conftest import Store
from tests.store.proxy import Proxy
from tests.store.samples import entry, noted, take, texts
from tocsin.settings import Settings
from tocsin.store.entries import Duplicate, Stored, StoreUnavailable
from tocsin.store.log import Log

pytestmark = pytest.mark.faults

STREAM = uuid4()


@pytest.fixture
def wired(postgres_url: str, wire: Proxy) -> Iterator[Log]:
    """A writer that reaches its server over the wire."""
    settings = Settings(database=wire.through(postgres_url), vault=False)
    log = Log.open(settings, writer=True)
    yield log
    log.close()


class TestACommitWhoseAnswerIsLost:
    """Nobody can know whether it was stored. Asking again with the same id finds out."""

    def test_was_stored_if_it_reached_the_server(self, wired: Log, wire: Proxy) -> None:
        lost = entry(noted("once"), stream=STREAM, claims=(take("dedup", "disk"),))
        wire.cut_when(lambda said: b"COMMIT\0" in said, deliver=True)
        with pytest.raises(StoreUnavailable):
            wired.commit([lost])
        assert wire.cuts == 1
        assert wired.commit([lost]) == [Duplicate(b"body", b"at [1]")]
        assert texts(wired) == ["once"]

    def test_was_not_stored_if_it_did_not(self, wired: Log, wire: Proxy) -> None:
        lost = entry(noted("once"), stream=STREAM, claims=(take("dedup", "disk"),))
        wire.cut_when(lambda said: b"COMMIT\0" in said, deliver=False)
        with pytest.raises(StoreUnavailable):
            wired.commit([lost])
        assert wire.cuts == 1
        assert wired.commit([lost]) == [Stored(range(1, 2), b"at [1]")]
        assert texts(wired) == ["once"]

    def test_leaves_every_neighbour_with_its_own_answer(self, wired: Log, wire: Proxy) -> None:
        """Also the one whose id was made here: on the second try it is fresh no more."""
        batch = [entry(noted(str(n)), fresh=n % 2 == 0) for n in range(5)]
        wire.cut_when(lambda said: b"COMMIT\0" in said, deliver=True)
        with pytest.raises(StoreUnavailable):
            wired.commit(batch)
        again = wired.commit([replace(each, fresh=False) for each in batch])
        assert again == [Duplicate(b"body", f"at [{n}]".encode()) for n in range(1, 6)]


def test_what_no_standby_has_confirmed_is_acknowledged_to_nobody_who_asks_again(
    postgres: Postgres, postgres_store: Store
) -> None:
    """A crash, or an operator, ends the wait for the standby: the events are there, and would not
    be after a fail-over. So whoever is told what the command was answered waits in their place."""
    postgres_store.settings = replace(postgres_store.settings, vault=False)
    log, other = postgres_store.open(), postgres_store.open()
    asked = entry(noted("once"))
    with psycopg.connect(postgres.url(), autocommit=True) as operator, ThreadPoolExecutor(2) as run:
        awaits_standby(operator, "nobody")
        try:
            first = run.submit(log.commit, [asked])
            (pid,) = until_waiting(operator)
            operator.execute("SELECT pg_terminate_backend(%s)", (pid,))
            with pytest.raises(StoreUnavailable):
                first.result(10)
            again = run.submit(other.commit, [asked])
            until_waiting(operator, again)
            assert not again.done()
        finally:
            awaits_standby(operator, "")
        assert again.result(10) == [Duplicate(b"body", b"at [1]")]


def test_to_be_asked_again_brings_a_tree_up_to_the_log_or_leaves_it_as_it_was(
    postgres_store: Store,
) -> None:
    """Another server keeps none, so that whoever answers its retries finds the tree behind."""
    log, asked = postgres_store.open(), entry(noted("1"))
    postgres_store.settings = replace(postgres_store.settings, ledger=False)
    postgres_store.open().commit([asked, *(entry(noted("x")) for _ in range(40))])
    for _ in range(2):
        assert log.commit([asked]) == [Duplicate(b"body", b"at [1]")]
    assert log.commit([entry(noted("2"))]) == [Stored(range(42, 43), b"at [42]")]
    assert log.tree()[0] == 42


def awaits_standby(operator: psycopg.Connection, name: str) -> None:
    """From now on a commit waits until this standby has it; nobody's name: none waits."""
    operator.execute(SQL("ALTER SYSTEM SET synchronous_standby_names = {}").format(name))
    operator.execute("SELECT pg_reload_conf()")
    shown = None
    while shown != (name,):
        with psycopg.connect(operator.info.dsn) as fresh:
            shown = fresh.execute("SHOW synchronous_standby_names").fetchone()


def until_waiting(operator: psycopg.Connection, work: Future[Any] | None = None) -> list[int]:
    """The processes that wait for the standby, once there are any; none if the work is done."""
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    until = time.monotonic() + 10
    while not (found := operator.execute(waiting).fetchall()) and not (work and work.done()):
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)
    return [pid for (pid,) in found]


class TestAServerThatWasGone:
    def test_is_found_again_by_readers_and_the_writer(self, wired: Log, wire: Proxy) -> None:
        """What lay idle when the connections were cut never notices."""
        wired.commit([entry(noted("1"))])
        assert wired.head() == 1
        wire.cut()
        assert wired.head() == 1
        assert wired.commit([entry(noted("2"))]) == [Stored(range(2, 3), b"at [2]")]
        wire.cut()
        wired.reserve_references(1)
        assert wired.take_reference() == "INC0000001"

    def test_is_found_again_after_a_crash(self, postgres: Postgres, postgres_store: Store) -> None:
        """Nothing that was acknowledged is lost, and nobody has to restart anything."""
        log = postgres_store.open()
        stored = entry(noted("acknowledged"))
        log.commit([stored])
        assert texts(log) == ["acknowledged"]
        postgres.kill()
        with pytest.raises(StoreUnavailable, match="refused"):
            log.commit([entry(noted("lost"))])
        with pytest.raises(StoreUnavailable, match="refused"):
            log.head()
        postgres.start()
        assert texts(log) == ["acknowledged"]
        assert log.commit([stored]) == [Duplicate(b"body", b"at [1]")]
        assert log.commit([entry(noted("2"))]) == [Stored(range(2, 3), b"at [2]")]

    def test_is_missed_at_the_start(self) -> None:
        nobody = Settings(database="postgresql://postgres:secret@127.0.0.1:1/nobody")
        with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1/nobody.*refused") as caught:
            Log.open(nobody, writer=True)
        assert "secret" not in str(caught.value)

    def test_that_falls_silent_is_given_up(self, postgres_url: str, wire: Proxy) -> None:
        """A route that is lost says nothing: only a limit of our own ends the wait."""
        settings = Settings(database=f"{wire.through(postgres_url)}?connect_timeout=2")
        Log.open(settings, writer=True).close()
        wire.silence()
        before = time.monotonic()
        with pytest.raises(StoreUnavailable):
            Log.open(settings, writer=True)
        assert time.monotonic() - before < 8


PROCESSES, WRITERS, ENTRIES, EVENTS = 4, 12, 80, 10
CROWD = """
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tests.store.samples import entry, noted, take
from tocsin.settings import Settings
from tocsin.store.log import Log

url, home, writers, entries, events = *sys.argv[1:3], *map(int, sys.argv[3:])

def write(_):
    log = Log.open(Settings(database=url, home=Path(home)), writer=True)
    for number in range(entries):
        reference = log.next_reference()
        good = entry(*[noted("x")] * events, claims=(take("reference", reference),))
        (outcome,) = log.commit([good])
        sys.stdout.write(" ".join(map(str, (reference, *outcome.positions))) + "\\n")
    log.close()

with ThreadPoolExecutor(writers) as threads:
    list(threads.map(write, range(writers)))
"""


def crowd(settings: Settings) -> list[subprocess.Popen[str]]:
    """Processes with several writers each, which all open an empty database at once."""
    sizes = map(str, (WRITERS // PROCESSES, ENTRIES, EVENTS))
    command = [sys.executable, "-c", CROWD, settings.database, str(settings.home), *sizes]
    pipe = subprocess.PIPE
    return [
        subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
        for _ in range(PROCESSES)
    ]


def test_a_follower_misses_nothing_of_what_a_crowd_of_processes_writes(
    postgres_url: str, postgres_store: Store
) -> None:
    """They start at once on an empty database; the follower sees every position, once, in order."""
    writers = crowd(postgres_store.settings)
    seen: list[tuple[int, bytes]] = []
    log: Log | None = None
    while any(writer.poll() is None for writer in writers) or log is None or log.head() > len(seen):
        if log is None:
            with suppress(StoreUnavailable):
                log = postgres_store.open(writer=False)
            time.sleep(0.01)
        else:
            seen += log.raw_page(len(seen), 500)
            time.sleep(0.002)
    said = [writer.communicate() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * PROCESSES, said
    assert [position for position, _ in seen] == list(range(1, WRITERS * ENTRIES * EVENTS + 1))
    assert seen == log.raw_page(0, len(seen))
    lines = [line.split() for out, _ in said for line in out.splitlines()]
    told = sorted(int(position) for _, *positions in lines for position in positions)
    assert told == [position for position, _ in seen]
    assert len({reference for reference, *_ in lines}) == len(lines) == WRITERS * ENTRIES


@pytest.mark.parametrize("attempt", range(5))
def test_whoever_starts_at_once_on_an_empty_database_succeeds(
    postgres_store: Store, attempt: int
) -> None:
    """Whoever comes second waits, and must then see what the first has made."""
    together = threading.Barrier(WRITERS)

    def start(_: int) -> int:
        together.wait()
        return postgres_store.open().head()

    with ThreadPoolExecutor(WRITERS) as threads:
        assert list(threads.map(start, range(WRITERS))) == [0] * WRITERS
