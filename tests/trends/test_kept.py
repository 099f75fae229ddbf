"""A question asked again reads only what is new, and never rests on what no longer holds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.trends.kit import agree, cut, drawn, expected, opened, told
from tocsin.lake import Lake, NoLake, columns, open_lake
from tocsin.settings import Settings
from tocsin.trends import BadQuestion, Grain, Question

VOLUME = Question(trend="volume", grain=Grain.MONTH)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> columns.Arrow:
    return drawn(tmp_path_factory.mktemp("drawn"), seed=5)


@pytest.fixture
def place(rows: columns.Arrow, tmp_path: Path) -> Path:
    return cut(tmp_path / "lake", rows, [500, 1_000], tail=1_100)


@pytest.fixture
def lake(place: Path) -> Iterator[Lake]:
    with opened(place) as lake:
        yield lake


@pytest.fixture
def read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that the engine is asked to read."""
    names: list[str] = []
    parquet = lake.engine.parquet

    def noting(name: str, files: Sequence[Path]) -> Any:
        names.extend(file.parent.name if "tail" in str(file) else file.stem for file in files)
        return parquet(name, files)

    monkeypatch.setattr(lake.engine, "parquet", noting)
    return names


FIRST, SECOND, TAIL = (
    f"{first:012}-{last:012}" for first, last in ((1, 500), (501, 1_000), (1_001, 1_100))
)


def test_a_question_asked_again_reads_the_tail_alone(lake: Lake, read: list[str]) -> None:
    first = lake.ask(VOLUME)
    assert {*read} == {FIRST, SECOND, TAIL}
    read.clear()
    assert lake.ask(VOLUME) == first
    assert {*read} == {TAIL}


def test_a_new_segment_is_added_to_what_is_kept(
    lake: Lake, place: Path, rows: columns.Arrow, read: list[str]
) -> None:
    lake.ask(VOLUME)
    read.clear()
    cut(place, rows, [1_050], tail=1_100)
    agree(told(lake.ask(VOLUME)), expected(lake, rows, VOLUME))
    assert {name for name in read if name <= f"{1_001:012}"} == set()


def test_dates_ask_for_a_part_of_what_is_kept(lake: Lake, read: list[str]) -> None:
    whole = lake.ask(VOLUME)
    read.clear()
    since = whole.rows[1][0]
    assert lake.ask(replace(VOLUME, since=since)).rows == whole.rows[1:]
    assert {*read} == {TAIL}


def test_another_version_of_a_trend_finds_nothing_kept(lake: Lake, read: list[str]) -> None:
    lake.ask(VOLUME)
    read.clear()
    trends = dict(lake.trends)
    trends["volume"] = replace(trends["volume"], version=trends["volume"].version + 1)
    lake.trends = trends
    lake.ask(VOLUME)
    assert FIRST in read


def test_a_changed_definition_finds_nothing_kept_though_its_version_was_forgotten(
    lake: Lake, read: list[str]
) -> None:
    before = lake.ask(VOLUME)
    read.clear()
    trends = dict(lake.trends)
    part = trends["volume"].parts["reported"]
    fewer = replace(part, rows=lambda t: t.priority == 1)
    trends["volume"] = replace(
        trends["volume"], parts={**trends["volume"].parts, "reported": fewer}
    )
    lake.trends = trends
    assert sum(lake.ask(VOLUME).column("reported")) < sum(before.column("reported"))
    assert FIRST in read


def test_what_is_kept_and_damaged_is_worked_out_anew(lake: Lake) -> None:
    before = lake.ask(VOLUME)
    for file in lake.kept.glob("*.parquet"):
        file.write_bytes(file.read_bytes()[:40])
    assert lake.ask(VOLUME) == before


def test_a_kept_result_from_beyond_the_lake_is_not_believed(
    tmp_path: Path, rows: columns.Arrow, lake: Lake
) -> None:
    """As when a lake was written anew from a log that was restored."""
    lake.ask(VOLUME)
    shorter = cut(tmp_path / "restored", rows, [400])
    (shorter / "v1" / "kept").mkdir()
    for file in lake.kept.glob("*.parquet"):
        (shorter / "v1" / "kept" / file.name).write_bytes(file.read_bytes())
    with opened(shorter) as restored:
        agree(told(restored.ask(VOLUME)), expected(restored, rows, VOLUME))


def test_no_more_results_are_kept_than_was_said(place: Path) -> None:
    with opened(place, trends_kept=4) as lake:
        for trend in ("volume", "reopens", "satisfaction"):
            lake.trend(trend)
        assert len(list(lake.kept.glob("*.parquet"))) == 4


def test_who_asks_for_too_much_is_told_how_much_it_is(lake: Lake) -> None:
    number = len(lake.ask(VOLUME).rows)
    sentence = f"limit: the answer has {number} rows, more than {number - 1}"
    with pytest.raises(BadQuestion, match=sentence):
        lake.ask(replace(VOLUME, limit=number - 1))


def test_a_calendar_is_that_of_the_policy_in_the_lake(lake: Lake) -> None:
    with pytest.raises(BadQuestion, match="the policy has no 'mars'"):
        lake.trend("close-time", calendar="mars")


def test_a_trend_that_is_not_there_is_said_to_be_near_another(lake: Lake) -> None:
    with pytest.raises(BadQuestion, match="Did you mean volume"):
        lake.trend("volumes")


def test_a_lake_without_a_row_answers_with_none(tmp_path: Path, rows: columns.Arrow) -> None:
    nothing = {name: table.slice(0, 0 if name != "events" else 3) for name, table in rows.items()}
    with opened(cut(tmp_path / "empty", nothing, [3])) as lake:
        for name in lake.trends:
            assert lake.trend(name).rows == (), name


def test_where_there_is_no_lake_it_is_said_how_to_have_one(tmp_path: Path) -> None:
    with pytest.raises(NoLake, match="tocsin serve"):
        open_lake(tmp_path, settings=Settings(home=tmp_path))


def test_an_answer_is_the_same_in_every_form(lake: Lake) -> None:
    answer = lake.trend("acknowledge-time", by=("major",), zone="Europe/Berlin")
    assert answer.csv().splitlines()[0] == ",".join(answer.names)
    assert len(answer.csv().splitlines()) == len(answer.rows) + 1
    table = answer.arrow()
    assert [tuple(row.values()) for row in table.to_pylist()] == list(answer.rows)
    assert table.schema.field("period").type == pa.date32()
    assert table.schema.field("p50_seconds").metadata[b"unit"] == b"seconds"
    said = answer.json()
    assert said["rows"][0][0] == answer.rows[0][0].isoformat()
    assert said["position"] == 1_100
    assert "Periods are those of Europe/Berlin." in said["notes"]
    assert answer.bytes().startswith(b'{"trend":"acknowledge-time"')
