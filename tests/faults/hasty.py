"""`tocsin` with a store that answers before it has committed: does anybody notice?

Run as a program in place of the real one. Commits share a transaction for a while, so an answer
may leave before its events are durable: the very mistake that the store must never make.
"""

import time
from typing import Any

from tocsin.cli import main
from tocsin.store import sqlite
from tocsin.store.sqlite_file import connect as connect_for_real

SECONDS = 0.1
"""How much is lost at most."""


class Hasty:
    """A connection that puts its commits off."""

    def __init__(self, connection: Any) -> None:
        self._connection, self._committed = connection, 0.0

    def execute(self, statement: str, *given: Any) -> Any:
        """Do it, unless it can wait."""
        now = time.monotonic()
        begun = statement == "BEGIN IMMEDIATE" and self._connection.in_transaction
        if begun or (statement == "COMMIT" and now < self._committed + SECONDS):
            return None
        if statement == "COMMIT":
            self._committed = now
        return self._connection.execute(statement, *given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def connect(path: Any, *, write: bool) -> Any:
    """Open the file, to write it hastily."""
    return (
        Hasty(connect_for_real(path, write=True)) if write else connect_for_real(path, write=False)
    )


if __name__ == "__main__":
    vars(sqlite)["connect"] = connect
    main()
