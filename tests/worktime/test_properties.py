"""What holds of working time on any calendar, in any zone, at any moment."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worktime.kit import (
    CALENDARS,
    CLOCK_CHANGES,
    HOUR_US,
    LONDON,
    MINUTE_US,
    NIGHTS,
    OFFICE,
    calendars_near,
    watched,
)
from tocsin.domain.calendar import DAY, Calendar, ClosedDate
from tocsin.domain.openings import instant, microseconds, openings
from tocsin.domain.worktime import WorkTime

DAYS = 5
OFFSETS = st.integers(-400 * DAY * MINUTE_US, 400 * DAY * MINUTE_US)
GOALS = st.integers(0, 20 * HOUR_US) | st.sampled_from([0, 1, 8 * HOUR_US, 8 * HOUR_US + 1])


def agrees_with_the_watcher(calendar: Calendar, begin: datetime, minutes: int) -> None:
    """At every minute, the time elapsed since the first; and when each minute of work is due."""
    work, start = WorkTime(calendar), microseconds(begin)
    worked = list(accumulate(watched(calendar, begin, minutes), initial=0))
    elapsed = [work.elapsed_us(start, start + n * MINUTE_US) for n in range(minutes + 1)]
    assert [n * MINUTE_US for n in worked] == elapsed
    for goal in range(1, worked[-1] + 1, 7):
        due = start + bisect_left(worked, goal) * MINUTE_US
        assert due == work.due_us(start, goal * MINUTE_US)


@given(CALENDARS)
def test_it_is_what_somebody_who_watches_the_clock_would_count(
    drawn: tuple[Calendar, datetime],
) -> None:
    calendar, begin = drawn
    agrees_with_the_watcher(calendar, begin, DAYS * DAY)


@pytest.mark.parametrize("zone", sorted(CLOCK_CHANGES))
@pytest.mark.parametrize("roster", [OFFICE, NIGHTS], ids=["office", "nights"])
def test_it_is_what_somebody_would_count_through_every_change_of_the_clocks(
    zone: str, roster: tuple[tuple[object, ...], ...]
) -> None:
    calendar = Calendar(name="any", zone=zone, week=roster)  # type: ignore[arg-type]
    for change in map(datetime.fromisoformat, CLOCK_CHANGES[zone]):
        agrees_with_the_watcher(calendar, change - timedelta(days=3), 6 * DAY)


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Lord_Howe"])
def test_it_is_what_somebody_would_count_in_a_whole_year(zone: str) -> None:
    """With a leap day, two changes of the clocks, two shifts a day, and holidays."""
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    calendar = Calendar(
        name="any",
        zone=zone,
        week=tuple((*office, *night) for office, night in zip(OFFICE, NIGHTS, strict=True)),
        closed=LONDON.closed,
    )
    agrees_with_the_watcher(calendar, begin, 366 * DAY)


@given(CALENDARS, OFFSETS, GOALS)
def test_a_goal_is_due_when_it_has_elapsed_and_not_before(
    drawn: tuple[Calendar, datetime], offset: int, goal: int
) -> None:
    calendar, near = drawn
    work, begin = WorkTime(calendar), microseconds(near) + offset
    due = work.due_us(begin, goal)
    assert goal == work.elapsed_us(begin, due)
    if goal:
        assert goal - 1 == work.elapsed_us(begin, due - 1)


@given(CALENDARS, OFFSETS, OFFSETS)
def test_what_elapsed_until_a_moment_is_due_by_then(
    drawn: tuple[Calendar, datetime], first: int, second: int
) -> None:
    """And exactly then when that moment is working time."""
    calendar, near = drawn
    work, (begin, end) = WorkTime(calendar), sorted((first, second))
    begin, end = begin + microseconds(near), end + microseconds(near)
    due = work.due_us(begin, work.elapsed_us(begin, end))
    assert due <= end
    assert due == end or not work.is_open(instant(end - 1))


@given(CALENDARS, OFFSETS, OFFSETS, OFFSETS)
def test_elapsed_time_adds_up_in_any_order(
    drawn: tuple[Calendar, datetime], a: int, b: int, c: int
) -> None:
    calendar, near = drawn
    work = WorkTime(calendar)
    a, b, c = (microseconds(near) + offset for offset in (a, b, c))
    assert work.elapsed_us(a, c) == work.elapsed_us(a, b) + work.elapsed_us(b, c)
    assert work.elapsed_us(a, b) == -work.elapsed_us(b, a)


@given(CALENDARS, st.lists(OFFSETS, min_size=2), st.lists(GOALS, min_size=2))
def test_later_is_never_earlier(
    drawn: tuple[Calendar, datetime], offsets: list[int], goals: list[int]
) -> None:
    """Neither by waiting, nor by asking for more, nor by beginning later."""
    calendar, near = drawn
    work, moments = WorkTime(calendar), sorted(microseconds(near) + each for each in offsets)
    for one, other in pairwise(moments):
        assert 0 <= work.elapsed_us(one, other) <= other - one
        assert work.due_us(one, goals[0]) <= work.due_us(other, goals[0])
    dues = [work.due_us(moments[0], goal) for goal in sorted(goals)]
    assert sorted(dues) == dues


@given(CALENDARS, OFFSETS, st.integers(0, 30 * HOUR_US), GOALS)
def test_a_pause_never_makes_a_goal_due_earlier(
    drawn: tuple[Calendar, datetime], offset: int, paused: int, goal: int
) -> None:
    """Spent time counts once: work, pause, and work again ends later than work alone, by at
    least the working time of the pause."""
    calendar, near = drawn
    work, begin = WorkTime(calendar), microseconds(near)
    pause = begin + abs(offset)
    due = work.due_us(begin, goal)
    if pause < due:
        resumed = pause + paused
        later = work.due_us(resumed, goal - work.elapsed_us(begin, pause))
        assert later >= due
        assert goal + work.elapsed_us(pause, resumed) == work.elapsed_us(begin, later)


@given(CALENDARS, st.lists(OFFSETS.map(lambda each: 4 * each), min_size=1, max_size=4))
@settings(max_examples=30)
def test_years_laid_out_one_by_one_are_those_laid_out_at_once(
    drawn: tuple[Calendar, datetime], offsets: list[int]
) -> None:
    """Whatever was asked before, in whatever order, the spans are the same."""
    calendar, near = drawn
    asked = WorkTime(calendar)
    moments = [microseconds(near) + offset for offset in offsets]
    grown = [asked.covering(moment, moment) for moment in moments][-1]
    at_once = openings(calendar, range(near.year - 25, near.year + 26))
    assert list(grown.within(grown.begins, grown.ends)) == list(
        at_once.within(grown.begins, grown.ends)
    )
    for one, other in pairwise(moments):
        elapsed = at_once.worked(other) - at_once.worked(one)
        assert elapsed == asked.elapsed_us(one, other)


@given(calendars_near(st.just("Pacific/Apia")))
def test_no_span_is_empty_touches_the_next_or_lies_before_it(
    drawn: tuple[Calendar, datetime],
) -> None:
    calendar, near = drawn
    found = openings(calendar, range(near.year - 1, near.year + 2))
    ends = [found.begins - 1]
    for opens, closes in zip(found.opens, found.closes, strict=True):
        assert ends[-1] < opens < closes <= found.ends
        ends.append(closes)


@given(CALENDARS, st.integers(-3, 5))
def test_closing_one_more_date_never_makes_a_clock_run_faster(
    drawn: tuple[Calendar, datetime], days: int
) -> None:
    calendar, near = drawn
    shut = ClosedDate(near.date() + timedelta(days=days), "one more")
    fewer = Calendar(
        name=calendar.name,
        zone=calendar.zone,
        week=calendar.week,
        closed=(*calendar.closed, shut),
        extra=calendar.extra,
        closures=calendar.closures,
    )
    for goal in (1, HOUR_US):
        assert WorkTime(calendar).due(near, goal) <= WorkTime(fewer).due(near, goal)
