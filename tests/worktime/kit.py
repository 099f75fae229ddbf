"""Calendars to ask about, and a slow clock-watcher who knows the answers without any arithmetic."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tocsin.domain.calendar import (
    DAY,
    WEEKDAYS,
    Calendar,
    ClosedDate,
    Closure,
    ExtraHours,
    Hours,
    week,
)

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US

OFFICE = week({day: ["09:00-13:00", "13:30-17:30"] for day in WEEKDAYS[:5]})
NIGHTS = week({day: ["22:00-06:00"] for day in WEEKDAYS})
CHRISTMAS = tuple(
    ClosedDate(date(year, 12, day), name)
    for year in range(2015, 2035)
    for day, name in ((25, "Christmas Day"), (26, "Boxing Day"))
)

LONDON = Calendar(name="London", zone="Europe/London", week=OFFICE, closed=CHRISTMAS)
MONDAYS = Calendar(name="Mondays", zone="UTC", week=week({"monday": ["09:00-17:00"]}))
NEW_YORK_NIGHTS = Calendar(name="Nights", zone="America/New_York", week=NIGHTS)

CLOCK_CHANGES = {
    "Europe/London": ["2024-03-31T01:00Z", "2024-10-27T01:00Z", "2031-03-30T01:00Z"],
    "Europe/Dublin": ["2024-03-31T01:00Z", "2024-10-27T01:00Z"],
    "America/New_York": ["2024-03-10T07:00Z", "2024-11-03T06:00Z", "2006-10-29T06:00Z"],
    "America/Sao_Paulo": ["2018-11-04T03:00Z", "2018-02-18T02:00Z"],
    "Australia/Lord_Howe": ["2024-04-06T15:00Z", "2024-10-05T15:30Z"],
    "Africa/Casablanca": ["2024-03-10T02:00Z", "2024-04-14T02:00Z"],
    "Pacific/Apia": ["2011-12-30T10:00Z", "2011-04-02T14:00Z"],
    "Pacific/Kwajalein": ["1993-08-21T12:00Z"],
    "Asia/Kathmandu": ["1985-12-31T18:30Z", "2024-02-29T00:00Z"],
    "UTC": ["2016-12-31T23:59Z", "2100-02-28T12:00Z"],
}
"""Moments near which clocks misbehave: by an hour, half an hour, a quarter, at midnight, a day."""


def at(text: str, zone: str = "UTC") -> datetime:
    """The instant at which clocks in a zone show that time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def watched(calendar: Calendar, begin: datetime, minutes: int) -> list[bool]:
    """Whether each minute is working time, by looking at the clock on the wall, once a minute.

    A clock that was put back shows hours that have been. Until it has caught up, the watcher
    goes by the latest reading: a shift does not begin again, and one that ended has ended.
    """
    zone, start = ZoneInfo(calendar.zone), int(begin.timestamp())
    latest = datetime.min  # noqa: DTZ901 - a reading of a wall clock has no zone
    seen, shifts_of = [], cache(partial(_shifts, calendar))
    for minute in range(-3 * DAY, minutes):
        now = datetime.fromtimestamp(start + minute * 60, zone)
        latest = max(latest, now.replace(tzinfo=None))
        if minute >= 0:
            shut = any(c.begins <= now < c.ends for c in calendar.closures)
            reading = latest.hour * 60 + latest.minute
            seen.append(not shut and any(a <= reading < b for a, b in shifts_of(latest.date())))
    return seen


def _shifts(calendar: Calendar, today: date) -> list[tuple[int, int]]:
    """The shifts that are on at some time of a day, by the minutes of that day."""
    yesterday = today - timedelta(days=1)
    return [
        *((hours.opens, hours.closes) for hours in _roster(calendar, today)),
        *((hours.opens - DAY, hours.closes - DAY) for hours in _roster(calendar, yesterday)),
    ]


def _roster(calendar: Calendar, day: date) -> Iterator[Hours]:
    if not any(closed.on == day for closed in calendar.closed):
        yield from calendar.week[day.weekday()]
    yield from (extra.hours for extra in calendar.extra if extra.on == day)


HOURS = st.builds(
    lambda opens, length: Hours(opens, opens + length),
    st.integers(0, DAY - 1),
    st.integers(1, DAY - 1),
) | st.sampled_from([Hours(0, DAY), Hours(9 * 60, 17 * 60), Hours(60, 90), Hours(120, 180)])


@st.composite
def calendars_near(draw: st.DrawFn, zones: st.SearchStrategy[str]) -> tuple[Calendar, datetime]:
    """A calendar, and a minute near one of its clock changes or anywhere within a century."""
    zone = draw(zones)
    change = datetime.fromisoformat(draw(st.sampled_from(CLOCK_CHANGES[zone])))
    moment = draw(st.just(change) | st.datetimes(datetime(1972, 1, 1), datetime(2072, 1, 1)))  # noqa: DTZ001
    near = moment.replace(tzinfo=UTC, second=0, microsecond=0)
    days = st.integers(-3, 5).map(lambda n: near.date() + timedelta(days=n))
    instants = st.integers(-2 * DAY, 4 * DAY).map(lambda n: near + timedelta(minutes=n))
    spans = st.lists(instants, min_size=2, max_size=2, unique=True).map(sorted)
    calendar = Calendar(
        name="any",
        zone=zone,
        week=draw(
            st.lists(st.lists(HOURS, max_size=3).map(tuple), min_size=7, max_size=7)
            .map(tuple)
            .filter(any)
        ),
        closed=tuple(ClosedDate(on, "closed") for on in draw(st.lists(days, max_size=3))),
        extra=tuple(
            ExtraHours(on, hours, "extra")
            for on, hours in draw(st.lists(st.tuples(days, HOURS), max_size=2))
        ),
        closures=tuple(
            Closure(begins, ends, "shut") for begins, ends in draw(st.lists(spans, max_size=2))
        ),
    )
    return calendar, near - timedelta(minutes=draw(st.integers(0, 2 * DAY)))


CALENDARS = calendars_near(st.sampled_from(sorted(CLOCK_CHANGES)))
