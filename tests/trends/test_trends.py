"""Every trend says what anybody would who looks at what holds in the end, row by row."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.trends.conformance.drawn import NIGHT, OFFICE
from tests.trends.kit import agree, cut, drawn, expected, opened, told
from tests.trends.oracle_more import ORACLES
from tocsin.lake import Lake, columns
from tocsin.trends import Grain, Question, Resolution
from tocsin.trends.catalogue import trends
from tocsin.trends.definition import Trend

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
ALL = dict(trends())
LIMIT = 1_000_000
UNSHRUNK = (Phase.explicit, Phase.generate)
"""To find a smaller example would take longer than to look at this one."""


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> columns.Arrow:
    return drawn(tmp_path_factory.mktemp("drawn"), seed=11)


@pytest.fixture(scope="module")
def lake(rows: columns.Arrow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    last = rows["events"].num_rows
    place = tmp_path_factory.mktemp("lakes") / "lake"
    cut(place, rows, [last // 4, last * 2 // 3], tail=last)
    with opened(place) as lake:
        yield lake


def test_every_trend_has_an_oracle_of_its_own() -> None:
    assert set(ORACLES) == set(ALL)


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_trend_says_what_holds_in_the_end(lake: Lake, rows: columns.Arrow, name: str) -> None:
    question = replace(ALL[name].question, limit=LIMIT)
    found = lake.ask(question)
    assert found.rows
    agree(told(found), expected(lake, rows, question))


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_trend_is_right_in_every_zone_and_slice(
    lake: Lake, rows: columns.Arrow, name: str
) -> None:
    question = drawn_question(Random(name), ALL[name])
    agree(told(lake.ask(question)), expected(lake, rows, question))


@given(st.randoms(use_true_random=False), st.sets(st.integers(1, 99), max_size=3))
@settings(max_examples=4, phases=UNSHRUNK, suppress_health_check=[*HealthCheck])
def test_what_is_continued_is_what_is_built_anew(
    rows: columns.Arrow,
    tmp_path_factory: pytest.TempPathFactory,
    dice: Random,
    cuts: set[int],
) -> None:
    """Asked again after each segment, a trend says at last what it says of the whole at once."""
    folder, last = tmp_path_factory.mktemp("cut"), rows["events"].num_rows
    sealed = [last * percent // 100 for percent in sorted(cuts)]
    asked = [drawn_question(dice, ALL[name]) for name in dice.sample(sorted(ALL), k=2)]
    with opened(cut(folder / "at-once", rows, sealed, tail=last)) as whole:
        at_once = [whole.ask(question) for question in asked]
    for place, end in enumerate(sealed):
        cut(folder / "grown", rows, [end], tail=(*sealed, last)[place + 1] * dice.randint(0, 1))
        with opened(folder / "grown") as growing:
            for question in asked:
                growing.ask(question)
    with opened(cut(folder / "grown", rows, [], tail=last)) as grown:
        for question, wanted in zip(asked, at_once, strict=True):
            found = grown.ask(question)
            assert found == wanted
            agree(told(found), expected(grown, rows, question))


def drawn_question(dice: Random, trend: Trend) -> Question:
    """Some question that a trend can be asked."""
    names = [each.name for each in trend.dimensions if each.name != "held_by"]
    fields: dict[str, Any] = {
        "by": tuple(dice.sample(names, k=dice.randint(0, 2))),
        "grain": dice.choice(trend.grains),
        "zone": dice.choice(ZONES),
        "limit": LIMIT,
    }
    if "priority" in names and dice.random() < 0.3:
        fields["where"] = (("priority", "2"), ("priority", ""), ("major", "false"))
    if trend.timed:
        fields["calendar"] = dice.choice((None, OFFICE, NIGHT, "24x7"))
        fields["resolution"] = dice.choice([*Resolution])
    if fields["grain"] is not Grain.ALL and dice.random() < 0.3:
        since = date(2022, 11, 1) + timedelta(dice.randint(0, 400))
        fields |= {"since": since, "until": since + timedelta(dice.randint(40, 200))}
    return Question(trend=trend.name, **fields)
