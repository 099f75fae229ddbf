"""Who may move a projection: one runner at a time, and another takes over when it dies.

A lease spares work, and is not what keeps the rows right: every page also checks that the position
is still where its reader found it.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import CTE


class Lease(Protocol):
    """The right to move one projection."""

    def take(self) -> bool:
        """Take it if nobody has it; true as long as it is ours."""
        ...

    def release(self) -> None:
        """Give it back. Dying does the same."""
        ...

    def fence(self) -> CTE | None:
        """What finds a row only while it is ours, and then nobody else gets it before the end of
        the transaction. None where whoever holds it cannot lose it alive."""
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

    def fence(self) -> CTE | None:
        return None
