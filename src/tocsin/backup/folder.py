"""Files and folders that are there whole or not at all."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from tocsin.backup.manifest import (
    BackupTrouble,
    BackupUnavailable,
    Interrupted,
    Kept,
    Show,
    Stop,
    never,
    silent,
)
from tocsin.drivers import sqlite3
from tocsin.unavailable import StoreUnavailable

BLOCK = 1 << 20
MODE_FOLDER, MODE_FILE = 0o700, 0o600


@contextmanager
def growing(target: Path) -> Iterator[Path]:
    """A folder beside `target` that takes its name when the block has ended well.

    Whatever a death leaves behind has another name, and the next one clears it away.

    Raises:
        BackupTrouble: there is something at `target`, or somebody else is at it.
        BackupUnavailable: it cannot be written.
    """
    target = target.absolute()
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise BackupTrouble(f"There is something at {target} already: it is not overwritten.")
    new = target.with_name(f".{target.name}.unfinished")
    with trouble(target):
        target.parent.mkdir(mode=MODE_FOLDER, parents=True, exist_ok=True)
        new.mkdir(mode=MODE_FOLDER, exist_ok=True)
    with held(new):
        try:
            with trouble(target):
                emptied(new)
                yield new
                settle(new)
                new.replace(target)
                settle(target.parent)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Nobody else works in a folder meanwhile.

    Raises:
        BackupTrouble: somebody does.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise BackupTrouble(f"Another process is at work in {folder}.") from error
        yield
    finally:
        os.close(descriptor)


def emptied(folder: Path) -> None:
    """Clear away what is in a folder."""
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        else:
            each.unlink()


def kept(file: Path, show: Show = silent, stop: Stop = never) -> Kept:
    """The size and the hash of a file.

    Raises:
        Interrupted: `stop` said so.
    """
    digest, done, total = sha256(), 0, file.stat().st_size
    with file.open("rb") as reading:
        while block := reading.read(BLOCK):
            if stop():
                raise Interrupted
            digest.update(block)
            done += len(block)
            show(file.name, done, total)
    return Kept(bytes=done, sha256=digest.hexdigest())


def copied(file: Path, new: Path, show: Show = silent, stop: Stop = never) -> Kept:
    """Copy a file, for its owner alone and durably; its size and hash as they were read.

    Raises:
        Interrupted: `stop` said so.
    """
    digest, done, total = sha256(), 0, file.stat().st_size
    new.touch(mode=MODE_FILE)
    with file.open("rb") as reading, new.open("wb") as writing:
        while block := reading.read(BLOCK):
            if stop():
                raise Interrupted
            digest.update(block)
            writing.write(block)
            done += len(block)
            show(file.name, done, total)
        writing.flush()
        os.fsync(writing.fileno())
    return Kept(bytes=done, sha256=digest.hexdigest())


def settle(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def trouble(place: Path) -> Iterator[None]:
    """What the disk or a file on it refuses, in one sentence."""
    try:
        yield
    except StoreUnavailable:
        raise
    except OSError as error:
        said = error.strerror or str(error)
        raise BackupUnavailable(f"{error.filename or place}: {said}.") from error
    except sqlite3.Error as error:
        raise BackupUnavailable(f"{place}: {error}.") from error


def discarded(file: Path) -> None:
    """Let a file go, if it is there."""
    with suppress(FileNotFoundError):
        file.unlink()
