"""The bytes of a file, plain or compressed, a little at a time and however much they unpack to.

A stream that ends early is not the same as one that is finished, and a reader must know: whoever
believes a torn file imports half a row.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import zstandard

from tocsin.importers.report import UnreadableFile

CHUNK = 256 * 1024
"""Bytes that are read, and unpacked from gzip, at a time."""
ZSTD_SLICE = 128
"""Compressed bytes that are unpacked at a time. Four of them can stand for 128 KiB, so this keeps
what a hostile file can put into memory at once at 4 MiB."""
MAX_WINDOW = 128 * 1024 * 1024
"""Memory that a zstd frame may ask for."""

GZIP, ZSTD, ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04"


class Torn(Exception):
    """The bytes end early or make no sense from here on. What came before them is sound."""


class _Unpacker(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def unpack(self, data: bytes) -> Iterator[bytes]: ...


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        # Tape padding after the last member is lawful.
        return self._stream.unused_data.lstrip(b"\0")

    def unpack(self, data: bytes) -> Iterator[bytes]:
        while data and not self._stream.eof:
            yield self._stream.decompress(data, CHUNK)
            data = self._stream.unconsumed_tail


class _Zstd:
    def __init__(self) -> None:
        unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        self._stream: Any = unpacker.decompressobj()
        self._unused = b""

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def unused_data(self) -> bytes:
        return self._unused

    def unpack(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), ZSTD_SLICE):
            yield self._stream.decompress(data[start : start + ZSTD_SLICE])
            if self._stream.eof:
                self._unused = self._stream.unused_data + data[start + ZSTD_SLICE :]
                return


class Bytes:
    """A file's unpacked bytes. What it is, its first bytes say, not its name."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            UnreadableFile: it is not there, or an archive.
        """
        try:
            self._file = path.open("rb")
            self.total = path.stat().st_size
        except OSError as error:
            raise UnreadableFile(f"{path} cannot be opened: {error.strerror}.") from error
        self.consumed = 0
        """Bytes read so far, of `total`."""
        start = self._read(CHUNK)
        if start.startswith(ZIP):
            self._file.close()
            raise UnreadableFile(f"{path} is a zip archive: unpack it first.")
        self._start = start

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in pieces.

        Raises:
            Torn: the compressed bytes end early or are damaged; all before was yielded.
        """
        kind: type[_Gzip | _Zstd]
        if self._start.startswith(GZIP):
            kind = _Gzip
        elif self._start.startswith(ZSTD):
            kind = _Zstd
        else:
            return self._raw()
        return self._unpacked(kind)

    def _read(self, size: int) -> bytes:
        try:
            data = self._file.read(size)
        except OSError as error:
            raise Torn(f"The file cannot be read on: {error.strerror}.") from error
        self.consumed += len(data)
        return data

    def _raw(self) -> Iterator[bytes]:
        data = self._start
        while data:
            yield data
            data = self._read(CHUNK)

    def _unpacked(self, kind: type[_Gzip | _Zstd]) -> Iterator[bytes]:
        unpacker: _Unpacker = kind()
        fresh = True
        for packed in self._raw():
            data = packed
            while data:
                try:
                    yield from unpacker.unpack(data)
                except (zlib.error, zstandard.ZstdError) as error:
                    raise Torn(
                        f"The compressed data are damaged before byte {self.consumed}: {error}."
                    ) from error
                fresh = unpacker.eof
                data = unpacker.unused_data if fresh else b""
                if fresh:
                    unpacker = kind()
        if not fresh:
            raise Torn("The compressed data end early: the file is cut off.")
