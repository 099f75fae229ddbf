"""Are the answers for whole columns those for each row?"""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.worktime.kit import CALENDARS, HOUR_US, LONDON, MONDAYS, at
from tocsin.domain.calendar import ALWAYS, Calendar
from tocsin.domain.openings import microseconds
from tocsin.domain.worktime import EARLIEST, LATEST, BeyondCalendar, WorkTime, worktime
from tocsin.worktime_arrays import due_us, elapsed_us

ROWS = st.lists(
    st.tuples(
        st.integers(-3 * 10**13, 3 * 10**13),
        st.integers(-3 * 10**13, 3 * 10**13),
        st.just(0) | st.integers(0, 2000 * HOUR_US),
    ),
    min_size=1,
)
NINE = microseconds(at("2024-01-08 09:00"))


@given(CALENDARS | CALENDARS.map(lambda drawn: (ALWAYS, drawn[1])), ROWS)
def test_a_column_is_answered_as_its_rows_are(
    drawn: tuple[Calendar, datetime], rows: list[tuple[int, int, int]]
) -> None:
    calendar, near = drawn
    begins, ends, goals = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    begins, ends = begins + microseconds(near), ends + microseconds(near)
    one, whole = WorkTime(calendar), WorkTime(calendar)
    expected = [one.elapsed_us(*row) for row in zip(begins.tolist(), ends.tolist(), strict=True)]
    assert expected == elapsed_us(whole, begins, ends).tolist()
    try:
        expected = [one.due_us(*row) for row in zip(begins.tolist(), goals.tolist(), strict=True)]
    except BeyondCalendar:  # somebody who works a minute a year
        with pytest.raises(BeyondCalendar):
            due_us(whole, begins, goals)
    else:
        assert expected == due_us(whole, begins, goals).tolist()


def test_one_beginning_may_have_many_goals() -> None:
    goals = np.array([[0, HOUR_US], [8 * HOUR_US, 16 * HOUR_US]])
    dues = due_us(worktime(LONDON), NINE, goals)
    work = worktime(LONDON)
    assert [[work.due_us(NINE, g) for g in row] for row in goals.tolist()] == dues.tolist()
    assert goals.tolist() == elapsed_us(work, NINE, dues).tolist()


@pytest.mark.parametrize("calendar", [LONDON, ALWAYS], ids=["office", "always"])
def test_nothing_is_answered_with_nothing(calendar: Calendar) -> None:
    work = worktime(calendar)
    for answer in (due_us(work, [], []), elapsed_us(work, [], NINE)):
        assert (np.dtype(np.int64), (0,)) == (answer.dtype, answer.shape)


def test_what_would_be_rounded_is_refused() -> None:
    with pytest.raises(TypeError, match="Cannot cast"):
        elapsed_us(worktime(LONDON), [1.5], [NINE])


def test_one_negative_goal_among_many_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        due_us(worktime(LONDON), [NINE, NINE], [HOUR_US, -1])


@pytest.mark.parametrize("calendar", [MONDAYS, ALWAYS], ids=["mondays", "always"])
def test_one_row_beyond_all_calendars_is_refused(calendar: Calendar) -> None:
    """Also where adding it up would overflow and come out as some instant in the past."""
    work = WorkTime(calendar)
    for outside in (EARLIEST - 1, LATEST + 1, np.iinfo(np.int64).min):
        with pytest.raises(BeyondCalendar):
            elapsed_us(work, [NINE, NINE], [NINE, outside])
        with pytest.raises(BeyondCalendar):
            due_us(work, [outside, NINE], HOUR_US)
    for goal in (LATEST - NINE + 1, np.iinfo(np.int64).max):
        with pytest.raises(BeyondCalendar):
            due_us(work, NINE, [HOUR_US, goal])
