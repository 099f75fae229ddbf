"""Another engine gives the rows that DuckDB gives; `scripts/trends-conformance` asks them all."""

import re
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.trends.conformance import lakes
from tests.trends.conformance.drawn import draw
from tests.trends.conformance.lakes import Known
from tests.trends.conformance.running import Asked, Failed, ask, differences
from tocsin.lake.segments import Segments

HERE = Path(sys.executable)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return lakes.drawn(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return lakes.demonstration(tmp_path_factory.mktemp("demonstration"))


def both(known: Known, folder: Path, shapes: str) -> tuple[Asked, Asked]:
    """The answers of DuckDB and of ClickHouse, each in a process of its own, at the same time."""
    with ThreadPoolExecutor() as pool:
        ours = pool.submit(ask, HERE, "duckdb", known, folder / "duckdb", shapes=shapes)
        theirs = pool.submit(ask, HERE, "chdb", known, folder / "chdb", shapes=shapes)
        return ours.result(), theirs.result()


def test_every_trend_has_the_same_rows_on_clickhouse_whatever_the_columns_say(
    drawn: Known, tmp_path: Path
) -> None:
    """Of half a lake, and of all of it when the kept sums of that half are continued."""
    ours, theirs = both(drawn, tmp_path, "oddest")
    assert ours.answers.keys() == theirs.answers.keys()
    assert differences(ours, theirs) == []
    rows = {line["question"]["trend"]: 0 for line in ours.answers.values()}
    for line in ours.answers.values():
        rows[line["question"]["trend"]] += len(line["rows"])
    assert len(rows) >= 20
    assert [trend for trend, number in rows.items() if not number] == []


def test_every_trend_has_the_same_rows_on_clickhouse_for_the_demonstration(
    demonstration: Known, tmp_path: Path
) -> None:
    ours, theirs = both(demonstration, tmp_path, "usual")
    assert differences(ours, theirs) == []
    volume = [each for each in theirs.answers.values() if each["question"]["trend"] == "volume"]
    assert any(each["rows"] for each in volume)


def asked(**line: Any) -> Asked:
    whole = {"position": 8, "rows": [["2026-03", 1]], **line}
    return Asked({"whole: volume": whole}, 1.0, 1)


@pytest.mark.parametrize(
    ("theirs", "said"),
    [
        ({"rows": [["2026-03", 2]]}, r"lacks .*2026-03., 1.*, has .*2026-03., 2"),
        ({"rows": []}, r"\(1 and 0 rows\)"),
        ({"position": 7}, "up to 7, not 8"),
        ({"error": "It broke."}, "It broke."),
    ],
)
def test_an_answer_that_differs_is_noticed(theirs: Mapping[str, Any], said: str) -> None:
    (difference,) = differences(asked(), asked(**theirs))
    assert re.search(said, difference)


def test_rows_in_another_order_are_other_rows() -> None:
    """Whoever reads the answer reads it from the top."""
    one, other = asked(rows=[[1], [2]]), asked(rows=[[2], [1]])
    assert differences(one, one) == []
    assert len(differences(one, other)) == 1


def test_an_engine_that_gives_up_is_not_taken_for_one_that_agrees(
    drawn: Known, tmp_path: Path
) -> None:
    with pytest.raises(Failed, match="There is no engine 'abacus'"):
        ask(HERE, "abacus", drawn, tmp_path / "abacus")


def test_the_same_lot_draws_the_same_lake(drawn: Known, tmp_path: Path) -> None:
    """Or a difference that was found once could not be found again."""
    draw(tmp_path)
    ours, theirs = Segments(drawn.lake), Segments(tmp_path)
    assert [part.manifest for part in ours.parts()] == [part.manifest for part in theirs.parts()]
