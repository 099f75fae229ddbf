"""Does the embedded store stand a full disk, a broken commit and a second process?"""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import ROOT
from tests.store.conftest import Store
from tests.store.samples import entry, noted, positions, take, texts
from tocsin.drivers import sqlite3
from tocsin.settings import Settings
from tocsin.store.entries import Duplicate, Stored, StoreUnavailable
from tocsin.store.log import Log

STREAM = uuid4()


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """Here, only the embedded one."""
    return sqlite_store


@contextmanager
def failing_disk(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: the operating system refuses, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


class Breaking:
    """A connection whose COMMIT fails, before or after it has happened."""

    def __init__(self, connection: Any, *, after: bool) -> None:
        self._connection, self._after = connection, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, statement: str, *parameters: Any) -> Any:
        if statement == "COMMIT":
            if self._after:
                self._connection.execute("COMMIT")
            raise sqlite3.OperationalError("disk I/O error")
        return self._connection.execute(statement, *parameters)


def break_commit(log: Log, *, after: bool) -> None:
    recorder: Any = log.recorder
    recorder._writer = Breaking(recorder._writer, after=after)


def test_a_full_disk_acknowledges_nothing_and_is_survived(log: Log) -> None:
    """The caller is told, readers go on, and no restart is needed once there is room again."""
    log.commit([entry(noted("before"))])
    recorder: Any = log.recorder
    lost = entry(noted("x" * 20_000), stream=STREAM, claims=(take("dedup", "disk"),))
    for _ in range(3):
        recorder._ready().execute("PRAGMA max_page_count = 1")
        with pytest.raises(StoreUnavailable, match="disk is full"):
            log.commit([lost, entry(noted("neighbour"))])
        assert texts(log) == ["before"]
    assert log.holder("dedup", "disk") is None
    (outcome,) = log.commit([lost])
    assert outcome == Stored(range(2, 3), b"at [2]")
    assert positions(log) == [1, 2]


def test_a_disk_that_fails_is_not_written_again_until_somebody_has_looked(
    log: Log, store: Store
) -> None:
    """A flush that fails once may have lost what later ones then call flushed."""
    log.commit([entry(noted("before"))])
    size = Path(f"{store.settings.log_file}-wal").stat().st_size
    lost = entry(noted("x" * 20_000))
    with failing_disk(size), pytest.raises(StoreUnavailable, match="cannot be written"):
        log.commit([lost])
    with pytest.raises(StoreUnavailable, match=r"has failed: nothing is written until .* started"):
        log.commit([lost])
    assert texts(log) == ["before"]
    log.close()
    with closing(Log.open(store.settings, writer=True)) as again:
        assert again.commit([lost]) == [Stored(range(2, 3), b"at [2]")]


def test_a_commit_that_fails_leaves_nothing_behind(log: Log) -> None:
    log.commit([entry(noted("before"))])
    break_commit(log, after=False)
    lost = entry(noted("lost"), claims=(take("reference", "INC0000500"),))
    with pytest.raises(StoreUnavailable, match="disk I/O error"):
        log.commit([lost])
    assert texts(log) == ["before"]
    assert log.next_reference() == "INC0000001"
    assert log.commit([entry(noted("next"))]) == [Stored(range(2, 3), b"at [2]")]


def test_a_commit_that_happened_and_said_it_failed_is_found_by_its_id(log: Log) -> None:
    """The desk asks again with the same id, which is fresh no more: one effect."""
    break_commit(log, after=True)
    lost = entry(noted("once"), stream=STREAM, fresh=True)
    with pytest.raises(StoreUnavailable):
        log.commit([lost])
    assert log.commit([replace(lost, fresh=False)]) == [Duplicate(b"body", b"at [1]")]
    assert log.commit([entry(noted("next"))]) == [Stored(range(2, 3), b"at [2]")]
    assert texts(log) == ["once", "next"]


def test_a_file_that_is_no_database_is_left_alone(store: Store) -> None:
    store.settings.log_file.write_bytes(b"a diary, not a database. " * 300)
    for writer in (True, False):
        with pytest.raises(StoreUnavailable, match="not a database"):
            store.open(writer=writer)
    assert store.settings.log_file.read_bytes() == b"a diary, not a database. " * 300


def test_a_file_that_is_damaged_is_not_written_on(log: Log, store: Store) -> None:
    """The damage is the store's trouble, not the fault of every single command."""
    log.commit([entry(noted("x" * 500)) for _ in range(200)])
    store.close()
    with store.settings.log_file.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(store.settings.log_file.stat().st_size - 4096))
    with pytest.raises(StoreUnavailable):
        store.open().commit([entry(noted("a")), entry(noted("b"))])


def test_a_second_writer_is_told_who_the_first_is(log: Log, store: Store) -> None:
    """One process writes a file at a time; anybody may read it."""
    with pytest.raises(StoreUnavailable, match=f"written by process {os.getpid()}:"):
        store.open()
    log.commit([entry(noted("a"))])
    assert positions(store.open(writer=False)) == [1]
    store.close()
    assert positions(store.open()) == [1]


HOLD = """
import sys
from pathlib import Path
from tocsin.settings import Settings
from tocsin.store.log import Log

log = Log.open(Settings(home=Path(sys.argv[1])), writer=True)
print("open", flush=True)
sys.stdin.read()
"""


def test_a_writer_that_was_killed_does_not_lock_its_successor_out(store: Store) -> None:
    """The lock is the kernel's: it ends with the process, however that ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, store.settings.home],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreUnavailable, match=f"written by process {other.pid}:"):
            store.open()
        other.kill()
        other.wait()
        assert store.open().head() == 0


def test_a_reader_needs_a_log_and_never_makes_one(store: Store) -> None:
    with pytest.raises(StoreUnavailable, match="There is no log at"):
        store.open(writer=False)
    assert not store.settings.log_file.exists()
    store.settings.log_file.touch()
    with pytest.raises(StoreUnavailable, match="There is no log at"):
        store.open(writer=False)


def test_a_reader_never_writes(log: Log, store: Store) -> None:
    reader = store.open(writer=False)
    with pytest.raises(StoreUnavailable, match="open for reading only"):
        reader.commit([entry(noted("a"))])
    with pytest.raises(StoreUnavailable, match="readonly"):
        reader.recorder._read("DELETE FROM claims")  # type: ignore[attr-defined]


def test_rare_events_are_not_looked_for_in_the_whole_log(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.commit([entry(*(noted(str(n)) for n in range(1_000)))])
    read = log.recorder._read  # type: ignore[attr-defined]
    plans: list[str] = []

    def explained(statement: str, parameters: Sequence[Any]) -> list[Any]:
        plans.extend(row[-1] for row in read(f"EXPLAIN QUERY PLAN {statement}", parameters))
        rows: list[Any] = read(statement, parameters)
        return rows

    monkeypatch.setattr(log.recorder, "_read", explained)
    for names in (["subject.forgotten"], ["subject.forgotten", "incident.closed"]):
        log.raw_named(names, 0, 1_000, 10)
    assert ["rare_events" in plan for plan in plans] == [True, False]


@pytest.mark.parametrize("writer", [True, False])
def test_a_file_of_a_newer_version_is_left_alone(store: Store, writer: bool) -> None:
    store.open()
    store.close()
    connection = sqlite3.connect(store.settings.log_file)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreUnavailable, match="has schema 99"):
        store.open(writer=writer)


@pytest.mark.parametrize("table", ["events", "commands"])
@pytest.mark.parametrize("change", ["UPDATE {} SET rowid = rowid", "DELETE FROM {}"])
def test_history_cannot_be_changed_by_mistake(
    log: Log, store: Store, table: str, change: str
) -> None:
    """Somebody with the file and a tool gets no further; positions are never used again."""
    log.commit([entry(noted("a")), entry(noted("b"))])
    statement = change.format(table)
    if table == "commands":
        statement = statement.replace("rowid", "answer")
    connection = sqlite3.connect(store.settings.log_file)
    with pytest.raises(sqlite3.IntegrityError, match=f"{table} are append-only"):
        connection.execute(statement)
    connection.close()
    assert positions(log) == [1, 2]
    assert log.commit([entry(noted("c"))]) == [Stored(range(3, 4), b"at [3]")]


def test_commits_wait_for_the_disk(log: Log) -> None:
    """An SQLite that is known to lose nothing, in the mode in which it does not."""
    ask = log.recorder._writer.execute  # type: ignore[attr-defined]
    pragmas = ("synchronous", "journal_mode", "trusted_schema", "cell_size_check", "foreign_keys")
    found = {name: ask(f"PRAGMA {name}").fetchone()[0] for name in pragmas}
    expected = {"synchronous": 2, "journal_mode": "wal", "trusted_schema": 0}
    assert found == {**expected, "cell_size_check": 1, "foreign_keys": 1}
    assert sqlite3.sqlite_version_info >= (3, 51, 3), "older ones have the WAL-reset bug"


def test_the_folder_that_it_makes_is_its_owners_alone(tmp_path: Path) -> None:
    store = Store(Settings(home=tmp_path / "new" / "home"))
    store.open()
    store.close()
    assert store.settings.home.stat().st_mode & 0o077 == 0


def test_readers_see_whole_commits_while_the_writer_goes_on(log: Log, store: Store) -> None:
    """Each page is a beginning of the log, and a whole number of commits long."""
    reader, wrong, done = store.open(writer=False), [], threading.Event()

    def read() -> None:
        while not done.is_set():
            seen = positions(reader)
            if seen != list(range(1, len(seen) + 1)) or len(seen) % 7:
                wrong.append(seen)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(150):
        log.commit([entry(*[noted("x")] * 7)])
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert positions(reader) == list(range(1, 1051))


CLOSING = """
import sys, threading, time
from pathlib import Path
from uuid import uuid4
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.log import Log

settings = Settings(home=Path(sys.argv[1]))
Log.open(settings, writer=True).close()

def read(log):
    try:
        while True:
            log.head(), log.page(0, 10), log.history(uuid4())
    except StoreUnavailable as error:
        assert str(error).endswith("is closed."), error

for _ in range(40):
    log = Log.open(settings)
    threads = [threading.Thread(target=read, args=(log,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.01)
    log.close()
    for thread in threads:
        thread.join()
"""


def test_a_log_is_closed_under_its_readers_without_harm(tmp_path: Path) -> None:
    """SQLite crashes the process when a connection is closed while another thread reads with it."""
    done = subprocess.run(
        [sys.executable, "-c", CLOSING, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
