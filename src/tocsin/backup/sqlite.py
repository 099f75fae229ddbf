"""The files of the embedded store, copied page by page while they are written.

A transaction that only reads sees the file as it was when it began, for as long as it lasts, and
keeps nobody from writing. SQLite's own copying reads through it. What the writer appends meanwhile
waits in its `-wal`, which grows until the copy is made.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from tocsin.backup.folder import MODE_FILE
from tocsin.backup.manifest import (
    ACCESS,
    KEYS,
    LOG,
    BackupUnavailable,
    Interrupted,
    Show,
    Stop,
)
from tocsin.drivers import sqlite3
from tocsin.settings import Settings
from tocsin.store.entries import StoreUnavailable
from tocsin.store.sqlite_file import check_schema, connect

PAGES = 256
"""Pages that are copied at a time, 1 MiB: the disk is left to the writer in between."""
SETTLED_PAGES = 4_096
"""So many are brought to the disk together: one large flush would hold up every commit."""
ATTEMPTS = 1_000


def copy(settings: Settings, folder: Path, show: Show, stop: Stop) -> None:
    """Copy the log, the API keys and the access journal, as they all were at one moment.

    Raises:
        StoreUnavailable: there is no log, or it cannot be read.
        Interrupted: `stop` said so.
    """
    if not settings.log_file.exists():
        raise StoreUnavailable(f"There is no log at {settings.log_file} yet: nothing to back up.")
    beside = {KEYS: settings.keys_file, ACCESS: settings.access_file}
    there = {name: file for name, file in beside.items() if file.exists()}
    with one_moment({**there, LOG: settings.log_file}) as snapshots:
        check_schema(settings.log_file, snapshots[LOG])
        for name, snapshot in snapshots.items():
            _copy(snapshot, folder / name, show, stop)


@contextmanager
def one_moment(files: dict[str, Path]) -> Iterator[dict[str, Any]]:
    """Connections that all see their files as they were at one moment: the last one's.

    Each file is looked at in turn. If none of the earlier ones has changed when the last is seen,
    all were so at that moment; else the looking begins anew.
    """
    with ExitStack() as opened:
        watching, reading = (
            {n: opened.enter_context(closing(connect(f, write=False))) for n, f in files.items()}
            for _ in range(2)
        )
        earlier = list(files)[:-1]
        for _ in range(ATTEMPTS):
            before = [_version(watching[name]) for name in earlier]
            for connection in reading.values():
                connection.execute("BEGIN")
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if before == [_version(watching[name]) for name in earlier]:
                yield reading
                return
            for connection in reading.values():
                connection.execute("ROLLBACK")
        raise BackupUnavailable("The keys change all the time: no moment was found without.")


def _version(connection: Any) -> int:
    """A number that is another one when somebody else has written the file."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _copy(source: Any, file: Path, show: Show, stop: Stop) -> None:
    file.touch(mode=MODE_FILE)
    descriptor, settled = os.open(file, os.O_RDONLY), 0

    def progress(_status: int, remaining: int, total: int) -> None:
        nonlocal settled
        if stop():
            raise Interrupted
        if (total - remaining) - settled >= SETTLED_PAGES:
            settled = total - remaining
            os.fdatasync(descriptor)
        show(file.name, total - remaining, total)

    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as target:
            for pragma in ("journal_mode = OFF", "synchronous = OFF"):
                target.execute(f"PRAGMA {pragma}")
            source.backup(target, pages=PAGES, progress=progress)
            whole(target)
    finally:
        os.close(descriptor)


def whole(connection: Any) -> None:
    """Make a database one file: nothing of it in another beside it."""
    (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    assert mode == "delete", mode
