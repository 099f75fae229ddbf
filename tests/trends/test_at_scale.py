"""The benchmark of trends: its lake is a lake like any other, and it runs at any size."""

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tocsin.lake import open_lake
from tocsin.lake.segments import Segments
from tocsin.lake.tables import TABLES, TEXT
from tocsin.lake.verifying import verify
from tocsin.settings import Settings
from tocsin.trends import Answer, Grain

BENCHMARKS = Path(__file__).parents[2] / "scripts" / "benchmarks"
COPIES = 3
PERCENTILE = re.compile(r"(first_)?p\d\d_")
ADDED = {"incidents", "count"}
"""Units of measures that are as many times as much in as many copies."""
NOT_OF_ONE_COPY = {"backlog", "recurrence", "survival"}
"""These look from one incident to others, or at the present: a copy is not the first one again."""


@pytest.fixture
def tiling(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("tiling")


@pytest.fixture
def tiles(tiling: ModuleType, tmp_path: Path) -> Any:
    """Copies of two segments of a thousand events."""
    return tiling.Tiles(tmp_path, copy=2, size=1_000)


def asked(segments: Segments) -> dict[str, Answer]:
    """Every trend, over all time."""
    settings = Settings(home=segments.lake)
    with open_lake(segments.lake, settings=settings, engine="duckdb") as lake:
        return {name: lake.trend(name, grain=Grain.ALL) for name in lake.trends}


def by_key(answer: Answer) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    """The measures of each row, by its dimensions."""
    heads = answer.heads
    keys = [place for place, head in enumerate(heads) if head.kind != "measure"]
    return {
        tuple(row[place] for place in keys): {
            head.name: value
            for head, value in zip(heads, row, strict=True)
            if head.kind == "measure"
        }
        for row in answer.rows
    }


def test_a_tiled_lake_passes_the_verification_of_any_lake(tiles: Any) -> None:
    """Whole copies, half of one, and a tail."""
    lake = tiles.lake(5)
    tiles.trail(lake, 300)
    verdict = verify(lake)
    assert verdict.faults == []
    assert (verdict.segments, verdict.position) == (6, 5_300)
    assert verdict.left_over == []


def test_trends_over_copies_are_as_many_times_those_over_one(tiles: Any) -> None:
    """Counts are added up; shares and means stay as they are. Percentiles lie between the lengths
    of two incidents, and where between them depends on how many there are."""
    one, more = asked(tiles.lake(2, "one")), asked(tiles.lake(2 * COPIES, "more"))
    compared = 0
    for name in one.keys() - NOT_OF_ONE_COPY:
        first, all_of_them = by_key(one[name]), by_key(more[name])
        assert first.keys() == all_of_them.keys(), name
        times = {head.name: COPIES if head.unit in ADDED else 1 for head in one[name].heads}
        times |= {head.name: COPIES for head in one[name].heads if head.name.endswith("hours")}
        averages = {head.name for head in one[name].heads if head.name.endswith("_each")}
        for key, measures in first.items():
            for measure, value in measures.items():
                if PERCENTILE.match(measure):
                    continue
                found = all_of_them[key][measure]
                wanted = value if value is None or measure in averages else value * times[measure]
                assert found == pytest.approx(wanted, rel=1e-3, abs=0.02), (name, key, measure)
                compared += 1
    assert compared > 150


def test_every_instant_of_a_copy_is_its_own_and_no_duration_is(tiling: ModuleType) -> None:
    """A column that is added to the lake is one or the other."""
    spent = {"goal_us", "spent_us", "paused_us", "major_us"}
    columns = {column for table in TABLES for column in table.columns}
    timed = {column.name for column in columns if column.name.endswith("_us")}
    assert set(tiling.DURATIONS) == spent == {n for n in timed if n in spent}
    assert set(tiling.NAMED) <= {column.name for column in columns if column.type == TEXT}


def test_the_benchmark_runs_at_a_tiny_size_and_is_resumed(
    tiling: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the tiles to the page and the picture; what is on record is not measured again."""
    trends, shown = (importlib.import_module(name) for name in ("trends", "trends_shown"))
    monkeypatch.setattr(trends, "segments", lambda millions: 2 * millions)
    monkeypatch.setattr(trends, "NEW", 300)
    told: list[str] = []
    small = tiling.Tiles(tmp_path / "lakes", copy=2, size=1_000)
    wanted = trends.Wanted(tmp_path, (1, 2), "duckdb", 1, small, told.append)
    found = list(trends.measured(wanted))
    assert [run["events"] for run in found] == [2_000, 4_000]
    assert all(run["seconds"].keys() == run["rows"].keys() for run in found)
    assert {"resolve-time", "time-in-state"} == found[0]["naive"].keys()
    assert min(found[0][what] for what in ("floor", "peak", "refreshed", "sealed", "again")) > 0
    told.clear()
    assert list(trends.measured(wanted)) == found == trends.on_record(tmp_path)
    assert told == [], "nothing was done again"
    page, picture = tmp_path / "page.md", tmp_path / "picture.svg"
    page.write_text(f"Before.\n{shown.BEGIN}\nfigures of last year\n{shown.END}\nAfter.\n")
    shown.page(found, page)
    shown.plot(found, picture)
    text = page.read_text()
    assert text.startswith("Before.\n")
    assert text.endswith("After.\n")
    assert "last year" not in text
    assert text.count("| duckdb |") == 2 + 2 * 2
    assert "duckdb: all trends" in picture.read_text()
