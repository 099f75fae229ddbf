"""Delta tables beside the lake: what is sealed, once, whoever exports it and however often."""

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import deltalake
import pytest

from tests.lake import kit
from tests.readmodels.streams import plausible
from tocsin.domain.kernel import replace
from tocsin.lake import extra
from tocsin.lake.delta import APPLICATION, Delta
from tocsin.lake.extra import MissingExtra
from tocsin.lake.segments import LakeRefused, Segments
from tocsin.lake.tables import EVENTS, INCIDENTS, SPELLS, TABLES
from tocsin.lake.writer import Writer
from tocsin.settings import Settings
from tocsin.store.log import Log


def sealed_rows(segments: Segments, table: str) -> int:
    files = [file for segment in segments.sealed() for file in segment.files]
    return sum(file.rows for file in files if file.table == table)


def there(folder: Path, table: str) -> Any:
    return deltalake.DeltaTable(str(folder / table)).to_pyarrow_table()


def the_same(segments: Segments, folder: Path) -> bool:
    """Whether each Delta table has every sealed row, once."""
    for table in TABLES:
        wanted = [row for row in kit.rows(segments, table) if row["position"] <= segments.end]
        found = there(folder, table.name)
        months = found.column("month").to_pylist()
        rows = found.drop_columns(["month"]).to_pylist()
        assert all(len(month) == len("2026-03") for month in months)
        if sorted(map(str, rows)) != sorted(map(str, wanted)):
            return False
    return True


def test_each_sealed_row_is_there_once_and_a_rerun_appends_nothing(
    settings: Settings, tmp_path: Path
) -> None:
    segments, folder = kit.lake(settings), tmp_path / "delta"
    delta = Delta(segments, folder)
    assert delta.catch_up() == len(TABLES) * len(segments.sealed())
    assert delta.catch_up() == 0
    assert Delta(segments, folder).catch_up() == 0
    assert the_same(segments, folder)
    table = deltalake.DeltaTable(str(folder / "events"))
    assert table.transaction_version(APPLICATION) == segments.end
    assert table.metadata().partition_columns == ["month"]


def test_it_grows_with_the_lake(tmp_path: Path) -> None:
    settings, folder = Settings(home=tmp_path / "home"), tmp_path / "delta"
    history = plausible(20, seed=2)
    with closing(Log.open(settings, writer=True)) as log:
        kit.grow(log, history[:70])
        segments = kit.planted(settings)
        writer = Writer(log, settings)
        writer.sealed = Delta(segments, folder).catch_up
        assert writer.catch_up(threading.Event())
        assert there(folder, "events").num_rows == kit.SIZE
        kit.grow(log, history[70:])
        assert writer.catch_up(threading.Event())
    assert the_same(segments, folder)


def test_an_exporter_that_died_between_two_tables_is_continued(
    settings: Settings, tmp_path: Path
) -> None:
    """And one that died between the lake and Delta: the lake was ahead."""
    segments, folder = kit.lake(settings), tmp_path / "delta"
    half = Delta(segments, folder)
    for segment in segments.sealed()[:2]:
        half._append(EVENTS, half._table(EVENTS), segment)
    half._append(SPELLS, half._table(SPELLS), segments.sealed()[0])
    Delta(segments, folder).catch_up()
    assert the_same(segments, folder)


def test_a_second_exporter_is_refused_by_delta(settings: Settings, tmp_path: Path) -> None:
    """Both look at the table before either appends."""
    segments, folder = kit.lake(settings), tmp_path / "delta"
    first = segments.sealed()[0]
    one, two = Delta(segments, folder), Delta(segments, folder)
    mine, theirs = one._table(INCIDENTS), two._table(INCIDENTS)
    assert one._append(INCIDENTS, mine, first)
    assert not two._append(INCIDENTS, theirs, first)
    assert two.catch_up() == len(TABLES) * len(segments.sealed()) - 1
    assert the_same(segments, folder)


def test_exporters_at_once_double_nothing(settings: Settings, tmp_path: Path) -> None:
    segments, folder = kit.lake(settings), tmp_path / "delta"
    threads = [
        threading.Thread(target=Delta(Segments(segments.lake), folder).catch_up) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert the_same(segments, folder)


def test_tables_of_another_log_are_left_alone(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "delta"
    Delta(kit.lake(settings), folder).catch_up()
    other = kit.recorded(Settings(home=tmp_path / "other"), incidents=20, seed=5)
    with pytest.raises(LakeRefused, match=r"not of this log.*Name another folder"):
        Delta(kit.lake(other), folder).catch_up()


def test_without_the_library_it_says_how_to_get_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = {**extra.LIBRARIES, "delta": ("no_such_library",)}
    monkeypatch.setattr(extra, "LIBRARIES", missing)
    with pytest.raises(MissingExtra, match=r"pip install 'tocsin\[delta\]'"):
        Delta(kit.lake(settings), tmp_path / "delta")
    assert replace(settings, lake_delta=tmp_path).lake_delta == tmp_path
