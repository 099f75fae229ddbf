"""What rises more than its past and more than the others is found; what rises with all is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.worlds import START, category_weeks, drawn, flat, office, series
from tocsin.signals import BadParameter, Series, rising


def table(
    growth: float = 1.0, **planted: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> dict[str, Series]:
    dice = np.random.default_rng(30)
    made = category_weeks(dice, 60, growth, 1.0)
    return made | {key: series(drawn(dice, means), "week") for key, means in planted.items()}


def test_a_planted_rise_is_found_with_its_figures() -> None:
    (found,) = rising(table(mail=np.r_[flat(26, 10), flat(4, 25)]))
    assert ("mail", 4, 26) == (found.key, found.recent_weeks, found.past_weeks)
    assert 100 == pytest.approx(found.recent, abs=30)
    assert 40 == pytest.approx(found.expected_by_own_past, abs=8)
    assert found.expected == max(found.expected_by_own_past, found.expected_by_the_others or 0.0)
    assert found.ratio == pytest.approx((found.recent / 4) / (found.past / 26))
    assert 2.0 * found.share_before < found.share_now
    assert found.p_value <= found.false_discovery <= 0.05


def test_what_grows_like_all_the_others_does_not_rise() -> None:
    assert () == rising(table(growth=2.5, mail=np.r_[flat(26, 10), flat(4, 25)]))


def test_what_stays_while_all_the_others_fall_does_not_rise() -> None:
    assert () == rising(table(growth=0.4, mail=np.r_[flat(26, 10), flat(4, 10)]))


def test_what_never_was_and_now_is_rises_without_a_ratio() -> None:
    (found,) = rising(table(new=np.r_[flat(26, 0), flat(4, 6)]))
    assert ("new", 0, None, 0.0) == (found.key, found.past, found.ratio, found.share_before)


def test_a_key_alone_is_held_against_its_own_past() -> None:
    dice = np.random.default_rng(31)
    one = {"mail": series(drawn(dice, np.r_[flat(26, 10), flat(4, 25)]), "week")}
    (found,) = rising(one)
    assert (None, found.expected_by_own_past) == (found.expected_by_the_others, found.expected)
    assert (1.0, 1.0) == (found.share_before, found.share_now)


def test_days_are_asked_by_weeks_up_to_the_last_day() -> None:
    """Three hundred days end within a week, and the newest of them count."""
    dice = np.random.default_rng(32)
    means = office(300, 10)
    means[-7:] *= 4
    days = {"mail": series(drawn(dice, means)), "rest": series(drawn(dice, office(300, 80)))}
    (found,) = rising(days, recent_weeks=1)
    assert ("mail", int(days["mail"].counts[-7:].sum())) == (found.key, found.recent)


def test_a_key_that_swings_has_to_rise_by_more_than_it_swings() -> None:
    swings = np.tile([0, 0, 0, 60, 0], 6).astype(np.int64)
    made = {f"{n}": Series(START, "week", np.full(30, 20)) for n in range(9)}
    assert () == rising(made | {"batch": Series(START, "week", swings)})


def test_few_incidents_are_not_reported_however_rare() -> None:
    rare = np.r_[np.zeros(26), [1, 1, 1, 1]].astype(np.int64)
    made = {f"{n}": Series(START, "week", np.full(30, 20)) for n in range(9)}
    made["rare"] = Series(START, "week", rare)
    assert () == rising(made)
    assert ["rare"] == [each.key for each in rising(made, least=4)]


@pytest.mark.parametrize("counts", [[], [3], [3] * 7, [0] * 30, [3] * 30, [10**6] * 30])
def test_what_says_nothing_gives_no_signal(counts: list[int]) -> None:
    made = Series(START, "week", np.array(counts, dtype=np.int64))
    assert () == rising({"a": made, "b": made}) == rising({"a": made}) == rising({})


def test_more_keys_than_can_be_compared_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.signals.rises.MOST_KEYS", 59)
    with pytest.raises(BadParameter, match=r"^counts_by_key: must be at most 59 keys"):
        rising(table())


def test_series_of_other_times_are_refused_by_key() -> None:
    made = {"a": series(np.zeros(30), "week"), "b": series(np.zeros(29), "week")}
    with pytest.raises(BadParameter, match=r"^counts_by_key\['[ab]'\]: must have the start"):
        rising(made)


def test_numbers_out_of_their_range_are_refused_by_name() -> None:
    with pytest.raises(BadParameter, match=r"^recent_weeks: must be from 1 to 26, not 0"):
        rising({}, recent_weeks=0)
    with pytest.raises(BadParameter, match=r"^past_weeks: must be from 4 to 520, not 1"):
        rising({}, past_weeks=1)


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(0, 60), min_size=12, max_size=12), max_size=6), st.randoms())
def test_the_order_of_the_keys_does_not_matter(rows: list[list[int]], dice: object) -> None:
    made = {f"{n}": Series(START, "week", np.array(row)) for n, row in enumerate(rows)}
    turned = dict(reversed(made.items()))
    found = rising(made, past_weeks=8)
    assert [each.key for each in found] == [each.key for each in rising(turned, past_weeks=8)]
    for each in found:
        assert each.recent > each.expected
        assert 0.0 <= each.p_value <= each.false_discovery <= 0.05
