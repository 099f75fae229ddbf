"""A series says what it counts; what cannot be one is refused with the field's name."""

import subprocess
import sys
from datetime import date

import numpy as np
import pytest

from tests.signals.worlds import START, series
from tocsin.signals import BadParameter, Series, change_points, unusual_days
from tocsin.signals.tails import adjusted, at_least, at_most, dispersions


def test_whole_weeks_from_monday_on_leave_out_what_is_not_whole() -> None:
    days = Series(date(2024, 1, 3), "day", np.arange(20))
    weeks = days.mondays()
    assert (date(2024, 1, 8), "week") == (weeks.start, weeks.grain)
    assert [sum(range(5, 12)), sum(range(12, 19))] == weeks.counts.tolist()


def test_weeks_to_the_end_leave_out_the_oldest_days() -> None:
    days = Series(date(2024, 1, 3), "day", np.arange(20))
    weeks = days.weeks_to_the_end()
    assert date(2024, 1, 9) == weeks.start
    assert [sum(range(6, 13)), sum(range(13, 20))] == weeks.counts.tolist()


def test_fewer_days_than_a_week_are_no_week() -> None:
    assert len(Series(date(2024, 1, 3), "day", np.array([1, 2])).mondays()) == 0


def test_a_series_does_not_change_with_the_array_that_it_was_made_from() -> None:
    counts = np.array([1, 2, 3])
    made = Series(START, "day", counts)
    counts[0] = 9
    assert [1, 2, 3] == made.counts.tolist()
    with pytest.raises(ValueError, match="read-only"):
        made.counts[0] = 9


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("grain", (START, "month", np.array([1]))),
        ("counts", (START, "day", np.array([-1]))),
        ("counts", (START, "day", np.array([0.5]))),
        ("counts", (START, "day", np.array([[1]]))),
        ("counts", (START, "day", np.array([2**41]))),
        ("counts", (START, "day", np.zeros(20_001, dtype=np.int64))),
        ("start", (date(9999, 12, 1), "week", np.zeros(9, dtype=np.int64))),
    ],
)
def test_what_is_no_series_is_refused_by_field(
    field: str, arguments: tuple[date, str, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]
) -> None:
    with pytest.raises(BadParameter, match=f"^{field}: ") as refused:
        Series(*arguments)  # type: ignore[arg-type]
    assert field == refused.value.field


def test_a_parameter_out_of_its_range_is_refused_by_name() -> None:
    quiet = series(np.zeros(9))
    with pytest.raises(BadParameter, match=r"^significance: must be from 0.001 to 0.2, not 0.5"):
        change_points(quiet, significance=0.5)
    with pytest.raises(BadParameter, match=r"^least_weeks: must be a whole number"):
        change_points(quiet, least_weeks=4.5)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match=r"^row: must be from 1 to 28, not 0"):
        unusual_days(quiet, row=0)
    with pytest.raises(BadParameter, match=r"^extreme: must be from 0 to 0.01, not nan"):
        unusual_days(quiet, extreme=float("nan"))


def test_tails_are_those_of_the_distributions() -> None:
    """Poisson where the variance is the mean, negative binomial above, by summing them up."""
    from scipy.stats import nbinom, poisson

    counts = np.arange(40)
    assert at_least(counts, 7.0, 7.0) == pytest.approx(poisson.sf(counts - 1, 7.0))
    assert at_most(counts, 7.0, 7.0) == pytest.approx(poisson.cdf(counts, 7.0))
    wide = nbinom(7.0**2 / (21.0 - 7.0), 7.0 / 21.0)
    assert at_least(counts, 7.0, 21.0) == pytest.approx(wide.sf(counts - 1))
    assert at_most(counts, 7.0, 21.0) == pytest.approx(wide.cdf(counts))


def test_nothing_expected_makes_one_all_but_impossible_and_none_certain() -> None:
    assert at_least(1, 0.0, 0.0) < 1e-9
    assert (1.0, 1.0) == pytest.approx((at_least(0, 0.0, 0.0), at_most(0, 0.0, 0.0)))


def test_false_discoveries_are_those_of_benjamini_and_hochberg() -> None:
    """The example of their paper: fifteen p-values, four of which stand at 5 %."""
    small = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344]
    p_values = np.array([*small, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    shares = adjusted(p_values[::-1])[::-1]
    assert 4 == (shares <= 0.05).sum()
    assert 0.0015 == pytest.approx(shares[0])
    assert 0.035625 == pytest.approx(shares[3])


def test_a_row_of_few_incidents_borrows_the_dispersion_of_all() -> None:
    observed = np.array([[10.0, 30.0, 10.0, 30.0], [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    expected = np.repeat(observed.mean(axis=1)[:, np.newaxis], 4, axis=1)
    spread = dispersions(observed, expected)
    assert spread[0] > spread[1] > 1.0
    assert spread[1] == spread[2] == pytest.approx(((400 / 20) / 3 + (1 / 0.5) / 3) / 2)


def test_without_its_libraries_the_room_says_how_to_get_them() -> None:
    program = "import sys; sys.modules['ruptures'] = None; import tocsin.signals"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert 1 == done.returncode
    assert done.stderr.strip().endswith(
        "NoSignals: Signals need libraries that are not installed (ruptures): "
        "pip install 'tocsin[trends]'"
    )
