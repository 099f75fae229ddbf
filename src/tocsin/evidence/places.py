"""Where stored bytes lie: a folder of this machine, or whatever `fsspec` reaches, such as S3."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any, BinaryIO, NamedTuple, Protocol
from uuid import uuid4

from tocsin.unavailable import StoreUnavailable

INCOMING = "incoming"
_NAME = frozenset("0123456789abcdef")


class StorageUnavailable(StoreUnavailable):
    """The evidence cannot be read or written at the moment. The sentence says why."""


class NotThere(Exception):
    """Nothing is stored under that name."""


class Found(NamedTuple):
    """Something that is stored."""

    name: str
    """The SHA-256 of its bytes; of what never became whole, any other name."""
    seconds: float
    """Its age."""


class Place(Protocol):
    """Where stored bytes lie, under their hash."""

    @property
    def spool(self) -> Path:
        """The folder in which they grow until they are whole."""
        ...

    def keep(self, file: Path, sha256: str) -> None:
        """Take a whole file over, durably: after this it is there under its hash."""
        ...

    def reading(self, sha256: str) -> "Any":
        """A context with the bytes as a file.

        Raises:
            NotThere: there are none.
        """
        ...

    def remove(self, sha256: str) -> bool:
        """Let go of them; whether they were there."""
        ...

    def found(self) -> Iterator[Found]:
        """All that is stored."""
        ...


def is_hash(name: str) -> bool:
    """Whether this is the name of something whole."""
    return len(name) == 64 and set(name) <= _NAME


def started(spool: Path) -> tuple[Path, BinaryIO]:
    """A new file that nobody else can read, to grow in."""
    try:
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = spool / uuid4().hex
        return path, os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b")
    except OSError as error:
        raise StorageUnavailable(f"Nothing can be written to {spool}: {error.strerror}") from error


def left(spool: Path) -> Iterator[Found]:
    """What grew and never became whole."""
    with suppress(FileNotFoundError), os.scandir(spool) as files:
        for each in files:
            with suppress(FileNotFoundError):
                yield Found(each.name, time() - each.stat().st_mtime)


class Folder:
    """A folder of this machine, for nobody else to read."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.spool = root / INCOMING

    def _path(self, sha256: str) -> Path:
        assert is_hash(sha256), "a name that is no hash could lead anywhere"
        return self._root / sha256[:2] / sha256

    def keep(self, file: Path, sha256: str) -> None:
        path = self._path(sha256)
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            file.rename(path)
            _settle(path.parent)
            _settle(self._root)
        except OSError as error:
            raise StorageUnavailable(f"Cannot keep {path}: {error.strerror}") from error

    @contextmanager
    def reading(self, sha256: str) -> Iterator[BinaryIO]:
        try:
            file = self._path(sha256).open("rb")
        except FileNotFoundError as error:
            raise NotThere(sha256) from error
        except OSError as error:
            raise StorageUnavailable(f"Cannot read {sha256}: {error.strerror}") from error
        with file:
            yield file

    def remove(self, sha256: str) -> bool:
        path = self._path(sha256)
        try:
            path.unlink()
            _settle(path.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageUnavailable(f"Cannot remove {path}: {error.strerror}") from error
        return True

    def found(self) -> Iterator[Found]:
        for shard in sorted(self._root.glob("[0-9a-f][0-9a-f]")):
            for file in sorted(shard.iterdir()):
                with suppress(FileNotFoundError):
                    yield Found(file.name, time() - file.stat().st_mtime)


def _settle(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Remote:
    """What `fsspec` reaches. What grows, grows here, and is sent when it is whole."""

    def __init__(self, url: str, spool: Path) -> None:
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise StorageUnavailable(
                "TOCSIN_EVIDENCE_URL takes the extra `evidence-s3`: pip install"
                " 'tocsin[evidence-s3]'."
            ) from error
        try:
            files, root = url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StorageUnavailable(f"TOCSIN_EVIDENCE_URL {url}: {error}") from error
        self._files: Any = files
        self._root, self.spool = str(root).rstrip("/"), spool

    def _path(self, sha256: str) -> str:
        assert is_hash(sha256), "a name that is no hash could lead anywhere"
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def keep(self, file: Path, sha256: str) -> None:
        path, size = self._path(sha256), file.stat().st_size
        with _trouble(f"Cannot keep {sha256}"):
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._files.put_file(str(file), path)
            self._files.invalidate_cache()
            there = self._files.info(path)["size"]
        if there != size:
            raise StorageUnavailable(f"Cannot keep {sha256}: {there} of {size} bytes arrived.")
        file.unlink()

    @contextmanager
    def reading(self, sha256: str) -> Iterator[BinaryIO]:
        """A copy that is made first: what is far away is asked once."""
        path, copy = started(self.spool)
        try:
            with copy:
                with _trouble(f"Cannot read {sha256}"):
                    try:
                        self._files.get_file(self._path(sha256), str(path))
                    except FileNotFoundError as error:
                        raise NotThere(sha256) from error
                with path.open("rb") as file:
                    yield file
        finally:
            path.unlink(missing_ok=True)

    def remove(self, sha256: str) -> bool:
        with _trouble(f"Cannot remove {sha256}"):
            self._files.invalidate_cache()
            # Some services say nothing when what they are to remove is not there.
            there: bool = self._files.exists(self._path(sha256))
            if there:
                self._files.rm_file(self._path(sha256))
        return there

    def found(self) -> Iterator[Found]:
        with _trouble("Cannot list the evidence"):
            self._files.invalidate_cache()
            for path in sorted(self._files.find(self._root)):
                changed: datetime = self._files.modified(path)
                changed = changed if changed.tzinfo else changed.replace(tzinfo=UTC)
                age = datetime.now(UTC) - changed
                yield Found(path.rpartition("/")[2], age.total_seconds())


@contextmanager
def _trouble(what: str) -> Iterator[None]:
    try:
        yield
    except (StorageUnavailable, NotThere, AssertionError):
        raise
    except Exception as error:  # whatever the driver of that service raises
        raise StorageUnavailable(f"{what}: {type(error).__name__}: {error}") from error
