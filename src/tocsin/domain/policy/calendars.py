"""Reading business calendars: hours, holidays looked up and kept as dates, closures."""

from collections.abc import Callable, Iterator

from tocsin.domain.calendar import (
    ALWAYS,
    WEEKDAYS,
    Calendar,
    ClosedDate,
    Closure,
    ExtraHours,
    Hours,
    ImpossibleCalendar,
    week,
)
from tocsin.domain.policy import keys
from tocsin.domain.policy.reading import HOUR, Table

Holidays = Callable[[str, range, str | None], tuple[ClosedDate, ...]]
"""Looks up the public holidays of a country, in some years, of a subdivision if one is named. What
it cannot know it refuses with a `ValueError`; its `part` is `country`, `subdivision` or `years`."""
YEARS = (1900, 2300)
MAX_HOLIDAY_YEARS = 1_000
"""That one document may look up, all calendars together: each takes its time."""


def calendars(
    document: Table, holidays: Holidays
) -> Iterator[tuple[str, Calendar | None, int | None]]:
    """Read every calendar, with the seconds of its day; none where it cannot be one."""
    yield ALWAYS.name, ALWAYS, 24 * HOUR
    holidays = _rationed(holidays)
    for name, table in document.named("calendars", keys.CALENDAR):
        if name == ALWAYS.name:
            table.flaw(None, "is there already and never closes: choose another name.")
            continue
        calendar = _calendar(name, table, holidays)
        day = table.duration("day", None, None)
        if day is not None and day > 24 * HOUR:
            table.flaw("day", "takes 24h at most.")
        yield name, calendar, 24 * HOUR if calendar and calendar.always and not day else day


class TooManyYears(ValueError):
    """A document that asks for so much is a mistake, or meant to keep the service busy."""

    part = "years"


def _rationed(holidays: Holidays) -> Holidays:
    asked = 0

    def look_up(country: str, years: range, subdivision: str | None) -> tuple[ClosedDate, ...]:
        nonlocal asked
        asked += len(years)
        if asked > MAX_HOLIDAY_YEARS:
            raise TooManyYears(f"is more than {MAX_HOLIDAY_YEARS:,} years of holidays in all.")
        return holidays(country, years, subdivision)

    return look_up


def _calendar(name: str, table: Table, holidays: Holidays) -> Calendar | None:
    closed = [*_closed(table), *_holidays(table, holidays)]
    extra, closures = tuple(_extra(table)), tuple(_closures(table))
    zone, days = table.text("zone"), _hours(table)
    if not zone or not days:
        return None
    try:
        return Calendar(
            name=name,
            zone=zone,
            week=week(days),
            closed=tuple(closed),
            extra=extra,
            closures=closures,
        )
    except ImpossibleCalendar as fault:
        # A word that is no weekday is its own part.
        table.flaw("zone" if fault.part == "zone" else "hours", str(fault))
        return None


def _hours(table: Table) -> dict[str, list[str]]:
    """The spans that begin on each weekday; of `monday-friday` on each of those."""
    if "hours" not in table:
        table.flaw(None, 'lacks hours, as in hours = { monday-friday = ["09:00-17:30"] }.')
        return {}
    said = [name for name, _ in table.entries("hours")]
    if not said:
        return {}
    spans = table.table("hours", dict.fromkeys(said, ""))
    days: dict[str, list[str]] = {}
    for name in said:
        texts = spans.texts(name)
        _check_spans(spans, name, texts)
        for day in _weekdays(name):
            days[day] = [*days.get(day, ()), *texts]
    return days


def _check_spans(spans: Table, day: str, texts: tuple[str, ...]) -> None:
    for place, text in enumerate(texts):
        try:
            Hours.read(text)
        except ImpossibleCalendar as fault:
            spans.flaw(day, str(fault), place)


def _weekdays(name: str) -> tuple[str, ...]:
    first, dash, last = name.lower().partition("-")
    if not dash or first not in WEEKDAYS or last not in WEEKDAYS:
        return (name.lower(),)
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last)
    return tuple(WEEKDAYS[day % 7] for day in range(begin, end + 1 + 7 * (end < begin)))


def _holidays(calendar: Table, holidays: Holidays) -> Iterator[ClosedDate]:
    for table in calendar.tables("holidays", keys.HOLIDAYS):
        country, subdivision = table.text("country"), table.text("subdivision", "") or None
        first, last = table.whole("from", *YEARS), table.whole("to", *YEARS)
        if not country or first is None or last is None:
            continue
        if last < first:
            table.flaw("to", "is no year before the first one.")
            continue
        try:
            yield from holidays(country, range(first, last + 1), subdivision)
        except ValueError as fault:
            part = getattr(fault, "part", "country")
            table.flaw("to" if part == "years" else part, str(fault))


def _closed(calendar: Table) -> Iterator[ClosedDate]:
    for table in calendar.tables("closed", keys.CLOSED):
        on, name = table.date("on"), table.text("name")
        if on and name:
            yield ClosedDate(on, name)


def _extra(calendar: Table) -> Iterator[ExtraHours]:
    for table in calendar.tables("extra", keys.EXTRA):
        on, span, name = table.date("on"), table.text("hours"), table.text("name")
        if on and span and name:
            try:
                yield ExtraHours(on, Hours.read(span), name)
            except ImpossibleCalendar as fault:
                table.flaw("hours", str(fault))


def _closures(calendar: Table) -> Iterator[Closure]:
    for table in calendar.tables("closures", keys.CLOSURE):
        begins, ends, name = table.instant("begins"), table.instant("ends"), table.text("name")
        if begins and ends and name:
            try:
                yield Closure(begins, ends, name)
            except ImpossibleCalendar as fault:
                table.flaw("ends", str(fault))
