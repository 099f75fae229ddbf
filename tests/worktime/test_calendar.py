"""Is what somebody wrote down a calendar? If not, they are told what, where and how to mend it."""

import pickle
from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given

from tests.worktime.kit import CALENDARS, HOURS, OFFICE, at
from tocsin.domain.calendar import (
    ALWAYS,
    DAY,
    WEEKDAYS,
    Calendar,
    ClosedDate,
    Closure,
    ExtraHours,
    Hours,
    ImpossibleCalendar,
    NeverOpen,
    week,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:00-17:30", Hours(540, 1050)),
        (" 9:00 – 17:30 ", Hours(540, 1050)),
        ("22:00-06:00", Hours(1320, 1800)),
        ("00:00-24:00", Hours(0, DAY)),
        ("22:00-24:00", Hours(1320, DAY)),
        ("22:00-00:00", Hours(1320, DAY)),
        ("00:01-00:00", Hours(1, DAY)),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, expected: Hours) -> None:
    assert expected == Hours.read(text)


@pytest.mark.parametrize("text", ["9-17", "", "24:00-06:00", "09:60-10:00", "00:00-24:30", "25:00"])
def test_what_is_no_span_of_hours_is_answered_with_examples(text: str) -> None:
    with pytest.raises(ImpossibleCalendar, match='write "09:00-17:30"'):
        Hours.read(text)


@pytest.mark.parametrize("text", ["09:00-09:00", "00:00-00:00"])
def test_hours_that_end_as_they_begin_are_more_likely_a_slip_than_a_day(text: str) -> None:
    with pytest.raises(ImpossibleCalendar, match="end after that"):
        Hours.read(text)


@pytest.mark.parametrize(
    ("opens", "closes"),
    [(-1, 60), (DAY, DAY + 1), (60, 60), (60, 30), (60, 60 + DAY), (0, DAY + 1)],
)
def test_hours_begin_on_their_date_and_last_a_day_at_most(opens: int, closes: int) -> None:
    with pytest.raises(ImpossibleCalendar) as refused:
        Hours(opens, closes)
    assert refused.value.part == "hours"


@given(HOURS)
def test_hours_are_written_as_they_are_read(hours: Hours) -> None:
    assert hours == Hours.read(str(hours))


def test_a_weekday_that_is_not_named_is_closed() -> None:
    read = week({"tuesday": ["09:00-12:00", "13:00-17:00"]})
    assert ((), (Hours(540, 720), Hours(780, 1020)), (), (), (), (), ()) == read


def test_a_slip_in_a_weekday_is_answered_with_the_nearest() -> None:
    with pytest.raises(ImpossibleCalendar, match="Did you mean wednesday") as refused:
        week({"wendesday": ["09:00-12:00"]})
    assert refused.value.part == "wendesday"


def test_a_slip_in_the_hours_of_a_weekday_names_the_weekday() -> None:
    with pytest.raises(ImpossibleCalendar, match="no span of hours") as refused:
        week({"monday": ["09:00-12:00"], "friday": ["09:00-noon"]})
    assert refused.value.part == "friday"


@pytest.mark.parametrize(
    ("zone", "hint"),
    [("Europe/Lodnon", "Did you mean Europe/London"), ("europe/berlin!", "Europe/Berlin")],
)
def test_a_slip_in_a_time_zone_is_answered_with_the_nearest(zone: str, hint: str) -> None:
    with pytest.raises(ImpossibleCalendar, match=hint) as refused:
        Calendar(name="x", zone=zone, week=OFFICE)
    assert refused.value.part == "zone"


@pytest.mark.parametrize("zone", ["", "../etc/passwd", "Europe", "tzdata.zi", "\0", "localtime"])
def test_what_is_no_time_zone_everywhere_is_refused(zone: str) -> None:
    with pytest.raises(ImpossibleCalendar) as refused:
        Calendar(name="x", zone=zone, week=OFFICE)
    assert refused.value.part == "zone"


def test_a_calendar_that_never_opens_is_refused() -> None:
    """Extra hours on some dates do not help: after the last, nothing would ever be due."""
    extra = (ExtraHours(date(2024, 1, 1), Hours(540, 600), "once"),)
    with pytest.raises(NeverOpen, match="Nights is never open") as refused:
        Calendar(name="Nights", zone="UTC", week=week({}), extra=extra)
    assert refused.value.part == "week"


def test_a_week_of_five_days_is_refused() -> None:
    with pytest.raises(ImpossibleCalendar, match="seven days"):
        Calendar(name="x", zone="UTC", week=OFFICE[:5])


def test_a_closure_ends_after_it_begins_and_knows_its_zone() -> None:
    noon = at("2024-01-01 12:00")
    with pytest.raises(ImpossibleCalendar, match="ends after it begins"):
        Closure(noon, noon, "nothing")
    for begins, ends in ((noon.replace(tzinfo=None), noon), (noon, noon.replace(tzinfo=None))):
        with pytest.raises(ImpossibleCalendar, match="needs a time zone"):
            Closure(begins, ends, "x")


def test_the_same_closure_said_in_another_zone_is_the_same() -> None:
    begins, ends = at("2024-01-01 12:00"), at("2024-01-02 12:00")
    there = timezone(timedelta(hours=5, minutes=45))
    assert Closure(begins, ends, "x") == Closure(begins.astimezone(there), ends, "x")


def test_what_is_said_twice_or_in_another_order_is_the_same_calendar() -> None:
    def calendar(order: int) -> Calendar:
        days = [ClosedDate(date(2024, 1, n), f"day {n}") for n in (1, 2, 2)]
        spans = [(*sorted(day, reverse=order < 0), *day) for day in OFFICE]
        return Calendar(name="x", zone="UTC", week=tuple(spans), closed=tuple(days[::order]))

    assert (calendar(1), hash(calendar(1))) == (calendar(-1), hash(calendar(-1)))
    assert len(calendar(1).closed) == 2


@given(CALENDARS)
def test_a_calendar_survives_a_journey(drawn: tuple[Calendar, datetime]) -> None:
    calendar, _ = drawn
    arrived = pickle.loads(pickle.dumps(calendar))
    assert (calendar, hash(calendar)) == (arrived, hash(arrived))
    assert calendar.always == arrived.always


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (dict.fromkeys(WEEKDAYS, ("00:00-24:00",)), True),
        (dict.fromkeys(WEEKDAYS, ("12:00-00:00", "00:00-13:00")), True),
        (dict.fromkeys(WEEKDAYS, ("06:00-18:00", "18:00-06:00")), True),
        (dict.fromkeys(WEEKDAYS, ("00:00-23:59",)), False),
        (dict.fromkeys(WEEKDAYS, ("06:00-18:00", "18:00-05:59")), False),
        (dict.fromkeys(WEEKDAYS[:6], ("00:00-24:00",)), False),
        (dict.fromkeys(WEEKDAYS[1:], ("00:00-24:00",)), False),
    ],
)
def test_it_is_known_whether_a_week_leaves_a_minute_out(
    days: dict[str, tuple[str, ...]], expected: bool
) -> None:
    assert expected == Calendar(name="x", zone="UTC", week=week(days)).always


def test_a_closed_date_or_a_closure_ends_being_always_open() -> None:
    noon = at("2024-01-01 12:00")
    closed = Calendar(
        name="x", zone="UTC", week=ALWAYS.week, closed=(ClosedDate(date(2024, 1, 1), "x"),)
    )
    shut = Calendar(
        name="x",
        zone="UTC",
        week=ALWAYS.week,
        closures=(Closure(noon, noon + timedelta(1), "x"),),
    )
    assert (ALWAYS.always, closed.always, shut.always) == (True, False, False)
