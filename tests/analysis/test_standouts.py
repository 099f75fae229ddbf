"""Signals over a lake: what was planted is found, with the numbers that justify it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.analysis import kit
from tocsin.analysis.asked import KINDS, Asked
from tocsin.analysis.standouts import Report, standouts
from tocsin.lake import open_lake
from tocsin.lake.lake import Lake
from tocsin.settings import Settings
from tocsin.trends import BadQuestion


@pytest.fixture(scope="module")
def lake(analysed: Settings) -> Iterator[Lake]:
    with open_lake(settings=analysed) as lake:
        yield lake


@pytest.fixture(scope="module")
def report(lake: Lake) -> Report:
    return standouts(lake, Asked())


@pytest.fixture(scope="module")
def by_category(lake: Lake) -> Report:
    return standouts(lake, Asked.read({"by": "category"}))


def test_the_week_from_which_on_there_are_more_is_a_change_point(report: Report) -> None:
    (found,) = report.found["change-points"]
    assert found["when"] == kit.FIRST + timedelta(weeks=kit.STEP)
    assert (found["before"] < 25, found["after"]) == (True, 60.0)
    assert found["p_value"] <= 0.01
    assert "from the week of 2026-05-25 on more: 60.0 a week" in found["words"]


def test_the_day_of_the_flood_is_unusual(report: Report) -> None:
    days = {each["when"]: each for each in report.found["unusual-days"]}
    assert days[kit.FLOOD]["observed"] == 40
    assert days[kit.FLOOD]["tail"] < 1e-10
    assert "40 on Wednesday 2026-04-15" in days[kit.FLOOD]["words"]


def test_the_category_that_rises_is_named(by_category: Report) -> None:
    (found,) = by_category.found["rising"]
    assert found["key"] == {"category": "vpn"}
    assert found["words"].startswith("category vpn: ")
    assert found["recent"] > 50 * found["expected"]


def test_the_printer_that_fails_again_and_again_recurs(report: Report) -> None:
    (found,) = report.found["recurring"]
    assert found["key"] == {"service": "print", "item": "PRN-7", "category": "printing"}
    assert (found["count"], found["most_in_window"], found["linked"]) == (15, 15, 0)
    assert found["first"] == kit.PRINTER
    assert len(found["references"]) == 10, "the last ones are named"


def test_a_day_that_was_not_over_is_not_judged(report: Report, lake: Lake) -> None:
    """The last event was recorded on a Friday: its few incidents so far would look like silence."""
    assert lake.as_of.date() == date(2026, 7, 31)
    assert "until 2026-07-31" in report.notes[0]
    assert all(each["when"] < date(2026, 7, 31) for each in report.found["unusual-days"])


def test_what_is_asked_for_is_what_is_looked_for(lake: Lake) -> None:
    asked = Asked.read({"kind": "recurring", "window": "2", "where": ["category=printing"]})
    report = standouts(lake, asked)
    assert list(report.found) == ["recurring"]
    assert report.notes == ()
    narrowed = Asked.read({"kind": ["rising", "recurring"], "to": "2026-06-01"})
    assert standouts(lake, narrowed).found["rising"] == []


def test_a_category_that_has_fallen_silent_is_known_to_be_silent(lake: Lake) -> None:
    """Its series goes on to the end of all of them, and not only to its own last incident."""
    asked = Asked.read({"kind": "change-points", "where": "category=printing"})
    assert "on 207 days from 2026-01-05" in standouts(lake, asked).notes[0]


def test_only_so_many_are_shown_and_the_rest_is_counted(lake: Lake) -> None:
    report = standouts(lake, Asked.read({"by": "category", "show": "1"}))
    assert [len(found) for found in report.found.values()] == [1, 1, 1, 1]
    assert any("signals of the kind unusual-days, 1 are given" in note for note in report.notes)


def test_a_report_says_of_what_it_is(report: Report, lake: Lake) -> None:
    said = report.said()
    assert said["position"] == lake.position == 4 * kit.INCIDENTS
    assert said["asked"]["kind"] == list(KINDS)
    assert {"change_points", "unusual_days", "rising", "recurring"} <= said.keys()


@pytest.mark.parametrize(
    ("asked", "field", "reason"),
    [
        ({"kind": "odd"}, "kind", "is one of change-points"),
        ({"colour": "red"}, "colour", "is not asked here. What is: kind, trend"),
        ({"by": "category,priority"}, "by", "is one dimension, or none"),
        ({"by": "colour"}, "by", "volume has no dimension 'colour'"),
        ({"measure": "void_percent"}, "measure", "is one of reported, resolved"),
        ({"trend": "volum"}, "trend", "Did you mean volume?"),
        ({"trend": "attainment"}, "trend", "cannot be asked day by day"),
        ({"window": "0"}, "window", "is a whole number from 1 to 366, not '0'"),
        ({"weeks": "many"}, "weeks", "is a whole number from 1 to 26, not 'many'"),
        ({"show": ["1", "2"]}, "show", "is said once, not 2 times"),
        ({"where": "status=closed"}, "where", "recurring incidents are chosen by priority"),
        ({"zone": "Mars"}, "zone", "is no time zone"),
    ],
)
def test_what_cannot_be_asked_is_told_by_its_name(
    lake: Lake, asked: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(BadQuestion) as refused:
        standouts(lake, Asked.read(asked))
    assert refused.value.field == field
    assert reason in refused.value.reason
