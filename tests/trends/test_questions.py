"""A question says what it wants, or is told what is possible instead."""

from datetime import date
from typing import Any

import pytest

from tocsin.trends import BadQuestion, Grain, Question, Resolution
from tocsin.trends.catalogue import trends

ALL = trends()


def test_a_request_says_all_that_a_question_can() -> None:
    texts: dict[str, Any] = {
        "by": "category,group",
        "grain": "month",
        "from": "2026-01-01",
        "to": "2026-04-01",
        "zone": "Europe/London",
        "calendar": "office",
        "where": ["priority=1", "priority=2", "group="],
        "resolution": "exact",
        "limit": "50",
    }
    question = Question.read("resolve-time", texts)
    assert question == Question(
        trend="resolve-time",
        by=("category", "group"),
        grain=Grain.MONTH,
        since=date(2026, 1, 1),
        until=date(2026, 4, 1),
        zone="Europe/London",
        calendar="office",
        where=(("priority", "1"), ("priority", "2"), ("group", "")),
        resolution=Resolution.EXACT,
        limit=50,
    )
    said = question.said()
    assert said.pop("trend") == "resolve-time"
    assert Question.read("resolve-time", {**said, "limit": "50"}) == question


def test_a_notebook_may_use_plain_words() -> None:
    loose: dict[str, Any] = {"by": ["category"], "grain": "year", "resolution": "exact"}
    question = Question(trend="volume", **loose)
    assert (question.by, question.grain) == (("category",), Grain.YEAR)
    assert question.resolution is Resolution.EXACT
    assert Question(trend="volume", **{**loose, "by": "group"}).by == ("group",)


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("grain", "hour", "is one of day, week, month, quarter, year, all, not 'hour'"),
        ("zone", "Europe/Lundon", "no time zone of the IANA list. Did you mean Europe/London?"),
        ("from", "yesterday", "is a date as in 2026-03-01, not 'yesterday'"),
        ("where", "priority", "is as in priority=1, not 'priority'"),
        ("limit", "many", "is a whole number, not 'many'"),
        ("limit", "0", "is from 1 to 1,000,000, not 0"),
        ("resolution", "fine", "is one of log, exact, not 'fine'"),
        ("by", "group,group", "names group twice"),
        ("sort", "up", "is not a part of a question"),
        ("grain", ["day", "week"], "is said once, not 2 times"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_the_name_of_its_field(
    field: str, text: Any, sentence: str
) -> None:
    with pytest.raises(BadQuestion) as refused:
        Question.read("volume", {field: text})
    assert refused.value.field == field
    assert sentence in refused.value.reason


def test_nothing_lies_between_a_day_and_one_before_it() -> None:
    with pytest.raises(BadQuestion, match="to: 2026-01-01 is not after 2026-01-01"):
        Question(trend="volume", since=date(2026, 1, 1), until=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("trend", "fields", "sentence"),
    [
        ("volume", {"by": ("colour",)}, "by: volume has no dimension 'colour'. It has priority,"),
        ("volume", {"where": (("colour", "red"),)}, "where: volume has no dimension 'colour'"),
        ("volume", {"where": (("priority", "high"),)}, "priority is a whole number, not 'high'"),
        ("volume", {"where": (("major", "yes"),)}, "major is true or false, not 'yes'"),
        ("volume", {"calendar": "office"}, "calendar: volume measures no durations"),
        ("volume", {"resolution": "exact"}, "resolution: volume measures no durations"),
        ("backlog", {"by": ("state", "held_by")}, "by: is about state or about held_by, not both"),
    ],
)
def test_a_trend_says_what_it_cannot_answer(
    trend: str, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadQuestion) as refused:
        ALL[trend].checked(Question(trend=trend, **fields))
    assert sentence in str(refused.value)


def test_what_is_always_sliced_by_comes_first() -> None:
    trend = ALL["attainment"]
    question = Question(trend="attainment", by=("priority", "agreement"))
    names = [head.name for head in trend.heads(question)]
    assert names[:4] == ["period", "agreement", "measure", "priority"]


@pytest.mark.parametrize("name", sorted(ALL))
def test_every_column_of_a_trend_is_explained(name: str) -> None:
    trend = ALL[name]
    assert len(trend.doc.splitlines()) > 2, "its definition in words"
    for head in trend.heads(Question(trend=name, by=tuple(d.name for d in trend.dimensions))):
        assert head.doc.endswith("."), head
        assert head.unit, head
