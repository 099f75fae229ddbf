"""An answer in every form: the same numbers, and what they mean beside them."""

import io

import orjson
import pyarrow as pa
import pytest

from tests.charts import kit
from tocsin.analysis.forms import FORMS, UNDER_A_TITLE, definition, described, rendered
from tocsin.charts import NothingToDraw
from tocsin.trends import Trend
from tocsin.trends.catalogue import trends


@pytest.fixture(scope="module")
def volume() -> Trend:
    return trends()["volume"]


def test_data_are_the_same_in_every_form(volume: Trend) -> None:
    answer = kit.by_category()
    told = orjson.loads(rendered(answer, volume, "json"))
    lines = rendered(answer, volume, "csv").decode().splitlines()
    table = pa.ipc.open_stream(io.BytesIO(rendered(answer, volume, "arrow"))).read_all()
    assert lines[0].split(",") == ["period", "category", "incidents"]
    assert len(lines) - 1 == table.num_rows == len(told["rows"]) == len(answer.rows)
    assert table.to_pylist() == answer.records()
    assert table.schema.field("incidents").metadata[b"unit"] == b"incidents"


def test_arrow_says_up_to_where_it_is_true(volume: Trend) -> None:
    stream = rendered(kit.volume(), volume, "arrow")
    schema = pa.ipc.open_stream(io.BytesIO(stream)).schema
    assert orjson.loads(schema.metadata[b"tocsin"])["position"] == 1_234_567


@pytest.mark.parametrize(
    ("form", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("html", b"<!DOCTYPE html>")]
)
def test_a_chart_is_a_form(volume: Trend, form: str, begins: bytes) -> None:
    assert rendered(kit.volume(), volume, form).startswith(begins)
    assert FORMS[form].drawn


def test_a_chart_of_a_number_that_is_not_there_is_refused(volume: Trend) -> None:
    with pytest.raises(NothingToDraw, match=r"measure: 'colour' is no number of volume\. There"):
        rendered(kit.volume(), volume, "svg", "colour")


def test_every_trend_is_described_and_its_definition_fits_under_a_title() -> None:
    for trend in trends().values():
        said = described(trend)
        assert said["definition"] == trend.doc
        assert orjson.dumps(said)
        short = definition(trend)
        assert short.endswith((".", "?"))
        assert len(short) < 2 * UNDER_A_TITLE
