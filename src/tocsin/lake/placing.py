"""Putting files into the lake: whole, durably, and under a name that says what they hold.

Files are made in a folder of their own, flushed, and renamed to where they belong; the manifest
comes last. Whoever writes the same range again writes the same bytes to the same names, so it does
no harm when a writer dies in between, or when two write at once.
"""

import fcntl
import os
import shutil
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Final

import orjson
import pyarrow as pa

from tocsin.lake import columns
from tocsin.lake.segments import (
    FORMAT,
    IDENTITY,
    LOCK,
    MANIFEST,
    SEGMENT,
    File,
    Held,
    Segment,
    Segments,
    named,
)
from tocsin.lake.tables import EVENTS, TABLES, Table

PARTS: Final = ".part"
STALE_SECONDS: Final = 3_600.0
"""Half-written files of other machines that are older are of writers that died."""
GRACE_SECONDS: Final = 60.0
"""How long a tail is kept after another has taken its place: somebody may be reading it."""


class Placing:
    """The lake, for its one writer on this machine."""

    def __init__(self, segments: Segments) -> None:
        self.segments, self.folder = segments, segments.folder
        self._gone: dict[Path, float] = {}
        """Tails that were replaced, and when that was noticed."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else on this machine writes here meanwhile.

        Raises:
            Held: somebody does already.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Held(f"Another process writes the lake {self.folder}.") from None
            self._sweep()
            yield
        finally:
            os.close(lock)

    def identify(self, log: str) -> None:
        """Write down of which log this is, if nobody has."""
        if self.segments.identity() is None:
            said = {"format": FORMAT, "segment": SEGMENT, "log": log}
            self._written(self.folder / IDENTITY, orjson.dumps(said))

    def seal(self, first: int, last: int, mark: str, rows: columns.Arrow) -> Segment:
        """Put a segment in place. What a killed writer left of it is replaced by the same."""
        with self._workshop(named(first, last)) as workshop:
            placed, files = [], []
            for table in TABLES:
                for month, some in columns.by_month(table, rows[table.name]):
                    path = f"{table.name}/month={month}/{named(first, last)}.parquet"
                    made = workshop / f"{table.name}-{month}"
                    files.append(self._made(table, some, made, path))
                    placed.append((made, self.folder / path))
            _flush(made for made, _ in placed)
            self._put(placed)
        segment = _segment(first, last, mark, rows, files)
        self._written(self.folder / "segments" / f"{segment.name}.json", segment.manifest)
        return segment

    def trail(self, first: int, last: int, mark: str, rows: columns.Arrow) -> Segment:
        """Put a tail in place, as a whole folder, beside the ones before it."""
        name = named(first, last)
        with self._workshop(f"tail-{name}") as workshop:
            files = [
                self._made(
                    table,
                    rows[table.name],
                    workshop / f"{table.name}.parquet",
                    f"tail/{name}/{table.name}.parquet",
                )
                for table in TABLES
            ]
            segment = _segment(first, last, mark, rows, files)
            (workshop / MANIFEST).write_bytes(segment.manifest)
            _flush([*workshop.iterdir(), workshop])
            place = self._folder(self.folder / "tail") / name
            with suppress(OSError):  # it is there already, and the same
                workshop.rename(place)
            _flush([place.parent])
        return segment

    def clean(self, first: int, last: int) -> None:
        """Remove the tails that were replaced a while ago; the one of this range is in use."""
        now, current = time.monotonic(), named(first, last)
        replaced = [path for path in self.segments.tails() if path.name != current]
        self._gone = {path: self._gone.get(path, now) for path in replaced}
        for path, since in self._gone.items():
            if now - since >= GRACE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)

    def discard_tail(self) -> None:
        """Remove every tail: they are not of this log."""
        for path in self.segments.tails():
            shutil.rmtree(path, ignore_errors=True)

    def _made(self, table: Table, rows: pa.Table, file: Path, path: str) -> File:
        content = columns.parquet(table, rows)
        with file.open("wb") as opened:
            opened.write(content)
        digest = sha256(content).hexdigest()
        return File(table.name, path, rows.num_rows, content.size, digest)

    def _put(self, placed: Iterable[tuple[Path, Path]]) -> None:
        folders = set()
        for made, place in placed:
            folders.add(self._folder(place.parent))
            made.replace(place)
        _flush(sorted(folders))

    def _folder(self, folder: Path) -> Path:
        """A folder, made durably if it is not there."""
        if not folder.is_dir():
            self._folder(folder.parent)
            folder.mkdir(exist_ok=True)
            _flush([folder.parent])
        return folder

    def _written(self, file: Path, content: bytes) -> None:
        """One small file, in place durably or not at all."""
        with self._workshop(file.name) as workshop:
            (workshop / file.name).write_bytes(content)
            _flush([workshop / file.name])
            self._put([(workshop / file.name, file)])

    @contextmanager
    def _workshop(self, name: str) -> Iterator[Path]:
        """A folder of our own, in which files are made."""
        parts = self.folder / PARTS
        workshop = parts / f"{socket.gethostname()}.{os.getpid()}.{name}"
        shutil.rmtree(workshop, ignore_errors=True)
        workshop.mkdir(parents=True)
        try:
            yield workshop
        finally:
            shutil.rmtree(workshop, ignore_errors=True)

    def _sweep(self) -> None:
        """Remove what a writer that died has left half made: one of this machine, as we hold the
        lock; one of another, after a long time."""
        ours, old = f"{socket.gethostname()}.", time.time() - STALE_SECONDS
        parts = self.folder / PARTS
        with suppress(FileNotFoundError):
            for path in list(parts.iterdir()):
                with suppress(FileNotFoundError):
                    if path.name.startswith(ours) or path.stat().st_mtime < old:
                        shutil.rmtree(path, ignore_errors=True)


def _segment(
    first: int, last: int, mark: str, rows: columns.Arrow, files: Iterable[File]
) -> Segment:
    events = rows[EVENTS.name]
    assert events.num_rows == last - first + 1, "every position has its event"
    spans = {name: tuple(columns.span(events, name)) for name in ("occurred_us", "recorded_us")}
    empty = Segment(first, last, mark, (0, 0), (0, 0), tuple(files))
    return replace(empty, **spans)  # type: ignore[arg-type]


def _flush(paths: Iterable[Path]) -> None:
    """Have files and folders on the disk. Many at once cost little more than one."""
    for path in paths:
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
