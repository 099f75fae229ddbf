"""A kind that comes back in a heap is found; one that is always frequent is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.worlds import occurrences
from tocsin.signals import BadParameter, Occurrence, recurring
from tocsin.signals.recurrences import DAY


def happened(day: float, item: str | None = "printer", *, linked: bool = False) -> Occurrence:
    name = f"{item} {day:g}"
    return Occurrence(name, f"INC {name}", int(day * DAY), "print", item, "hardware", linked)


QUIET = [happened(9.0 * n, f"item {n % 40}") for n in range(120)]
"""Three years of forty kinds, three incidents of each, a year apart."""


def test_a_planted_cluster_is_found_with_its_figures() -> None:
    heap = [happened(500 + day) for day in (0, 3, 5, 11, 14, 20)]
    (found,) = recurring([*QUIET, happened(20), *heap])
    assert ("print", "printer", "hardware") == (found.service, found.item, found.category)
    assert (6, 6, 0) == (found.count, found.most_in_window, found.linked)
    assert (500 * DAY, 520 * DAY) == (found.first_us, found.last_us)
    assert 3.0 == found.interval_days
    assert tuple(each.reference for each in heap) == found.references
    assert tuple(each.incident_id for each in heap) == found.incident_ids
    assert found.by_chance < found.false_discovery <= 0.1


def test_the_chance_is_that_of_points_anywhere_on_a_line() -> None:
    """Seven in 1071 days, of which a window is a share s: 7 x P(Binomial(6, s) >= 5)."""
    from scipy.stats import binom

    heap = [happened(500 + day) for day in (0, 3, 5, 11, 14, 20)]
    rows = [*QUIET, happened(20), *heap]
    times = np.array([each.reported_us for each in rows]) / DAY
    fullest = max(np.sum((times >= at) & (times <= at + 30)) for at in times)
    share = max(30 / 1071, (fullest - 3 * fullest**0.5) / len(rows))
    (found,) = recurring(rows)
    assert found.by_chance == pytest.approx(7 * binom.sf(4, 6, share))
    assert found.usual_per_window == pytest.approx(7 * share)


def test_what_is_always_frequent_is_reported_only_when_asked_for() -> None:
    often = [happened(7.0 * n) for n in range(150)]
    assert () == recurring([*QUIET, *often])
    (found,) = recurring([*QUIET, *often], false_discovery=1.0)
    assert (150, 5) == (found.count, found.most_in_window)


def test_two_clusters_of_a_kind_are_two_when_there_was_quiet_between() -> None:
    heaps = [happened(start + day) for start in (300, 700) for day in (0, 2, 4, 6, 8, 10)]
    first, second = sorted(recurring([*QUIET, *heaps]), key=lambda each: each.first_us)
    assert (300, 310) == (first.first_us // DAY, first.last_us // DAY)
    assert (700, 710) == (second.first_us // DAY, second.last_us // DAY)


def test_a_cluster_goes_on_as_long_as_it_comes_back() -> None:
    heap = [happened(500 + 12.0 * n) for n in range(10)]
    (found,) = recurring([*QUIET, *heap], least=3, false_discovery=1.0)
    assert (10, 3) == (found.count, found.most_in_window)


def test_one_that_is_not_linked_yet_is_reported_with_those_that_are() -> None:
    heap = [happened(500 + day, linked=day < 5) for day in range(6)]
    (found,) = recurring([*QUIET, *heap])
    assert (6, 5) == (found.count, found.linked)
    assert () == recurring([*QUIET, *(each._replace(linked_to_problem=True) for each in heap)])


def test_incidents_of_neither_a_service_nor_an_item_have_nothing_in_common() -> None:
    heap = [happened(500 + day, None)._replace(service=None) for day in range(9)]
    assert () == recurring([*QUIET, *heap], false_discovery=1.0) == recurring(heap) == recurring([])
    assert 1 == len(recurring([*QUIET, *(each._replace(service="print") for each in heap)]))


@pytest.mark.parametrize("days", [[5.0], [5.0, 5.0], [5.0] * 3, [5.0] * 9])
def test_one_moment_alone_says_nothing(days: list[float]) -> None:
    """All that there is lies within the window: nothing is more in one window than elsewhere."""
    assert () == recurring([happened(day) for day in days])


@pytest.mark.parametrize(
    ("field", "arguments"),
    [("window_days", (0.0, 3)), ("least", (30.0, 1)), ("window_days", (float("nan"), 3))],
)
def test_numbers_out_of_their_range_are_refused_by_name(
    field: str, arguments: tuple[float, int]
) -> None:
    with pytest.raises(BadParameter, match=f"^{field}: must be from"):
        recurring(QUIET, *arguments)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0, 400), st.sampled_from("abc")), max_size=60),
    st.randoms(use_true_random=False),
)
def test_every_cluster_is_as_close_as_was_asked_for(
    rows: list[tuple[float, str]], dice: object
) -> None:
    """And no order of the incidents changes what is found."""
    made = [happened(day, item) for day, item in rows]
    found = recurring(made, false_discovery=1.0)
    assert found == recurring(made[::-1], false_discovery=1.0)
    for each in found:
        times = [
            row.reported_us
            for row in sorted(made, key=lambda r: (r.reported_us, r.reference))
            if row.item == each.item and each.first_us <= row.reported_us <= each.last_us
        ]
        assert each.count <= len(times)
        assert 3 <= each.most_in_window <= each.count
        assert 0.0 <= each.by_chance


def test_more_incidents_than_can_be_searched_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.signals.recurrences.MOST_INCIDENTS", 119)
    with pytest.raises(BadParameter, match=r"^incidents: must be at most 119: ask by time"):
        recurring(QUIET)


def test_a_year_of_chance_has_no_cluster_and_a_planted_one_is_found() -> None:
    dice = np.random.default_rng(40)
    assert () == recurring(occurrences(dice, 300, 365))
    (found,) = recurring(occurrences(dice, 300, 365, planted=7))
    assert ("planted", 7) == (found.item, found.count)
