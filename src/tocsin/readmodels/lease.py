"""Who may move a projection: one runner at a time, and another takes over when it dies.

A lease spares work, it is not what keeps the rows right: every page also checks that the position
is still where its reader found it.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError


class Lease(Protocol):
    """The right to move one projection."""

    def take(self) -> bool:
        """Take it if nobody has it; true as long as it is ours."""
        ...

    def release(self) -> None:
        """Give it back. Dying does the same."""
        ...


class FileLease:
    """A locked file in the home folder: the system unlocks it when its holder ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        if self._file is not None:
            return True
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


class SessionLease:
    """An advisory lock of a PostgreSQL session: the server unlocks it when the session ends."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine, self._name = engine, name
        self._session: Connection | None = None

    def take(self) -> bool:
        if self._session is not None:
            try:
                self._session.execute(text("select 1"))
                return True
            except DBAPIError:
                self.release()
        session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        ours: bool = session.execute(
            text("select pg_try_advisory_lock(hashtextextended(:name, 0))"), {"name": self._name}
        ).scalar_one()
        if ours:
            self._session = session
        else:
            session.close()
        return ours

    def release(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            # The session itself ends: a pooled one would keep the lock.
            session.invalidate()
            session.close()
