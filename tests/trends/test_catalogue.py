"""A trend is found where somebody put it, and one that cannot work is named."""

from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, follow
from tests.trends.kit import cut, drawn, opened
from tocsin.trends.catalogue import trends
from tocsin.trends.definition import Misdefined

HOW_TO = DOCS / "how-to" / "write-a-trend.md"
WHOLE = '''"""How many."""
from tocsin.trends import Part, Trend
from tocsin.trends.measures import total
VERSION = 1
TREND = Trend(
    title="Mine",
    parts={"all": Part(table="incidents", moment="reported_us")},
    measures=(total("incidents", "all", "How many."),),
)
'''


def test_the_page_makes_a_trend_that_answers(tmp_path: Path) -> None:
    """The file of the how-to is put into a folder, found, and asked."""
    (file,) = follow(HOW_TO, tmp_path)
    rows = drawn(tmp_path, seed=3)
    place = cut(tmp_path / "lake", rows, [900])
    with opened(place, trends=(tmp_path / file).parent) as lake:
        answer = lake.trend("night-reports", grain="month")
        assert answer.names == ("period", "reported", "at_night", "at_night_percent")
        whole = lake.trend("volume", grain="month")
        valid = sum(whole.column("reported")) - sum(whole.column("void"))
        assert sum(answer.column("reported")) == valid
        assert 0 < sum(answer.column("at_night")) < sum(answer.column("reported"))


def test_a_file_of_ones_own_is_a_trend(tmp_path: Path) -> None:
    (tmp_path / "my_own.py").write_text(WHOLE)
    found = trends(tmp_path)
    assert found["my-own"].doc == "How many."
    assert list(found) == sorted(found)
    assert found.keys() - trends().keys() == {"my-own"}


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("volume.py", WHOLE, "There are two trends volume"),
        ("Loud.py", WHOLE, "cannot be called 'Loud'"),
        ("mine.py", WHOLE.replace("VERSION = 1", ""), "lacks its VERSION"),
        ("mine.py", WHOLE.replace('"""How many."""', ""), "lacks a docstring"),
        ("mine.py", '"""How many."""\nVERSION = 1', "lacks `TREND = Trend"),
        ("mine.py", "1 +", "cannot be read: SyntaxError"),
        ("mine.py", WHOLE.replace('"incidents", moment', '"events2", moment'), "reads 'events2'"),
        ("mine.py", WHOLE.replace('"incidents", "all"', '"group", "all"'), "two columns group"),
        ("mine.py", WHOLE.replace('"Mine",', '"Mine", always=("x",),'), "has no dimension x"),
    ],
)
def test_a_trend_that_cannot_work_is_named_with_what_it_lacks(
    tmp_path: Path, file: str, text: str, sentence: str
) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(Misdefined) as refused:
        trends(tmp_path)
    assert sentence in str(refused.value)
