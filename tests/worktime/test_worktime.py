"""How long did they have, and until when? Cases that somebody can check with a paper calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.worktime.kit import HOUR_US, LONDON, NEW_YORK_NIGHTS, NIGHTS, OFFICE, at
from tocsin.domain.calendar import (
    WEEKDAYS,
    Calendar,
    ClosedDate,
    Closure,
    ExtraHours,
    Hours,
    week,
)
from tocsin.domain.openings import clock_shows, microseconds, openings
from tocsin.domain.worktime import (
    WorkTime,
    worktime,
)

WORK = worktime(LONDON)
IN_LONDON = "Europe/London"


def hours(worked: int) -> float:
    return worked / HOUR_US


def test_a_goal_that_fits_a_day_exactly_is_due_as_the_day_closes() -> None:
    """Eight hours from Monday 09:00 are over on Monday 17:30, not on Tuesday 09:00."""
    begin = at("2024-01-08 09:00", IN_LONDON)
    assert at("2024-01-08 17:30", IN_LONDON) == WORK.due(begin, 8 * HOUR_US)
    assert at("2024-01-08 13:00", IN_LONDON) == WORK.due(begin, 4 * HOUR_US)
    assert at("2024-01-09 09:00", IN_LONDON) + timedelta(microseconds=1) == WORK.due(
        begin, 8 * HOUR_US + 1
    )


def test_what_begins_after_closing_begins_to_count_at_the_next_opening() -> None:
    friday_evening = at("2024-01-12 19:00", IN_LONDON)
    assert at("2024-01-15 11:00", IN_LONDON) == WORK.due(friday_evening, 2 * HOUR_US)
    assert WORK.elapsed(friday_evening, at("2024-01-15 09:00", IN_LONDON)) == 0


def test_a_goal_of_nothing_is_due_at_once_even_at_night() -> None:
    midnight = at("2024-01-13 00:00", IN_LONDON)
    assert midnight == WORK.due(midnight, 0)


def test_a_negative_goal_is_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        WORK.due(at("2024-01-08 09:00"), -1)


def test_time_before_the_beginning_counts_negatively() -> None:
    nine, eleven = at("2024-01-08 09:00"), at("2024-01-08 11:00")
    assert WORK.elapsed(eleven, nine) == -2 * HOUR_US


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="naive"):
        WORK.elapsed(datetime(2024, 1, 8), at("2024-01-08 09:00"))  # noqa: DTZ001


def test_instants_may_be_given_in_any_zone() -> None:
    tokyo = at("2024-01-08 09:00", IN_LONDON).astimezone(ZoneInfo("Asia/Tokyo"))
    due = WORK.due(tokyo, HOUR_US)
    assert (at("2024-01-08 10:00", IN_LONDON), UTC) == (due, due.tzinfo)


@pytest.mark.parametrize(
    ("evening", "expected"),
    [("2024-03-08", 8), ("2024-03-09", 7), ("2024-03-10", 8), ("2024-11-02", 9)],
)
def test_a_night_shift_is_as_long_as_the_night(evening: str, expected: int) -> None:
    """One hour shorter as clocks go forward, one longer as they go back."""
    begin = at(f"{evening} 21:00", NEW_YORK_NIGHTS.zone)
    work = worktime(NEW_YORK_NIGHTS)
    assert expected == hours(work.elapsed(begin, begin + timedelta(hours=16)))
    assert at(f"{evening} 22:00", NEW_YORK_NIGHTS.zone) == work.opens(begin)


def test_office_hours_stay_where_the_clock_shows_them() -> None:
    """09:00 in London is 09:00 UTC in winter and 08:00 UTC in summer."""
    assert at("2024-03-29 09:00") == WORK.opens(at("2024-03-29 00:00"))
    assert at("2024-04-01 08:00") == WORK.opens(at("2024-03-30 00:00"))


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("00:00-24:00", 23),  # the day itself
        ("01:00-02:00", 0),  # the hour that never comes
        ("00:00-01:30", 1),  # it ends as clocks jump
        ("01:30-03:00", 1),  # it begins as clocks jump
    ],
)
def test_time_that_never_comes_is_the_moment_of_the_jump(span: str, expected: int) -> None:
    work = WorkTime(Calendar(name="x", zone=IN_LONDON, week=week({"sunday": [span]})))
    assert expected == hours(work.elapsed(at("2024-03-31 00:00"), at("2024-04-01 12:00")))


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("00:00-24:00", 25),
        ("01:00-02:00", 2),  # both
        ("00:00-01:30", 1.5),  # the first 01:30 ends it
        ("01:30-03:00", 2.5),  # the first 01:30 begins it
    ],
)
def test_of_a_time_that_comes_twice_the_first_counts(span: str, expected: float) -> None:
    work = WorkTime(Calendar(name="x", zone=IN_LONDON, week=week({"sunday": [span]})))
    assert expected == hours(work.elapsed(at("2024-10-26 22:00"), at("2024-10-28 12:00")))


def test_a_date_that_a_country_skipped_has_no_hours() -> None:
    """In Samoa, Thursday 29 December 2011 was followed by Saturday."""
    samoa = WorkTime(Calendar(name="x", zone="Pacific/Apia", week=OFFICE))
    thursday = at("2011-12-29 16:30", "Pacific/Apia")
    assert at("2012-01-02 10:00", "Pacific/Apia") == samoa.due(thursday, 2 * HOUR_US)


def test_a_change_at_an_odd_second_is_found_to_the_second() -> None:
    """Liberia went over to Greenwich time by a jump of 44 minutes and 30 seconds."""
    liberia, day = ZoneInfo("Africa/Monrovia"), date(1972, 1, 7).toordinal()
    jump = microseconds(at("1972-01-07 00:44:30"))
    assert [jump, jump] == [clock_shows(liberia, day, minute) for minute in (0, 44)]
    assert jump + 30_000_000 == clock_shows(liberia, day, 45)


def test_a_leap_day_is_a_day() -> None:
    assert hours(WORK.elapsed(at("2024-02-28 00:00"), at("2024-03-01 00:00"))) == 16
    assert hours(WORK.elapsed(at("2023-02-28 00:00"), at("2023-03-01 00:00"))) == 8


def test_a_holiday_cancels_the_shift_that_begins_on_it_and_no_other() -> None:
    """The shift of Christmas Eve works into Christmas; that of Christmas Day does not begin."""
    nights = WorkTime(
        Calendar(
            name="x", zone="UTC", week=NIGHTS, closed=(ClosedDate(date(2024, 12, 25), "Christmas"),)
        )
    )
    worked = list(nights.spans(at("2024-12-24 12:00"), at("2024-12-27 00:00")))
    assert [
        (at("2024-12-24 22:00"), at("2024-12-25 06:00")),
        (at("2024-12-26 22:00"), at("2024-12-27 00:00")),
    ] == worked


def test_extra_hours_open_a_closed_date_and_a_closure_shuts_whatever_it_meets() -> None:
    eve = date(2024, 12, 24)
    work = WorkTime(
        Calendar(
            name="x",
            zone="UTC",
            week=OFFICE,
            closed=(ClosedDate(eve, "Christmas Eve"),),
            extra=(ExtraHours(eve, Hours.read("09:00-12:00"), "for deliveries"),),
            closures=(
                Closure(at("2024-12-24 10:00"), at("2024-12-24 10:30"), "fire drill"),
                Closure(at("2024-12-24 10:15"), at("2024-12-24 11:00"), "and its talk"),
                Closure(at("2024-12-25 09:00"), at("2024-12-26 13:00"), "moving house"),
            ),
        )
    )
    worked = list(work.spans(at("2024-12-24 00:00"), at("2024-12-26 14:00")))
    assert [
        (at("2024-12-24 09:00"), at("2024-12-24 10:00")),
        (at("2024-12-24 11:00"), at("2024-12-24 12:00")),
        (at("2024-12-26 13:30"), at("2024-12-26 14:00")),
    ] == worked


def test_spans_are_cut_off_at_both_ends_and_none_lie_backwards() -> None:
    ten, noon = at("2024-01-08 10:00"), at("2024-01-08 12:00")
    assert [(ten, noon)] == list(WORK.spans(ten, noon))
    assert list(WORK.spans(noon, ten)) == []


def test_between_closing_and_opening_there_is_no_span_not_even_an_empty_one() -> None:
    lunch = at("2024-01-08 13:00"), at("2024-01-08 13:30")
    assert list(WORK.spans(*lunch)) == []


def test_the_shift_of_new_years_eve_still_works_where_a_year_begins() -> None:
    midnight = microseconds(at("2024-01-01 00:00", NEW_YORK_NIGHTS.zone))
    year = openings(NEW_YORK_NIGHTS, range(2024, 2025))
    assert (midnight, 6 * HOUR_US) == (year.opens[0], year.closes[0] - year.opens[0])


def test_the_opening_instant_is_working_time_and_the_closing_instant_is_not() -> None:
    times = ("08:59", "09:00", "12:59", "13:00", "13:30", "17:30")
    told = [WORK.is_open(at(f"2024-01-08 {time}")) for time in times]
    assert told == [False, True, True, False, True, False]


def test_people_are_called_when_they_work() -> None:
    assert at("2024-01-08 10:17") == WORK.opens(at("2024-01-08 10:17"))
    assert at("2024-01-08 13:30") == WORK.opens(at("2024-01-08 13:00"))
    assert at("2024-01-15 09:00") == WORK.opens(at("2024-01-13 00:00"))


@pytest.mark.parametrize(
    "shifts", [("00:00-24:00",), ("06:00-14:00", "14:00-22:00", "22:00-06:00")]
)
def test_a_calendar_that_never_closes_counts_all_time(shifts: tuple[str, ...]) -> None:
    """However it is written, and through every change of the clocks."""
    calendar = Calendar(
        name="x", zone="America/New_York", week=week(dict.fromkeys(WEEKDAYS, shifts))
    )
    work, begin = WorkTime(calendar), at("2024-03-01 00:00")
    year = timedelta(days=365)
    assert calendar.always
    assert hours(work.elapsed(begin, begin + year)) == 365 * 24
    assert begin + year == work.due(begin, 365 * 24 * HOUR_US)
    assert (True, begin) == (work.is_open(begin), work.opens(begin))
    assert [(begin, begin + year)] == list(work.spans(begin, begin + year))
