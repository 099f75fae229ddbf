"""`tocsin` whose log is flushed less than the service promises: does a power cut tell?

Run as a program in place of the real one. There is no such setting, and there must be none.
"""

import os
from typing import Any

from tocsin.cli import main
from tocsin.store import sqlite
from tocsin.store.sqlite_file import connect as connect_for_real

SYNCHRONOUS = "WEAK_SYNCHRONOUS"
"""The variable that says how weak: NORMAL, OFF."""


def connect(path: Any, *, write: bool) -> Any:
    """Open the file, and trust the system to write it some day."""
    connection = connect_for_real(path, write=write)
    if write:
        connection.execute(f"PRAGMA synchronous = {os.environ[SYNCHRONOUS]}")
    return connection


if __name__ == "__main__":
    vars(sqlite)["connect"] = connect
    main()
