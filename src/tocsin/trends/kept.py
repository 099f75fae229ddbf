"""Results that are kept, so that a question asked again reads only what is new.

A result is the sums up to the end of a segment, as Parquet; how far it has come stands in the file
itself, and a file is replaced as a whole, so no result is ever half of one position and half of
another. It is known by everything that it depends on: the lake, the engine, the trend and its
version, and the very expression. Whatever changes one of them finds nothing kept.
"""

import contextlib
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

POSITION = b"tocsin.position"
COMPLETE = ".parquet"


@dataclass(frozen=True)
class Kept:
    """The results that are kept of one lake."""

    folder: Path
    most: int
    """More than these are not kept: the ones that were not asked for longest go."""

    def file(self, *parts: object) -> Path:
        """Where a result is, that depends on all these."""
        key = sha256("\0".join(map(str, parts)).encode()).hexdigest()
        return self.folder / f"{key[:40]}{COMPLETE}"

    def read(self, file: Path, end: int) -> tuple[int, pa.Table] | None:
        """A result and how far it has come; none if there is none, or one from beyond `end`."""
        try:
            rows = pq.read_table(file)
            position = int(rows.schema.metadata[POSITION])
        except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError):
            return None
        if not 0 < position <= end:
            return None
        with contextlib.suppress(OSError):
            os.utime(file)
        return position, rows.replace_schema_metadata()

    def write(self, file: Path, position: int, rows: pa.Table) -> None:
        """Keep a result, in place of the one that was there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.stem}.{os.getpid()}.draft")
        said = rows.replace_schema_metadata({POSITION: str(position)})
        with draft.open("wb") as sink:
            pq.write_table(said, sink, compression="zstd")
            sink.flush()
            os.fsync(sink.fileno())
        draft.replace(file)
        self._forget()

    def _forget(self) -> None:
        there = []
        for file in self.folder.glob(f"*{COMPLETE}"):
            with contextlib.suppress(OSError):
                there.append((file.stat().st_mtime_ns, file))
        for _, file in sorted(there)[: max(0, len(there) - self.most)]:
            file.unlink(missing_ok=True)
