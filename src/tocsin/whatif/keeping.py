"""Where a replay keeps what is finished, so that an interruption costs little."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tocsin.whatif.question import Question
from tocsin.whatif.shares import Share
from tocsin.whatif.tally import Tally

FOLDER = "what-if"
LOCK = "lock"


class Underway(Exception):
    """The same question is being answered by another process."""


def written(file: Path, content: bytes) -> None:
    """Put a file in place whole, durably, or not at all."""
    temporary = file.with_name(f"{file.name}.{os.getpid()}.part")
    with temporary.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    temporary.replace(file)


def locked(folder: Path) -> int | None:
    """Hold a folder, which is made if need be, until this descriptor is closed; none if somebody
    else holds it."""
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            return None
        with suppress(OSError):
            if (folder / LOCK).stat().st_ino == os.fstat(lock).st_ino:
                return lock
        os.close(lock)  # who held it has removed it since


def held(folder: Path) -> bool:
    """Whether somebody holds a folder."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


class Kept:
    """The tallies of the shares of one question that are finished."""

    def __init__(self, home: Path, question: Question) -> None:
        self.folder = home / FOLDER / question.digest
        self._listed = question.listed

    @contextmanager
    def held(self, most: int) -> Iterator[None]:
        """Nobody else answers this question meanwhile. Of others that were begun and left, the
        last `most` are kept.

        Raises:
            Underway: somebody does already.
        """
        lock = locked(self.folder)
        if lock is None:
            reason = "The same question is being answered by another process: wait for it."
            raise Underway(reason)
        try:
            self._forget_oldest(most)
            yield
        finally:
            os.close(lock)

    def _forget_oldest(self, most: int) -> None:
        others = [each.parent for each in self.folder.parent.glob(f"*/{LOCK}")]
        others.sort(key=lambda each: each.stat().st_mtime, reverse=True)
        for folder in others[max(most, 1) :]:
            if folder != self.folder and (lock := locked(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)

    def keep(self, share: Share, tally: Tally) -> None:
        """Keep the tally of a share that is finished."""
        written(self.folder / share.name, tally.text)

    def find(self, share: Share) -> Tally | None:
        """The tally of a share, if it was finished; what was only half written counts as not."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            return Tally.read((self.folder / share.name).read_bytes(), self._listed)
        return None

    def remove(self) -> None:
        """It is all in the report now."""
        shutil.rmtree(self.folder, ignore_errors=True)
