"""Each shape of an answer has its chart, and each chart says what it is of."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.charts import kit
from tocsin.charts import NothingToDraw, chart
from tocsin.charts.palette import OTHERS, STYLES
from tocsin.charts.plan import Kind, planned
from tocsin.trends import Grain, Head

KINDS = {
    kit.volume: Kind.COLUMNS,
    kit.by_category: Kind.COLUMNS,
    kit.times: Kind.BAND,
    kit.shares: Kind.LINES,
    kit.survival: Kind.CURVE,
    kit.ranking: Kind.BARS,
    kit.grid: Kind.GRID,
}
HOSTILE = '</script><script>alert("x")</script>'


def texts(svg: str) -> list[str]:
    """Everything that is written in a picture."""
    return re.findall(r"<(?:text|tspan)[^>]*>([^<]+)</", svg)


def words(svg: str) -> str:
    return " ".join(texts(svg))


def values(spec: Any, *names: str) -> list[dict[str, Any]]:
    """The rows in a chart that have all these fields."""
    found = [row for rows in spec["datasets"].values() for row in rows]
    return [row for row in found if set(names) <= row.keys()]


def marks(spec: Any) -> list[dict[str, Any]]:
    """Everything that is drawn in a chart."""
    found = [spec] if "mark" in spec else []
    for part in ("vconcat", "layer"):
        for each in spec.get(part, ()):
            found += marks(each)
    return found


def encoding(spec: Any, kind: str, channel: str) -> Any:
    """How a channel of a mark is encoded."""
    return next(m["encoding"][channel] for m in marks(spec) if m["mark"]["type"] == kind)


@pytest.mark.parametrize("shape", kit.SHAPES, ids=lambda shape: shape.__name__)
def test_every_shape_has_its_chart(shape: Any) -> None:
    answer = shape()
    assert planned(answer).kind is KINDS[shape]
    svg = chart(answer, definition="What it means, in words.").svg()
    said = words(svg)
    assert answer.title in said
    assert "What it means, in words." in said
    assert "From the log up to position 1,234,567, recorded 2026-06-10 12:30 UTC." in said


def test_axes_name_the_unit_and_the_zone() -> None:
    svg = chart(kit.times(zone="Europe/Vienna")).svg()
    assert {"Time (hours)", "Week, by its Monday (Europe/Vienna)"} <= set(texts(svg))
    working = chart(kit.times(calendar="office")).svg()
    assert "Time (hours of the calendar office)" in texts(working)
    assert "Met (%)" in texts(chart(kit.shares()).svg())


def test_the_largest_are_named_and_the_rest_is_added_up() -> None:
    spec = chart(kit.by_category()).spec()
    rows = values(spec, "series", "foot")
    colours = encoding(spec, "bar", "color")["scale"]
    assert colours["domain"] == [*kit.CATEGORIES[:6], "2 others"]
    assert colours["range"][-1] == OTHERS.colour
    total = sum(row["number"] for row in rows)
    assert total == sum(kit.by_category().column("incidents"))
    tops = [row["head"] for row in rows if row["series"] == "2 others"]
    weeks = [sum(r["number"] for r in rows if r["period"] == w.isoformat()) for w in kit.WEEKS]
    assert tops == weeks, "they stand on the others"


def test_shares_of_what_is_left_out_are_not_added_up() -> None:
    heads = (kit.PERIOD, kit.CATEGORY, kit.INCIDENTS, kit.MET)
    rows = [(kit.WEEKS[0], name, 10 + n, 50.0) for n, name in enumerate(kit.CATEGORIES)]
    drawn = chart(kit.answer(*heads, rows=rows, by=("category",)))
    assert "Drawn: the 6 largest of 8; the others cannot be added up." in words(drawn.svg())
    assert len({row["series"] for row in values(drawn.spec(), "series")}) == 6


def test_series_differ_by_dash_and_shape_too() -> None:
    spec = chart(kit.shares()).spec()
    dashes = encoding(spec, "line", "strokeDash")["scale"]["range"]
    assert dashes == [[*style.dash] or [1, 0] for style in STYLES[:3]]
    shapes = encoding(spec, "point", "shape")["scale"]["range"]
    assert shapes == [style.shape for style in STYLES[:3]]


def test_numbers_in_which_people_count_stand_in_their_order() -> None:
    spec = chart(kit.shares()).spec()
    assert encoding(spec, "line", "color")["scale"]["domain"] == ["1", "2", "3"]
    grid = chart(kit.grid()).spec()
    assert encoding(grid, "rect", "x")["sort"] == ["1", "2", "3", "4", "5"]


def test_what_is_made_from_few_is_hollow_and_says_so() -> None:
    drawn = chart(kit.times())
    small = {row["period"] for row in values(drawn.spec(), "small") if row["small"]}
    assert kit.WEEKS[4].isoformat() in small
    assert "Hollow: made from fewer than 10." in words(drawn.svg())
    assert f"n = {sum(kit.times().column('incidents')):,} (incidents)." in words(drawn.svg())
    assert "Pale: made from fewer than 10." in words(chart(kit.ranking()).svg())
    assert "n = 4" in words(chart(kit.ranking()).svg())


def test_a_line_is_broken_where_there_was_nothing() -> None:
    """Neither a number that cannot be said, nor a week that is missing, is passed over."""
    answer = kit.times()
    missing = kit.answer(*answer.heads, rows=[row for row in answer.rows if row[0] != kit.WEEKS[9]])
    rows = values(chart(missing).spec(), "series", "value", "small")
    for week in (kit.WEEKS[2], kit.WEEKS[9]):
        of_week = [row["value"] for row in rows if row["period"] == week.isoformat()]
        assert of_week == [None, None]


def test_a_period_that_was_not_over_is_pale_and_says_so() -> None:
    drawn = chart(kit.volume())
    rows = values(drawn.spec(), "over")
    assert [row["over"] for row in rows] == [True] * 22 + [False]
    assert "The last week was not over and is pale." in words(drawn.svg())
    assert "The last week was not over." in words(chart(kit.shares()).svg())


def test_a_column_is_as_wide_as_its_period() -> None:
    rows = values(chart(kit.volume()).spec(), "end")
    assert rows[0]["end"] == (kit.WEEKS[0] + timedelta(days=7)).isoformat()
    monthly = kit.answer(
        kit.PERIOD, kit.INCIDENTS, rows=[(kit.WEEKS[0].replace(day=1), 5)], grain=Grain.MONTH
    )
    assert values(chart(monthly).spec(), "end")[0]["end"] == "2026-02-01"


def test_a_curve_shows_where_each_step_may_lie() -> None:
    rows = values(chart(kit.survival()).spec(), "low", "high", "along")
    first = [row for row in rows if row["series"] == "1" and row["known"]]
    assert [(r["along"], r["low"], r["value"], r["high"]) for r in first] == [
        (4, 52.0, 60.0, 67.0),
        (24, 84.0, 90.0, 94.0),
        (168, 96.0, 99.0, 100.0),
    ]
    assert "n = 740 (incidents)." in words(chart(kit.survival()).svg())


def test_what_is_left_over_is_made_from_all_that_it_adds_up() -> None:
    hours = Head("hours", "measure", "hours", "How long.")
    rows = [(f"Group {n:02}", 100 - n, float(n)) for n in range(40)]
    answer = kit.answer(kit.CATEGORY, kit.INCIDENTS, hours, rows=rows, grain=Grain.ALL)
    drawn = chart(answer)
    shown = [row["kind"] for row in values(drawn.spec(), "kind")]
    assert (shown[0], shown[-1], len(shown)) == ("Group 39", "10 others", 31), "by their hours"
    assert f"n = {sum(100 - n for n in range(40)):,} (incidents)." in words(drawn.svg())


def test_a_grid_says_what_it_has_no_room_for() -> None:
    rows = [(f"Category {n:02}", 1, n) for n in range(40)]
    heads = (kit.CATEGORY, kit.PRIORITY, kit.INCIDENTS)
    drawn = chart(kit.answer(*heads, rows=rows, grain=Grain.ALL))
    assert "Drawn: the 25 largest of 40, by category." in words(drawn.svg())


def test_another_number_can_be_drawn() -> None:
    said = words(chart(kit.times(), measure="incidents").svg())
    assert "Incidents" in said
    with pytest.raises(NothingToDraw, match="'colour' is no number of volume"):
        chart(kit.times(), measure="colour")


def test_where_there_is_no_number_nothing_is_drawn() -> None:
    for answer in (
        kit.answer(kit.PERIOD, kit.INCIDENTS, rows=[]),
        kit.answer(kit.PERIOD, kit.MET, rows=[(kit.WEEKS[0], None)]),
        kit.answer(kit.PERIOD, rows=[(kit.WEEKS[0],)]),
    ):
        with pytest.raises(NothingToDraw):
            chart(answer)


def test_a_narrowed_question_says_so() -> None:
    said = words(chart(kit.volume(where=(("priority", "1"), ("service", "")))).svg())
    assert "Only priority: 1, service: none." in said


def test_a_page_fetches_nothing() -> None:
    """A browser without a network shows it whole."""
    page = chart(kit.volume()).html()
    assert '<html lang="en">' in page
    assert "<title>Volume</title>" in page
    assert re.findall(r"""(?:src|href)\s*=\s*["']https?:""", page) == []
    assert re.findall(r"""\bimport\s*\(?\s*["']https?:""", page) == []


def test_what_people_wrote_cannot_act() -> None:
    """A category may be called anything."""
    heads = (kit.PERIOD, kit.CATEGORY, kit.INCIDENTS)
    answer = kit.answer(*heads, rows=[(kit.WEEKS[0], HOSTILE, 3)], title=HOSTILE, by=("category",))
    drawn = chart(answer)
    assert "<script>alert" not in drawn.svg()
    page = drawn.html()
    assert "<script>alert" not in page
    assert page.count("</script>") == chart(kit.volume()).html().count("</script>")
    assert r"\u003c/script>\u003cscript>alert" in page


def test_the_same_answer_is_the_same_picture() -> None:
    assert chart(kit.shares()).svg() == chart(kit.shares()).svg()
    assert chart(kit.volume()).png() == chart(kit.volume()).png()


def test_hours_of_parts_are_added_up_where_there_are_parts() -> None:
    hours = Head("hours", "measure", "hours", "How long.")
    each = Head("groups_each", "measure", "count", "How many each.")
    rows = [(kit.WEEKS[0], "network", 5, 10.0), (kit.WEEKS[0], "e-mail", 3, 2.5)]
    heads = (kit.PERIOD, kit.CATEGORY, kit.INCIDENTS, hours)
    assert planned(kit.answer(*heads, rows=rows)).main is hours
    average = planned(kit.answer(kit.PERIOD, each, rows=[(kit.WEEKS[0], 1.5)]))
    assert (average.kind, average.adds_up) == (Kind.LINES, False)
