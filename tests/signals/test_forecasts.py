"""An interval that kept its word is given, one that did not is withheld, with the reason."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.worlds import START, drawn, flat, office, series
from tocsin.signals import BadParameter, Forecast, NoForecast, Series, forecast


def test_a_steady_office_gets_the_week_before_with_an_interval_that_was_right() -> None:
    counts = drawn(np.random.default_rng(60), office(400, 40))
    given_ = forecast(series(counts), 10)
    assert isinstance(given_, Forecast)
    assert given_.coverage == pytest.approx(0.8, abs=0.06)
    assert given_.worst_coverage == pytest.approx(0.8, abs=0.12)
    assert given_.tried >= 40
    assert [START + timedelta(days=400 + n) for n in range(10)] == [e.when for e in given_.expected]
    assert [*counts[-7:], *counts[-7:-4]] == [each.point for each in given_.expected]
    assert all(0 <= each.low <= each.point <= each.high for each in given_.expected)


def test_more_certainty_takes_more_room() -> None:
    made = series(drawn(np.random.default_rng(61), office(500, 40)))
    some, more = forecast(made, 7, nominal=0.6), forecast(made, 7, nominal=0.9)
    assert isinstance(some, Forecast)
    assert isinstance(more, Forecast)
    for narrow, wide in zip(some.expected, more.expected, strict=True):
        assert (wide.low <= narrow.low, wide.high >= narrow.high) == (True, True)
        assert wide.high - wide.low > narrow.high - narrow.low


def test_what_became_wild_gets_none_and_is_told_why() -> None:
    dice = np.random.default_rng(62)
    storms = np.exp(dice.normal(0.0, np.r_[flat(300, 0.01), flat(100, 1.0)]))
    withheld = forecast(series(drawn(dice, office(400, 40) * storms)), 7)
    assert isinstance(withheld, NoForecast)
    assert not withheld
    assert withheld.coverage is not None
    assert withheld.coverage < 0.74
    assert f"ntervals of 80% held {withheld.coverage:.0%} of" in withheld.reason


def test_what_never_changes_gets_none_because_everything_would_be_right() -> None:
    withheld = forecast(series(flat(400, 5)), 7)
    assert isinstance(withheld, NoForecast)
    assert "Intervals of 80% held 100% of 339 past folds." == withheld.reason


def test_a_short_series_gets_none_and_is_told_how_many_it_takes() -> None:
    withheld = forecast(series(flat(50, 5)), 7)
    assert NoForecast("50 days are too few: 101 are needed.") == withheld


def test_weeks_go_on_from_the_last_one() -> None:
    counts = drawn(np.random.default_rng(63), flat(150, 80))
    given_ = forecast(series(counts, "week"), 3)
    assert isinstance(given_, Forecast)
    assert [counts[-1]] * 3 == [each.point for each in given_.expected]


def test_what_was_promised_comes_true_in_the_days_that_follow() -> None:
    """Over forty made-up years: four of five of the next fourteen days."""
    held = []
    for seed in range(40):
        counts = drawn(np.random.default_rng([64, seed]), office(314, 40), 3)
        given_ = forecast(series(counts[:300]), 14)
        for each, count in zip(given_.expected if given_ else (), counts[300:], strict=False):
            held.append(each.low <= count <= each.high)
    assert len(held) > 400
    assert np.mean(held) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize("field", ["horizon", "nominal", "tolerance"])
def test_numbers_out_of_their_range_are_refused_by_name(field: str) -> None:
    numbers = {"horizon": 7, "nominal": 0.8, "tolerance": 0.06} | {field: 99}
    with pytest.raises(BadParameter, match=f"^{field}: must be from"):
        forecast(series(flat(10, 1)), **numbers)  # type: ignore[arg-type]


@settings(max_examples=25)
@given(st.lists(st.integers(0, 500), max_size=160), st.integers(1, 28))
def test_any_series_gets_an_interval_around_the_point_or_a_reason(
    counts: list[int], horizon: int
) -> None:
    answer = forecast(Series(START, "week", np.array(counts, dtype=np.int64)), horizon)
    if isinstance(answer, NoForecast):
        assert answer.reason.endswith(".")
    else:
        assert horizon == len(answer.expected)
        assert all(0 <= each.low <= each.point <= each.high for each in answer.expected)
