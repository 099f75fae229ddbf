"""Where the files of the lake are, and which of them count.

A segment is there if its manifest is, which is written last; the tail is what came after the last
segment, in a folder that appears as a whole. Nothing here reads a file of columns.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from tocsin.lake.tables import TABLES, VERSION

FORMAT: Final = 1
SEGMENT: Final = 65_536
"""Positions of one segment. A lake keeps to what it began with, which `lake.json` says."""
IDENTITY, MANIFEST, LOCK = "lake.json", "manifest.json", "writer.lock"
_NAME = re.compile(r"(\d{12,})-(\d{12,})")


class LakeRefused(Exception):
    """The lake cannot be what it says it is. The sentence says why, and the way out."""


class Held(Exception):
    """Another process writes this lake."""


@dataclass(frozen=True)
class File:
    """One file of columns."""

    table: str
    path: str
    """From the folder of the lake's version."""
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Segment:
    """What one range of positions came to: a segment, or the tail."""

    first: int
    last: int
    mark: str
    """sha256 of the stored bytes of the last event: that it is still the same log."""
    occurred_us: tuple[int, int]
    recorded_us: tuple[int, int]
    """The earliest and the latest of its events."""
    files: tuple[File, ...]

    @property
    def name(self) -> str:
        """What its files are called."""
        return named(self.first, self.last)

    @property
    def manifest(self) -> bytes:
        """Its manifest: always the same bytes."""
        said = {**asdict(self), "format": FORMAT}
        option = orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        return orjson.dumps(said, option=option)

    @classmethod
    def read(cls, manifest: bytes) -> "Segment":
        """A segment as its manifest says.

        Raises:
            ValueError: it is none.
        """
        try:
            said = orjson.loads(manifest)
            if said.pop("format") != FORMAT:
                raise ValueError("another format")
            files = tuple(File(**each) for each in said.pop("files"))
            for name in ("occurred_us", "recorded_us"):
                earliest, latest = said[name]
                said[name] = (earliest, latest)
            return cls(**said, files=files)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no manifest: {error}") from error


def named(first: int, last: int) -> str:
    """How a range of positions is called."""
    return f"{first:012}-{last:012}"


def range_of(name: str) -> tuple[int, int] | None:
    """The first and the last position in a name."""
    found = _NAME.fullmatch(name)
    return (int(found[1]), int(found[2])) if found else None


class Segments:
    """What is there of a lake, in the version that this program writes and reads."""

    def __init__(self, lake: Path) -> None:
        self.lake = lake
        self.folder = lake / f"v{VERSION}"
        self._known: dict[Path, Segment] = {}

    def identity(self) -> dict[str, Any] | None:
        """What `lake.json` says; none where there is no lake yet.

        Raises:
            LakeRefused: it is of another program.
        """
        try:
            said: dict[str, Any] = orjson.loads((self.folder / IDENTITY).read_bytes())
            if said["format"] == FORMAT and said["segment"] > 0 and said["log"]:
                return said
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            pass
        raise LakeRefused(
            f"{self.folder / IDENTITY} is not of a lake that this version of Tocsin knows."
            " Set TOCSIN_LAKE_FOLDER to an empty folder."
        )

    @property
    def size(self) -> int:
        """How many positions a segment has."""
        said = self.identity()
        return int(said["segment"]) if said else SEGMENT

    def sealed(self) -> list[Segment]:
        """The segments, from the first position on without a gap.

        Raises:
            LakeRefused: a manifest cannot be read.
        """
        return [self._segment(path) for _, path in self._chain()]

    @property
    def last(self) -> Segment | None:
        """The last segment; none while there is none."""
        chain = list(self._chain())
        return self._segment(chain[-1][1]) if chain else None

    @property
    def end(self) -> int:
        """The position that the last segment ends with."""
        return max((last for last, _ in self._chain()), default=0)

    def _chain(self) -> Iterator[tuple[int, Path]]:
        """Where each segment ends, and its manifest, as far as there is no gap."""
        end = 0
        for (first, last), path in self._named(self.folder / "segments", ".json"):
            if first != end + 1:
                return
            yield last, path
            end = last

    def tail(self) -> Segment | None:
        """What came after the last segment, as far as it is written."""
        # What is sealed meanwhile has no tail any more: then it is looked at again.
        for _ in range(3):
            end = self.end
            for (first, _last), path in reversed(self._named(self.folder / "tail", "")):
                if first == end + 1:
                    with suppress(OSError):
                        return _read(path / MANIFEST)
            if self.end == end:
                break
        return None

    @property
    def position(self) -> int:
        """The position that the lake has come to."""
        tail = self.tail()
        return tail.last if tail else self.end

    def parts(self) -> list[Segment]:
        """All that there is: the segments, and the tail if there is one."""
        sealed, tail = self.sealed(), self.tail()
        if tail is not None and tail.first != (sealed[-1].last if sealed else 0) + 1:
            return self.parts()
        return [*sealed, *([tail] if tail else [])]

    def files(self, table: str) -> list[Path]:
        """The files that make up a table, in order.

        Raises:
            KeyError: there is no such table.
        """
        if table not in {each.name for each in TABLES}:
            raise KeyError(table)
        return [
            self.folder / file.path
            for part in self.parts()
            for file in part.files
            if file.table == table
        ]

    def tails(self) -> list[Path]:
        """The folder of every tail that is still there."""
        return [path for _, path in self._named(self.folder / "tail", "")]

    def manifests(self) -> list[Path]:
        """Every manifest of a segment, also of those behind a gap."""
        return [path for _, path in self._named(self.folder / "segments", ".json")]

    def _segment(self, path: Path) -> Segment:
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = _read(path)
        return known

    def _named(self, folder: Path, suffix: str) -> list[tuple[tuple[int, int], Path]]:
        """What lies in a folder under the name of a range, in order."""
        found = []
        with suppress(FileNotFoundError):
            for path in folder.iterdir():
                if path.name.endswith(suffix):
                    span = range_of(path.name.removesuffix(suffix))
                    if span is not None:
                        found.append((span, path))
        return sorted(found)


def _read(path: Path) -> Segment:
    try:
        return Segment.read(path.read_bytes())
    except ValueError as error:
        raise LakeRefused(
            f"{path} cannot be read ({error}). Remove {path.parent}: it is written anew."
        ) from error
