"""Another level is found where it was planted; none is found where there is none."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.worlds import START, drawn, flat, office, series
from tocsin.signals import Series, change_points
from tocsin.signals.changes import MOST_CANDIDATES


def test_a_planted_change_is_found_with_its_place_and_its_size() -> None:
    dice = np.random.default_rng(7)
    (found,) = change_points(series(drawn(dice, np.r_[flat(60, 40), flat(97, 60)]), "week"))
    assert abs(found.when - START - timedelta(weeks=60)) <= timedelta(weeks=1)
    assert 40 == pytest.approx(found.before, abs=3)
    assert 60 == pytest.approx(found.after, abs=3)
    assert found.ratio == pytest.approx(found.after / found.before)
    assert 157 == found.weeks_before + found.weeks_after
    assert 1 / 2_000 == found.p_value


def test_two_changes_are_told_apart_and_described_between_each_other() -> None:
    dice = np.random.default_rng(8)
    first, second = change_points(
        series(drawn(dice, np.r_[flat(60, 40), flat(50, 80), flat(47, 30)]), "week")
    )
    assert (60, 50) == pytest.approx((first.weeks_before, first.weeks_after), abs=1)
    assert (first.weeks_after, 47) == pytest.approx(
        (second.weeks_before, second.weeks_after), abs=1
    )
    assert first.after == second.before == pytest.approx(80, abs=4)


def test_days_are_asked_by_weeks_so_that_weekdays_do_not_matter() -> None:
    dice = np.random.default_rng(9)
    days = office(700, 20) * np.r_[flat(350, 1.0), flat(350, 1.5)]
    (found,) = change_points(series(drawn(dice, days), start=date(2024, 1, 4)))
    assert 0 == found.when.weekday()
    assert abs((found.when - date(2024, 1, 4)).days - 350) <= 14


def test_one_wild_week_is_no_change() -> None:
    counts = drawn(np.random.default_rng(10), flat(120, 50))
    counts[70] = 400
    assert () == change_points(series(counts, "week"))


def test_a_silence_that_ends_has_no_ratio() -> None:
    counts = np.r_[np.zeros(30), drawn(np.random.default_rng(11), flat(30, 20))]
    (found,) = change_points(series(counts, "week"))
    assert (0.0, None, START + timedelta(weeks=30)) == (found.before, found.ratio, found.when)


def test_a_feed_that_dries_up_is_found_to_the_week() -> None:
    counts = np.r_[drawn(np.random.default_rng(12), flat(14, 1_500), 20), flat(30, 0)]
    (found,) = change_points(series(counts, "week"))
    assert START + timedelta(weeks=14) == found.when
    assert 0.0 == found.after == found.ratio


def test_a_level_needs_as_many_weeks_as_asked_for() -> None:
    counts = drawn(np.random.default_rng(13), np.r_[flat(60, 100), flat(5, 200)])
    assert 5 == change_points(series(counts, "week"))[-1].weeks_after
    assert all(
        each.weeks_after >= 8 for each in change_points(series(counts, "week"), least_weeks=8)
    )


@pytest.mark.parametrize("counts", [[], [5], [5] * 7, [0] * 100, [5] * 100, [0] * 99 + [1]])
@pytest.mark.parametrize("grain", ["day", "week"])
def test_what_says_nothing_gives_no_signal(counts: list[int], grain: str) -> None:
    made = Series(START, grain, np.array(counts, dtype=np.int64))  # type: ignore[arg-type]
    assert () == change_points(made)


def test_a_series_that_changes_all_the_time_is_cut_no_more_often_than_can_be_judged() -> None:
    steps = np.repeat(np.tile([10.0, 90.0], 100), 4)
    assert len(change_points(series(steps, "week"))) <= MOST_CANDIDATES


def test_the_same_series_always_gives_the_same_answer() -> None:
    made = series(drawn(np.random.default_rng(14), np.r_[flat(40, 9), flat(40, 18)], 2), "week")
    assert change_points(made) == change_points(made) != ()


@settings(max_examples=40)
@given(st.lists(st.integers(0, 300), max_size=60), st.integers(0, 3_000))
def test_any_series_is_cut_into_parts_that_cover_it(counts: list[int], shift: int) -> None:
    """And a later calendar moves what is found, and nothing else."""
    made = Series(START, "week", np.array(counts, dtype=np.int64))
    found = change_points(made)
    later = Series(START + timedelta(days=shift), "week", made.counts)
    moved = [each.when + timedelta(days=shift) for each in found]
    assert moved == [each.when for each in change_points(later)]
    edges = [0, *((each.when - START).days // 7 for each in found), len(counts)]
    for each, (start, place, end) in zip(
        found, zip(edges, edges[1:], edges[2:], strict=False), strict=True
    ):
        assert (place - start, end - place) == (each.weeks_before, each.weeks_after)
        assert each.before == pytest.approx(np.mean(counts[start:place]))
        assert min(each.weeks_before, each.weeks_after) >= 4
        assert each.p_value <= 0.01
