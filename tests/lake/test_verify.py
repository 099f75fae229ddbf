"""Whatever is wrong with a lake is named: each damage is done, and found."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.lake import kit
from tocsin.domain.kernel import replace
from tocsin.lake.segments import File, LakeRefused, Segment, Segments
from tocsin.lake.verifying import verify
from tocsin.settings import Settings


def file_of(segments: Segments, table: str) -> tuple[Segment, File]:
    segment = segments.sealed()[1]
    return segment, next(file for file in segment.files if file.table == table)


def rewritten(segments: Segments, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Forge a file, and its manifest so that it agrees."""
    segment, file = file_of(segments, table)
    path = segments.folder / file.path
    pq.write_table(change(pq.ParquetFile(path).read()), path)
    rows, size = pq.ParquetFile(path).metadata.num_rows, path.stat().st_size
    forged = replace(file, rows=rows, bytes=size, sha256=kit.digest(path))
    files = tuple(forged if each is file else each for each in segment.files)
    manifest = segments.folder / "segments" / f"{segment.name}.json"
    manifest.write_bytes(replace(segment, files=files).manifest)


def faults(segments: Segments) -> str:
    return "\n".join(verify(Segments(segments.lake)).faults)


def test_a_byte_that_changed_is_found(settings: Settings) -> None:
    segments = kit.lake(settings)
    _, file = file_of(segments, "incidents")
    path = segments.folder / file.path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    wrong = "is not what was written: its sha256 differs from the manifest's"
    assert faults(segments) == f"{file.path} {wrong}"


def test_a_file_that_is_gone_or_too_short_is_found(settings: Settings) -> None:
    segments = kit.lake(settings)
    _, gone = file_of(segments, "spells")
    _, short = file_of(segments, "timers")
    (segments.folder / gone.path).unlink()
    (segments.folder / short.path).write_bytes(b"PAR1")
    assert f"{gone.path} is missing" in faults(segments)
    assert f"{short.path} has 4 bytes, not {short.bytes}" in faults(segments)


def test_a_segment_that_is_gone_leaves_a_gap(settings: Settings) -> None:
    segments = kit.lake(settings)
    first, second, third = segments.manifests()[:3]
    second.unlink()
    assert f"{third.name} comes after a gap" in faults(segments)
    first.unlink()
    assert f"{third.name} comes after a gap" in faults(segments)


def test_events_that_are_missing_or_there_twice_are_found(settings: Settings) -> None:
    segments = kit.lake(settings)
    wrong = f"events of positions {kit.SIZE + 1} to {2 * kit.SIZE}: some are missing or there twice"
    rewritten(segments, "events", lambda rows: rows.slice(1))
    assert wrong in faults(segments)
    rewritten(segments, "events", lambda rows: pa.concat_tables([rows, rows.slice(0, 2)]))
    assert wrong in faults(segments)


def test_rows_of_another_range_are_found(settings: Settings) -> None:
    segments = kit.lake(settings)
    _, file = file_of(segments, "spells")
    rewritten(
        segments,
        "spells",
        lambda rows: rows.set_column(
            0, rows.schema.field(0), pc.add(rows.column("position"), 10_000)
        ),
    )
    assert f"{file.path} holds positions that are not of its range" in faults(segments)


@pytest.mark.parametrize("table", ["incidents", "spells", "timers"])
def test_what_is_said_twice_is_found(settings: Settings, table: str) -> None:
    segments = kit.lake(settings)
    rewritten(segments, table, lambda rows: pa.concat_tables([rows, rows]))
    assert f"{table} says the same of incident" in faults(segments)


def test_what_is_taken_back_and_was_never_said_is_found(settings: Settings) -> None:
    segments = kit.lake(settings)

    def denied(rows: pa.Table) -> pa.Table:
        place = rows.schema.get_field_index("sign")
        minus = pa.array([-1] * rows.num_rows, pa.int64())
        return rows.set_column(place, rows.schema.field(place), minus)

    rewritten(segments, "spells", denied)
    assert "-1 times" in faults(segments)


def test_an_incident_with_two_rows_is_found(settings: Settings) -> None:
    """Each row is said once; but they are of the same incident."""
    segments = kit.lake(settings)

    def renamed(rows: pa.Table) -> pa.Table:
        added = rows.filter(pc.equal(rows.column("sign"), 1)).slice(0, 1)
        place = rows.schema.get_field_index("reference")
        other = pa.array(["INC9999999"], pa.string())
        twin = added.set_column(place, rows.schema.field(place), other)
        return pa.concat_tables([rows, twin])

    rewritten(segments, "incidents", renamed)
    assert "incidents has 2 rows of incident" in faults(segments)


def test_other_columns_are_found(settings: Settings) -> None:
    segments = kit.lake(settings)
    _, file = file_of(segments, "events")
    rewritten(segments, "events", lambda rows: rows.drop_columns(["via"]))
    assert f"{file.path} has other columns than the table" in faults(segments)


def test_a_file_of_no_segment_is_told_and_is_no_fault(settings: Settings) -> None:
    segments = kit.lake(settings)
    stray = segments.folder / "events" / "month=1999-01" / "stray.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"")
    verdict = verify(segments)
    assert (verdict.ok, verdict.left_over) == (True, ["events/month=1999-01/stray.parquet"])


@pytest.mark.parametrize("said", [b"{", b"{}", b'{"format": 1}', b'{"format": 2}'])
def test_a_manifest_that_cannot_be_read_is_refused(settings: Settings, said: bytes) -> None:
    segments = kit.lake(settings)
    segments.manifests()[1].write_bytes(said)
    with pytest.raises(LakeRefused, match="cannot be read"):
        verify(Segments(segments.lake))


def test_a_segment_is_what_its_manifest_says(settings: Settings) -> None:
    for path in kit.lake(settings).manifests():
        content = path.read_bytes()
        assert Segment.read(content).manifest == content
        assert orjson.loads(content)["last"] == int(Path(path).stem[-12:])
