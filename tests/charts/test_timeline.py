"""Lanes: what lasted, and what happened, by the clocks of a zone."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.charts.test_charts import texts, values
from tocsin.charts import NoCharts, NothingToDraw, check, gantt
from tocsin.charts.timeline import LABELS

NOON = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
"""In the night in which clocks in Vienna are put forward."""
HOUR = timedelta(hours=1)
SPELLS = [
    ("State", "new", NOON, NOON + HOUR),
    ("State", "in-progress", NOON + HOUR, NOON + 9 * HOUR),
    ("Clock", "resolution", NOON, NOON + 8 * HOUR),
    ("Clock", "first response", NOON, NOON + HOUR / 2),
]
MARKS = [("Events", "acknowledged", NOON + HOUR), ("Events", "a word later", NOON + 1.05 * HOUR)]


def test_lanes_stand_in_the_order_given() -> None:
    svg = gantt(SPELLS, MARKS, title="INC0000001", footer=["Position 26."]).svg()
    said = texts(svg)
    lanes = [each for each in said if each in ("State", "Clock", "Events")]
    assert lanes == ["State", "Clock", "Events"]
    assert {"INC0000001", "Position 26.", "Time (UTC)", "acknowledged"} <= set(said)


def test_what_would_cover_another_goes_one_row_down() -> None:
    spec = gantt(SPELLS, MARKS).spec()
    rows = {row["label"]: row["row"] for row in values(spec, "label", "row")}
    assert rows["resolution"] != rows["first response"]
    assert rows["acknowledged"] != rows["a word later"], "their labels would cover each other"
    assert rows["resolution"].startswith("Clock\n")


def test_times_are_those_of_the_clocks_on_the_wall() -> None:
    """An hour that did not exist is not drawn: at 00:30 UTC it is 01:30, an hour later 03:30."""
    spec = gantt(SPELLS, zone="Europe/Vienna").spec()
    new = next(row for row in values(spec, "label", "begin") if row["label"] == "new")
    assert (new["begin"], new["end"]) == ("2026-03-29T01:30:00.000Z", "2026-03-29T03:30:00.000Z")
    assert new["from"] == "2026-03-29 01:30:00 CET"


def test_a_very_long_story_is_cut_and_says_so() -> None:
    marks = [("Events", f"event {n}", NOON + n * HOUR) for n in range(LABELS + 7)]
    said = " ".join(texts(gantt([], marks).svg()))
    assert "7 more are not drawn." in said


def test_nothing_is_not_drawn() -> None:
    with pytest.raises(NothingToDraw, match="neither a spell nor a moment"):
        gantt([])


def test_who_lacks_the_libraries_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(NoCharts, match=r"pip install 'tocsin\[charts\]' \(altair is missing\)"):
        check()
