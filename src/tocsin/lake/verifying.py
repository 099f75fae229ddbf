"""Is every file of the lake what its manifest says, and do its rows add up?"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tocsin.lake import columns
from tocsin.lake.segments import File, Segment, Segments
from tocsin.lake.tables import EVENTS, INCIDENTS, TABLES, Table

MEMORY = "1GB"
"""For adding up signed rows; what takes more goes to the disk."""
MOST = 100
"""Faults that are told one by one."""

Progress = Callable[[int, int], None]


@dataclass
class Verdict:
    """What was examined, and what is wrong with it."""

    segments: int = 0
    files: int = 0
    bytes: int = 0
    position: int = 0
    rows: dict[str, int] = field(default_factory=lambda: {each.name: 0 for each in TABLES})
    faults: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    """Files of no segment: of a writer that was killed, and goes on; or they are strangers."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(segments: Segments, progress: Progress = lambda _done, _total: None) -> Verdict:
    """Read every file again.

    Raises:
        LakeRefused: it cannot even be said which files there are.
    """
    verdict = Verdict()
    parts = segments.parts()
    total = sum(len(part.files) for part in parts)
    for part in parts:
        verdict.faults += _part(segments.folder, part, verdict)
        progress(verdict.files, total)
    verdict.segments, verdict.position = len(parts), parts[-1].last if parts else 0
    behind = segments.manifests()[len(segments.sealed()) :]
    if behind:
        verdict.faults.append(f"{behind[0].name} comes after a gap: segments before it are missing")
    known = {file.path for part in parts for file in part.files}
    verdict.left_over = sorted(
        str(path.relative_to(segments.folder))
        for table in TABLES
        for path in (segments.folder / table.name).rglob("*.parquet")
        if str(path.relative_to(segments.folder)) not in known
    )
    if verdict.ok:
        verdict.faults += _sums(segments)
    del verdict.faults[MOST:]
    return verdict


def _part(folder: Path, part: Segment, verdict: Verdict) -> Iterator[str]:
    """What is wrong with one segment, or with the tail."""
    positions: list[Any] = []
    for file in part.files:
        verdict.files += 1
        verdict.bytes += file.bytes
        verdict.rows[file.table] += file.rows
        fault, rows = _file(folder, file)
        if fault is not None:
            yield f"{file.path} {fault}"
            continue
        places = rows.column("position").to_numpy()
        if file.table == EVENTS.name:
            positions.append(places)
        if len(places) and not part.first <= places.min() <= places.max() <= part.last:
            yield f"{file.path} holds positions that are not of its range"
    found = np.sort(np.concatenate(positions)) if positions else np.array([])
    if not np.array_equal(found, np.arange(part.first, part.last + 1)):
        yield f"events of positions {part.first} to {part.last}: some are missing or there twice"


def _file(folder: Path, file: File) -> tuple[str | None, pa.Table]:
    """What is wrong with a file, and its rows."""
    path, table = folder / file.path, next(t for t in TABLES if t.name == file.table)
    nothing = columns.schema(table).empty_table()
    try:
        with path.open("rb") as opened:
            digest = file_digest(opened, "sha256").hexdigest()
        if path.stat().st_size != file.bytes:
            return f"has {path.stat().st_size} bytes, not {file.bytes}", nothing
        if digest != file.sha256:
            return "is not what was written: its sha256 differs from the manifest's", nothing
        rows = pq.ParquetFile(path).read()
    except FileNotFoundError:
        return "is missing", nothing
    except (OSError, pa.ArrowInvalid) as error:
        return f"cannot be read: {error}", nothing
    if rows.num_rows != file.rows:
        return f"has {rows.num_rows} rows, not {file.rows}", nothing
    if rows.schema != columns.schema(table):
        return "has other columns than the table", nothing
    return None, rows


def _sums(segments: Segments) -> Iterator[str]:
    """Rows that are said twice, or taken back without having been said."""
    with duckdb.connect() as engine:
        engine.execute(f"SET memory_limit = '{MEMORY}'")
        for table in TABLES:
            files = [str(path) for path in segments.files(table.name)]
            if not table.signed or not files:
                continue
            for incident, times in engine.execute(_uneven(table), [files]).fetchall():
                yield f"{table.name} says the same of incident {incident} {times} times"
            if table is INCIDENTS:
                for incident, times in engine.execute(_ONE_ROW, [files]).fetchall():
                    yield f"incidents has {times} rows of incident {incident}, not one"


def _uneven(table: Table) -> str:
    said = ", ".join(f'"{name}"' for name in table.names if name not in ("position", "sign"))
    return (
        "SELECT incident_id, sum(sign) FROM read_parquet(?, hive_partitioning = false)"
        f" GROUP BY incident_id, hash({said}) HAVING sum(sign) NOT IN (0, 1)"
        f" ORDER BY incident_id LIMIT {MOST}"
    )


_ONE_ROW = (
    "SELECT incident_id, sum(sign) FROM read_parquet(?, hive_partitioning = false)"
    f" GROUP BY incident_id HAVING sum(sign) <> 1 ORDER BY incident_id LIMIT {MOST}"
)
