"""Where an export goes: a file that is there whole or not at all, or standard output."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600
"""Who may read an export: it names people."""


class CannotWrite(Exception):
    """The file cannot be written there. The sentence names the way out."""


@dataclass(frozen=True)
class Output:
    """What a format writes to."""

    stream: BinaryIO
    path: Path | None = None
    """Of the file while it is being written, for formats that need more than a stream."""

    def write(self, text: str) -> None:
        """Write text, as UTF-8."""
        self.stream.write(text.encode())


@contextmanager
def whole(file: Path, *, force: bool) -> Iterator[Output]:
    """Write beside the file, and put it in place, durably, when the block ends well.

    What a run that was killed left beside it is written over by the next one.

    Raises:
        CannotWrite: it is there already, cannot be there, or is being written by somebody else.
    """
    _check(file, force)
    beside = file.with_name(f".{file.name}.part")
    descriptor = _held(beside, file)
    try:
        with os.fdopen(descriptor, "r+b") as stream:
            yield Output(stream, beside)
            stream.flush()
            os.fsync(stream.fileno())
            _check(file, force)
            beside.replace(file)
    except BaseException:
        with suppress(FileNotFoundError):
            beside.unlink()
        raise
    _sync(file.parent)


def _check(file: Path, force: bool) -> None:
    if file.is_dir():
        raise CannotWrite(f"{file} is a folder: name a file in it.")
    if not file.parent.is_dir():
        raise CannotWrite(f"There is no folder {file.parent}: make it first.")
    if file.exists() and not force:
        raise CannotWrite(f"{file} is there already: --force replaces it.")


def _held(beside: Path, file: Path) -> int:
    descriptor = os.open(beside, os.O_RDWR | os.O_CREAT, PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(descriptor), beside.stat()):
            raise FileNotFoundError
    except (BlockingIOError, FileNotFoundError) as error:
        os.close(descriptor)
        raise CannotWrite(f"Another export is writing {file}: wait until it ends.") from error
    os.ftruncate(descriptor, 0)
    return descriptor


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
