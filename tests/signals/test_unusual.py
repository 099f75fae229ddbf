"""A day that stands out is reported as it comes; a quiet year is quiet."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.worlds import START, drawn, flat, office, series
from tocsin.signals import BadParameter, Series, unusual_days


def planted(mean: float, more: dict[int, float], days: int = 140) -> Series:
    counts = drawn(np.random.default_rng(20), office(days, mean))
    for day, extra in more.items():
        counts[day] = max(counts[day] + extra, 0)
    return series(counts)


def test_a_planted_spike_is_found_on_its_day_with_what_was_expected() -> None:
    (found,) = unusual_days(planted(40, {100: 60}))
    assert START + timedelta(days=100) == found.when
    assert office(140, 40)[100] == pytest.approx(found.expected, rel=0.1)
    assert (True, 1) == (found.high, found.in_a_row)
    assert found.tail < 1e-6


def test_what_is_usual_on_a_monday_stands_out_on_a_sunday() -> None:
    """Day 104 is a Sunday: 8 are expected of 40 in the mean."""
    (found,) = unusual_days(planted(40, {104: 30}))
    assert 6 == found.when.weekday()
    assert 8 == pytest.approx(found.expected, rel=0.3)


def test_days_that_are_only_unlikely_are_reported_when_they_are_several() -> None:
    found = unusual_days(planted(40, dict.fromkeys(range(99, 103), 30.0)))
    assert (3, START + timedelta(days=101)) == (found[0].in_a_row, found[0].when)
    assert () == unusual_days(planted(40, {100: 30}))


def test_a_day_without_incidents_stands_out_where_there_are_many() -> None:
    (found,) = unusual_days(planted(40, {100: -100}))
    assert (0, False) == (found.observed, found.high)


def test_a_public_holiday_that_is_named_is_a_sunday() -> None:
    counts = planted(40, {100: -100}).counts.astype(np.float64)
    counts[100] = 8
    assert 1 == len(unusual_days(series(counts)))
    assert () == unusual_days(
        series(counts), holidays={START + timedelta(days=100), date(1999, 1, 1)}
    )


def test_a_few_more_than_none_are_not_reported() -> None:
    """Two in a row of nothing are improbable, and nothing to wake anybody for."""
    counts = np.zeros(100)
    counts[80] = 2
    assert () == unusual_days(series(counts))
    assert 1 == len(unusual_days(series(counts), least=1))


def test_a_new_level_is_reported_until_it_is_what_is_usual() -> None:
    means = office(200, 40) * np.r_[flat(100, 1.0), flat(100, 2.0)]
    found = unusual_days(series(drawn(np.random.default_rng(21), means)))
    days = [(each.when - START).days for each in found]
    assert 100 == days[0]
    assert days[-1] < 100 + 28


def test_only_the_days_before_matter() -> None:
    """What was found of a shorter series is what is found of the same days of a longer one."""
    whole = planted(30, {70: 80, 90: 50, 91: 50, 92: 50, 120: -90})
    for length in range(43, 140, 7):
        part = Series(START, "day", whole.counts[:length])
        before = [u for u in unusual_days(whole) if u.when < START + timedelta(days=length)]
        assert before == [*unusual_days(part)]


def test_weeks_have_no_days() -> None:
    with pytest.raises(BadParameter, match=r"^series: must be one of days"):
        unusual_days(Series(START, "week", np.zeros(9, dtype=np.int64)))


@pytest.mark.parametrize("counts", [[], [5], [5] * 42, [0] * 300, [5] * 300, [10**6] * 300])
def test_what_says_nothing_gives_no_signal(counts: list[int]) -> None:
    assert () == unusual_days(Series(START, "day", np.array(counts, dtype=np.int64)))


def test_a_series_longer_than_a_portion_is_judged_like_its_parts() -> None:
    counts = drawn(np.random.default_rng(22), office(2_400, 40), 8)
    whole = unusual_days(series(counts), extreme=0.01)
    cut = 7 * 150
    later = unusual_days(
        series(counts[cut:], start=START + timedelta(days=cut)), extreme=0.01, history=84
    )
    assert len(whole) > 5
    assert [u for u in whole if u.when >= START + timedelta(days=cut + 84)] == [*later]


@settings(max_examples=30)
@given(
    st.lists(st.integers(0, 2_000), min_size=1, max_size=120),
    st.integers(0, 1_000),
    st.sets(st.integers(-5, 130), max_size=9),
)
def test_any_series_gives_days_of_it_with_tails_that_are_probabilities(
    counts: list[int], weeks: int, holidays: set[int]
) -> None:
    """And the same in other weeks, holidays included."""

    def found(start: date) -> list[tuple[int, int, float]]:
        made = Series(start, "day", np.array(counts, dtype=np.int64))
        off = {start + timedelta(days=n) for n in holidays}
        days = unusual_days(made, holidays=off)
        return [((u.when - start).days, u.observed, u.tail) for u in days]

    here = found(START)
    assert here == found(START + timedelta(weeks=weeks))
    for day, observed, tail in here:
        assert (counts[day], True) == (observed, 0.0 <= tail <= 0.02)
        assert day >= 42
