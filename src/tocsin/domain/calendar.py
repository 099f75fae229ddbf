"""When does an organisation work? A business calendar, as one value that can be kept for ever.

Nothing in it is looked up later: public holidays are already dates, and own closures are dates or
instants, so a verdict that names its calendar can be explained after the law or the policy changed.

A span of hours belongs to the date it *begins* on, as on a roster. So a closed date cancels the
night shift that begins that evening, though most of it lies on the next day, and the shift of the
evening before still works to its end. Who closes at midnight sharp says so with a `Closure`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HOUR, DAY = 60, 24 * 60
WEEK = 7 * DAY

_HOURS = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4]):([0-5]\d)")


class ImpossibleCalendar(ValueError):
    """What was written down is no calendar. `part` names the field that cannot be."""

    def __init__(self, reason: str, part: str) -> None:
        super().__init__(reason)
        self.part = part


class NeverOpen(ImpossibleCalendar):
    """Nothing would ever be due: no clock could run on such a calendar."""


@dataclass(frozen=True, order=True)
class Hours:
    """From one time of day to another: in minutes after the midnight that begins its date."""

    opens: int
    closes: int
    """Beyond 1,440 when it passes midnight."""

    def __post_init__(self) -> None:
        if not 0 <= self.opens < DAY:
            raise ImpossibleCalendar("Hours begin between 00:00 and 23:59.", "hours")
        if not self.opens < self.closes < self.opens + DAY + (self.opens == 0):
            raise ImpossibleCalendar(
                f"Hours that begin at {_clock(self.opens)} end after that, and within a day: for"
                " longer ones, write one span for each date.",
                "hours",
            )

    @classmethod
    def read(cls, text: str) -> "Hours":
        """Read `09:00-17:30`. An end that is not after the beginning is on the next day."""
        found = _HOURS.fullmatch(text.strip())
        hours, minutes, end_hours, end_minutes = map(int, found.groups()) if found else (24,) * 4
        opens, closes = hours * HOUR + minutes, end_hours * HOUR + end_minutes
        if opens >= DAY or closes > DAY:
            raise ImpossibleCalendar(
                f'"{text}" is no span of hours: write "09:00-17:30", "22:00-06:00" to pass'
                ' midnight, or "00:00-24:00" for the whole day.',
                "hours",
            )
        return cls(opens, closes + DAY if closes < opens else closes)

    def __str__(self) -> str:
        passes = self.closes > DAY
        return f"{_clock(self.opens)}-{_clock(self.closes - DAY if passes else self.closes)}"


Week = tuple[tuple[Hours, ...], ...]
"""The spans that begin on each weekday, from Monday. Where they overlap, it is open once."""

WHOLE_DAY = Hours(0, DAY)


@dataclass(frozen=True, order=True)
class ClosedDate:
    """A public holiday, or a closure of one's own: no span begins on that date."""

    on: date
    name: str


@dataclass(frozen=True, order=True)
class Closure:
    """Closed from one instant to another, whatever span it interrupts."""

    begins: datetime
    ends: datetime
    name: str

    def __post_init__(self) -> None:
        if self.begins.tzinfo is None or self.ends.tzinfo is None:
            raise ImpossibleCalendar(f"{self.name}: a closure needs a time zone.", "closures")
        if self.begins >= self.ends:
            raise ImpossibleCalendar(f"{self.name}: a closure ends after it begins.", "closures")
        object.__setattr__(self, "begins", self.begins.astimezone(UTC))
        object.__setattr__(self, "ends", self.ends.astimezone(UTC))


@dataclass(frozen=True, order=True)
class ExtraHours:
    """Open on that date too, even when it is otherwise closed: the short day before a holiday."""

    on: date
    hours: Hours
    name: str


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """The working time of a team: its hours less its closed dates, plus extra, less closures.

    Two calendars that say the same are equal, in whatever order they say it.
    """

    name: str
    zone: str
    """The IANA time zone in which its dates and hours are read."""
    week: Week
    closed: tuple[ClosedDate, ...] = ()
    extra: tuple[ExtraHours, ...] = ()
    closures: tuple[Closure, ...] = ()
    always: bool = field(init=False, compare=False, repr=False)
    """Whether it never closes: then working time is time."""

    def __post_init__(self) -> None:
        _check_zone(self.zone)
        if len(self.week) != len(WEEKDAYS):
            raise ImpossibleCalendar("A week has seven days, from Monday.", "week")
        if not any(self.week):
            raise NeverOpen(
                f"{self.name} is never open, so nothing would ever be due: give at least one"
                " weekday hours.",
                "week",
            )
        object.__setattr__(self, "week", tuple(tuple(sorted({*day})) for day in self.week))
        for name in ("closed", "extra", "closures"):
            object.__setattr__(self, name, tuple(sorted({*getattr(self, name)})))
        closes = self.closed or self.closures or not _whole(self.week)
        object.__setattr__(self, "always", not closes)


def week(days: Mapping[str, Iterable[str]]) -> Week:
    """Read `{"monday": ["09:00-17:30"], ...}`; a weekday that is not named is closed.

    Raises:
        ImpossibleCalendar: no such weekday, or no such hours; `part` names the weekday.
    """
    spans: dict[str, tuple[Hours, ...]] = dict.fromkeys(WEEKDAYS, ())
    for day, texts in days.items():
        if day not in spans:
            hint = _did_you_mean(day, WEEKDAYS)
            raise ImpossibleCalendar(f'"{day}" is no weekday.{hint}', day)
        try:
            spans[day] = tuple(map(Hours.read, texts))
        except ImpossibleCalendar as fault:
            raise ImpossibleCalendar(str(fault), day) from None
    return tuple(spans.values())


def _whole(days: Week) -> bool:
    """Whether the hours of a week leave no minute out."""
    spans = sorted(
        (n * DAY + hours.opens, n * DAY + hours.closes)
        for n, day in enumerate((*days, days[0]))
        for hours in day
    )
    # The first Monday's early hours may be the end of Sunday's shift, so look from one
    # Monday's first span on to the same point a week later.
    begin = reached = spans[0][0]
    for opens, closes in spans:
        if opens > reached:
            return False
        reached = max(reached, closes)
    return reached >= begin + WEEK


def _check_zone(zone: str) -> None:
    if zone == "localtime":
        raise ImpossibleCalendar(
            "A calendar names its time zone: that of a machine means something else on another.",
            "zone",
        )
    try:
        ZoneInfo(zone)
    except (LookupError, ValueError, OSError):
        hint = _did_you_mean(zone, available_timezones())
        raise ImpossibleCalendar(f'"{zone}" is no time zone.{hint}', "zone") from None


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    by_key = {name.lower(): name for name in sorted(known)}
    near = [by_key[key] for key in get_close_matches(word.lower(), by_key)]
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _clock(minutes: int) -> str:
    return f"{minutes // HOUR:02}:{minutes % HOUR:02}"


ALWAYS = Calendar(name="24x7", zone="UTC", week=((WHOLE_DAY,),) * len(WEEKDAYS))
"""Never closed, in no zone in particular."""
