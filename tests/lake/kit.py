"""A real log with a plausible history, and lakes of small segments over it."""

import os
import threading
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from tests.readmodels.streams import plausible
from tests.store.samples import told
from tests.whatif.kit import published, record
from tocsin.domain.kernel import Recorded, replace
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.lake.origin import mark_at
from tocsin.lake.segments import FORMAT, IDENTITY, Segments
from tocsin.lake.tables import TABLES, Table
from tocsin.lake.writer import Writer
from tocsin.settings import Settings
from tocsin.store.entries import Entry, Stored
from tocsin.store.log import Log

SIZE = 64
"""Positions of a segment in tests."""


def grow(log: Log, history: Sequence[Recorded[Any]], at_once: int = 50) -> None:
    """Append a history that was made in memory, event by event in its order."""
    entries = [
        Entry(
            command_id=(command_id := uuid5(NAMESPACE_URL, f"{each.stream}/{each.version}")),
            fingerprint=b"",
            drafts=(replace(each, position=0, command_id=command_id),),
            answer=told,
        )
        for each in history
    ]
    for start in range(0, len(entries), at_once):
        outcomes = log.commit(entries[start : start + at_once])
        assert all(isinstance(outcome, Stored) for outcome in outcomes), outcomes


def recorded(
    settings: Settings, incidents: int = 40, document: str = "", seed: int = 3
) -> Settings:
    """Write a history, with a policy that was published in the midst of it."""
    history = plausible(incidents, seed=seed, interleaved=12)
    with closing(Log.open(settings, writer=True)) as log:
        grow(log, history[: len(history) // 2])
        if document:
            record(log, POLICY_STREAM, published(2, document))
        grow(log, history[len(history) // 2 :])
    return settings


def planted(settings: Settings, size: int = SIZE) -> Segments:
    """The beginning of a lake whose segments are small."""
    segments = Segments(settings.lake_place)
    segments.folder.mkdir(parents=True)
    with closing(Log.open(settings)) as log:
        said = {"format": FORMAT, "segment": size, "log": mark_at(log, 1)}
    (segments.folder / IDENTITY).write_bytes(orjson.dumps(said))
    return segments


def beside(settings: Settings, name: str) -> Settings:
    """The same log, and another lake."""
    return replace(settings, lake_folder=settings.home.parent / name)


def caught_up(settings: Settings, processes: int = 1) -> Segments:
    """The lake, once everything in the log is in it."""
    with closing(Log.open(settings)) as log:
        assert Writer(log, settings, processes=processes).catch_up(threading.Event())
    return Segments(settings.lake_place)


def lake(settings: Settings, processes: int = 1) -> Segments:
    """A new lake of small segments, up to date."""
    planted(settings)
    return caught_up(settings, processes)


def contents(segments: Segments) -> dict[str, bytes]:
    """Every file that is sealed, by its path."""
    return {
        str(path.relative_to(segments.folder)): path.read_bytes()
        for path in sorted(segments.folder.rglob("*"))
        if path.is_file() and path.suffix in (".parquet", ".json") and "tail" not in path.parts
    }


def stamps(segments: Segments) -> dict[Path, tuple[int, int]]:
    """Which file it is, and when it was written, of everything that is there but the lock."""
    return {
        path: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(segments.folder.rglob("*"))
        if path.is_file() and path.name != "writer.lock"
    }


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """What a process runs under that is to have these settings."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    said = {f"TOCSIN_{name.upper()}": value for name, value in more.items()}
    return {**ours, **settings.environment(), **said}


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def rows(segments: Segments, table: Table) -> list[dict[str, Any]]:
    """All rows of a table, in order."""
    read = [pq.ParquetFile(path).read() for path in segments.files(table.name)]
    if not read:
        return []
    found: list[dict[str, Any]] = pa.concat_tables(read).to_pylist()
    return sorted(found, key=lambda row: (row["position"], str(row)))


def held(segments: Segments) -> dict[str, dict[str, int]]:
    """What holds in the end: each row of each signed table, and how often it is said."""
    found: dict[str, dict[str, int]] = {}
    for table in TABLES:
        if table.signed:
            sums = found.setdefault(table.name, {})
            for row in rows(segments, table):
                del row["position"]
                sign, text = row.pop("sign"), str(row)
                sums[text] = sums.get(text, 0) + sign
    return {name: {k: n for k, n in sums.items() if n} for name, sums in found.items()}
