"""The content of evidence: taken in piece by piece, sealed on its way, found again by its hash."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import UUID

from tocsin.domain.evidence.values import Condition
from tocsin.evidence import chunks
from tocsin.evidence.chunks import CHUNK, BadContent, KeyGone
from tocsin.evidence.places import (
    INCOMING,
    Folder,
    Found,
    NotThere,
    Place,
    Remote,
    StorageUnavailable,
    is_hash,
    left,
    started,
)
from tocsin.settings import Settings
from tocsin.store.sealing import Seals


class Stored(NamedTuple):
    """What became of content."""

    sha256: str
    """Of the bytes as they are stored, which are found under it."""
    content_sha256: str
    size: int
    stored_size: int
    key: str | None
    """The subject under whose key it is sealed."""


class NotReadable(Exception):
    """The content cannot be handed over, because of the condition that it is in."""

    def __init__(self, condition: Condition) -> None:
        super().__init__(f"The content is {condition}.")
        self.condition = condition


class Content(NamedTuple):
    """Content that was found whole."""

    chunks: Iterator[bytes]
    """What changes while it is read ends it with `NotReadable`."""


class Storage:
    """The content of all evidence of one installation."""

    def __init__(self, place: Place, seals: Seals) -> None:
        self.place, self._seals = place, seals

    @classmethod
    def open(cls, settings: Settings, seals: Seals) -> "Storage":
        """Open it where the settings say that it lies. Nothing is made before there is some.

        Raises:
            StorageUnavailable: nothing can lie there.
        """
        if settings.evidence_url:
            return cls(Remote(settings.evidence_url, settings.evidence_place / INCOMING), seals)
        return cls(Folder(settings.evidence_place), seals)

    def incoming(self, incident: UUID) -> "Incoming":
        """Begin to take something in for an incident.

        Raises:
            StorageUnavailable: nothing can be written.
        """
        key = self._seals.case(str(incident)) if self._seals.sealing else None
        return Incoming(self.place, key)

    def sealed_for(self, incident: UUID, key: str | None) -> bool:
        """Whether what is sealed for an incident now would be sealed under this key: not if its
        texts were forgotten in between, and the key is about to be destroyed."""
        return key is None or key == self._seals.case(str(incident))[0]

    @contextmanager
    def content(self, name: str) -> Iterator[Content]:
        """The content that is stored under a hash, after a look at all of it.

        Raises:
            NotReadable: it is not what was stored, is not there, or nobody can open it.
            StorageUnavailable: it cannot be reached.
        """
        try:
            with self.place.reading(name) as file:
                yield Content(self._checked(file, name))
        except NotThere as error:
            raise NotReadable(Condition.MISSING) from error

    def _checked(self, file: BinaryIO, name: str) -> Iterator[bytes]:
        digest = sha256()
        while part := file.read(CHUNK):
            digest.update(part)
        if digest.hexdigest() != name:
            raise NotReadable(Condition.ALTERED)
        file.seek(0)
        try:
            found = chunks.read_header(file)
            own = chunks.own_key(found, self._seals.key)
        except KeyGone as error:
            raise NotReadable(Condition.FORGOTTEN) from error
        except BadContent as error:
            raise NotReadable(Condition.ALTERED) from error
        return _whole(chunks.opened(file, found, own))

    def condition(self, name: str) -> Condition:
        """What a look at all that is stored under a hash comes to: every byte is read and opened.

        Raises:
            StorageUnavailable: it cannot be reached.
        """
        try:
            with self.content(name) as found:
                for _ in found.chunks:
                    pass
        except NotReadable as error:
            return error.condition
        return Condition.INTACT

    def remove(self, name: str) -> bool:
        """Let go of what is stored under a hash; whether it was there.

        Raises:
            StorageUnavailable: it cannot be reached.
        """
        return self.place.remove(name)

    def found(self) -> Iterator[Found]:
        """All that is stored, whole or not."""
        yield from self.place.found()
        yield from left(self.place.spool)

    def clear(self, name: str) -> None:
        """Let go of something that nobody refers to, whole or not."""
        if is_hash(name):
            self.place.remove(name)
        else:
            (self.place.spool / name).unlink(missing_ok=True)


def _whole(content: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from content
    except BadContent as error:
        raise NotReadable(Condition.ALTERED) from error


def _durable(file: BinaryIO) -> None:
    try:
        file.flush()
        os.fsync(file.fileno())
        file.close()
    except OSError as error:
        raise StorageUnavailable(f"The evidence cannot be written: {error}") from error


class Incoming:
    """Content on its way in: in a file that nobody refers to before it is whole."""

    def __init__(self, place: Place, key: chunks.Key | None) -> None:
        self._place = place
        self._header, self._own = chunks.header(key)
        self._path, self._file = started(place.spool)
        self._stored, self._content = sha256(), sha256()
        self._waiting = bytearray()
        self._number = 0
        self.size = self._stored_size = 0
        self._out(self._header.line)

    @property
    def path(self) -> Path:
        """The file that it grows in."""
        return self._path

    def write(self, data: bytes) -> None:
        """Take in some more."""
        self._content.update(data)
        self.size += len(data)
        if self._own is None:
            self._out(data)
            return
        self._waiting += data
        # What may be the last chunk waits: the last one says so.
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def finish(self) -> Stored:
        """Keep it, durably, under the hash of what is stored.

        Raises:
            StorageUnavailable: it cannot be kept. Nothing of it is left.
        """
        try:
            if self._own is not None:
                self._seal(bytes(self._waiting), last=True)
            _durable(self._file)
            name = self._stored.hexdigest()
            self._place.keep(self._path, name)
        except BaseException:
            self.abandon()
            raise
        key, stored_size = self._header.key, self._stored_size
        return Stored(name, self._content.hexdigest(), self.size, stored_size, key)

    def abandon(self) -> None:
        """Keep nothing of it."""
        with suppress(OSError):  # what is still to be written does not matter any more
            self._file.close()
        self._path.unlink(missing_ok=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        assert self._own is not None
        self._out(chunks.sealed(self._own, self._header, self._number, chunk, last=last))
        self._number += 1

    def _out(self, data: bytes) -> None:
        self._stored.update(data)
        self._stored_size += len(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise StorageUnavailable(f"The evidence cannot be written: {error}") from error
