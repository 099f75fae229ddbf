"""The file of the embedded store: its SQLite, its schema, its lock, its connections."""

import fcntl
import os
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tocsin.drivers import sqlite3
from tocsin.store.entries import StoreUnavailable
from tocsin.store.recorder import IS_RARE

FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What its reading raises; the latter when the file is so damaged that SQLite's own words are."""

CHECKPOINT_PAGES = 8_192
"""32 MiB of write-ahead log between two checkpoints: a page that many commits change is then
copied back once, not once in every hundred commits."""
SCHEMA = 3
STEPS: dict[int, tuple[str, ...]] = {
    1: (
        """CREATE TABLE events (
            position INTEGER PRIMARY KEY, stream BLOB NOT NULL, version INTEGER NOT NULL,
            topic TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (stream, version)) STRICT""",
        """CREATE TABLE commands (
            command_id BLOB PRIMARY KEY, fingerprint BLOB NOT NULL, answer BLOB NOT NULL)
            STRICT, WITHOUT ROWID""",
        """CREATE TABLE claims (
            kind TEXT NOT NULL, key TEXT NOT NULL, stream BLOB NOT NULL,
            PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE head (
            one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL,
            reference INTEGER NOT NULL) STRICT""",
        "INSERT INTO head VALUES (1, 0, 0)",
        *(
            f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"""
            for table in ("events", "commands")
            for verb in ("UPDATE", "DELETE")
        ),
    ),
    2: (
        "ALTER TABLE head ADD COLUMN tree_size INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE head ADD COLUMN frontier BLOB NOT NULL DEFAULT x''",
        """CREATE TABLE nodes (
            height INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL,
            PRIMARY KEY (height, number)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE checkpoints (
            size INTEGER PRIMARY KEY, note TEXT NOT NULL, made_at TEXT NOT NULL) STRICT""",
        """CREATE TABLE attestations (
            size INTEGER NOT NULL, place TEXT NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL,
            made_at TEXT NOT NULL, PRIMARY KEY (size, place, kind, made_at))
            STRICT, WITHOUT ROWID""",
        *(
            f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}
            BEGIN SELECT RAISE(ABORT, '{table} are append-only'); END"""
            for table in ("nodes", "checkpoints", "attestations")
            for verb in ("UPDATE", "DELETE")
        ),
    ),
    3: (f"CREATE INDEX rare_events ON events (position) WHERE {IS_RARE}",),
}
"""The statements that lead to each version of the schema. A step is never changed, only added."""


class Reader:
    """One thread's connection. SQLite crashes when another closes it in the middle of a read."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.busy = threading.Lock()


def connect(path: Path, *, write: bool) -> Any:
    """Open the file, hardened against hostile schemas, and durable when it may be written.

    Raises:
        StoreUnavailable: it cannot be opened.
    """
    try:
        connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={'rwc' if write else 'ro'}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=10.0,
        )
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        if write:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        return connection
    except FAULTS as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error}.") from error


def migrate(path: Path, connection: Any) -> None:
    """Bring the schema up to date in one transaction that excludes everybody else.

    Raises:
        StoreUnavailable: a newer version made the file.
    """
    connection.execute("BEGIN EXCLUSIVE")
    have = _schema(path, connection)
    for version in range(have + 1, SCHEMA + 1):
        for statement in STEPS[version]:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA}")
    connection.execute("COMMIT")


def check_schema(path: Path, connection: Any) -> None:
    """Make sure that this program can read what is there.

    Raises:
        StoreUnavailable: there is no log, or one of another version.
    """
    have = _schema(path, connection)
    if not have:
        raise StoreUnavailable(f"There is no log at {path} yet: `tocsin serve` makes one.")
    if have < SCHEMA:
        raise StoreUnavailable(f"{path} has schema {have}: `tocsin serve` migrates it.")


def _schema(path: Path, connection: Any) -> int:
    try:
        (have,) = connection.execute("PRAGMA user_version").fetchone()
    except FAULTS as error:
        raise StoreUnavailable(f"{path} cannot be read: {error}.") from error
    if have > SCHEMA:
        raise StoreUnavailable(
            f"{path} has schema {have}; this version knows up to {SCHEMA}. Use a newer one."
        )
    return int(have)


def exclusive(path: Path) -> int:
    """Lock a file's only place for a writer, or say who has it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(lock, 32, 0).decode() or "?"
        os.close(lock)
        raise StoreUnavailable(
            f"{path} is being written by process {owner}: one process writes it at a time."
        ) from error
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock
