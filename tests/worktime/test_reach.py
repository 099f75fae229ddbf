"""How far do answers reach, what is laid out for them, and who shares it?"""

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from tests.worktime.kit import HOUR_US, LONDON, MONDAYS, at
from tocsin.domain.calendar import (
    ALWAYS,
    Calendar,
    Closure,
    week,
)
from tocsin.domain.openings import instant, microseconds
from tocsin.domain.worktime import (
    EARLIEST,
    LATEST,
    BeyondCalendar,
    WorkTime,
    worktime,
)

WORK = worktime(LONDON)


def hours(worked: int) -> float:
    return worked / HOUR_US


def test_a_goal_of_years_lays_out_the_years_it_needs() -> None:
    """One hour a week: a thousand hours end after nineteen years, however few are known."""
    work = WorkTime(Calendar(name="x", zone="UTC", week=week({"monday": ["09:00-10:00"]})))
    begin = at("2024-01-01 00:00")
    assert at("2024-01-01 10:00") + timedelta(weeks=999) == work.due(begin, 1000 * HOUR_US)
    assert hours(work.elapsed(begin, begin - timedelta(weeks=1000))) == -1000


def test_years_are_laid_out_ever_more_at_a_time() -> None:
    """So that a long history, read in order, lays them out a few times and not once a year."""
    work, layouts = WorkTime(LONDON), set()
    for year in range(1990, 2040):
        moment = microseconds(at(f"{year}-06-01 12:00"))
        layouts.add(id(known := work.covering(moment, moment)))
        assert year in known.years
    assert len(layouts) < 10


@pytest.mark.parametrize("calendar", [MONDAYS, ALWAYS], ids=["mondays", "always"])
@pytest.mark.parametrize("outside", [EARLIEST - 1, LATEST + 1])
def test_beyond_all_calendars_there_is_no_answer(calendar: Calendar, outside: int) -> None:
    """The edge of what is known, given as an answer, would be a due time that nobody doubts."""
    work, within = WorkTime(calendar), microseconds(at("2299-12-01 12:00"))
    for begin, end in ((outside, outside), (within, outside), (outside, within)):
        with pytest.raises(BeyondCalendar, match="1900 to 2300"):
            work.elapsed_us(begin, end)
    for goal in (0, 1):
        with pytest.raises(BeyondCalendar, match="1900 to 2300"):
            work.due_us(outside, goal)
    with pytest.raises(BeyondCalendar, match="2300"):
        work.due_us(within, 31 * 24 * HOUR_US)


def test_a_goal_that_ends_just_beyond_is_not_due_either() -> None:
    with pytest.raises(BeyondCalendar, match="no further"):
        WorkTime(MONDAYS).due_us(LATEST - HOUR_US, 8 * HOUR_US)


def test_a_goal_that_never_ends_is_refused_rather_than_sought_for_ever() -> None:
    """Open until it is shut for ever."""
    end = datetime(2500, 1, 1, tzinfo=UTC)
    shut = Calendar(
        name="x", zone="UTC", week=MONDAYS.week, closures=(Closure(at("2024-01-01"), end, "x"),)
    )
    with pytest.raises(BeyondCalendar, match="Not due before 2300"):
        WorkTime(shut).due(at("2024-01-08 09:00"), 1)
    assert hours(WorkTime(shut).elapsed(at("2023-12-25 00:00"), at("2024-01-09 00:00"))) == 8


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "UTC"])
def test_the_first_and_the_last_instant_are_answered(zone: str) -> None:
    """Though the local year began, or ends, half a day away."""
    work = WorkTime(Calendar(name="x", zone=zone, week=week({"monday": ["00:00-24:00"]})))
    assert hours(work.elapsed_us(EARLIEST, EARLIEST + 7 * 24 * HOUR_US)) == 24
    assert hours(work.elapsed_us(LATEST - 7 * 24 * HOUR_US, LATEST)) == 24
    assert work.due_us(LATEST - 7 * 24 * HOUR_US, 24 * HOUR_US) <= LATEST


def test_several_threads_may_ask_at_once() -> None:
    """Each lays out what it needs; none sees what another has half done."""
    work, begin = WorkTime(LONDON), at("2024-01-01 09:00")
    goals = [(n * 37 % 4000) * HOUR_US for n in range(400)]
    with ThreadPoolExecutor(8) as pool:
        dues = list(pool.map(lambda goal: work.due(begin, goal), goals))
    alone = WorkTime(LONDON)
    assert [alone.due(begin, goal) for goal in goals] == dues


def test_equal_calendars_share_what_is_laid_out_also_after_a_journey() -> None:
    again = Calendar(
        name=LONDON.name,
        zone=LONDON.zone,
        week=LONDON.week,
        closed=tuple(reversed(LONDON.closed)),
    )
    assert (LONDON, hash(LONDON)) == (again, hash(again))
    assert WORK is worktime(again) is pickle.loads(pickle.dumps(WORK))


def test_an_instant_is_kept_to_the_microsecond() -> None:
    moment = datetime(2299, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert moment == instant(microseconds(moment))


def test_before_the_first_opening_of_all_nothing_was_worked() -> None:
    """1 January 1900 was a Monday, and 1899 is laid out before it, but shut here."""
    begins, ends = datetime(1890, 1, 1, tzinfo=UTC), datetime(1900, 2, 1, tzinfo=UTC)
    young = Calendar(
        name="x", zone="UTC", week=MONDAYS.week, closures=(Closure(begins, ends, "not yet"),)
    )
    work = WorkTime(young)
    assert hours(work.elapsed_us(EARLIEST, EARLIEST + 20 * 24 * HOUR_US)) == 0
    assert not work.is_open(instant(EARLIEST + 10 * HOUR_US))
    assert at("1900-02-05 10:00") == work.due(instant(EARLIEST), HOUR_US)
