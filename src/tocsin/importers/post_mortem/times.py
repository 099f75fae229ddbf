"""When a row of a timeline says that something happened: for certain, or between two instants.

What is not written is never made up. A row whose minute, hour or day is open says from when to
when it may have happened, and is put into the timeline at the earliest instant that its own words
and the rows above it allow.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from tocsin.importers.post_mortem.zones import zone_named
from tocsin.importers.report import UnreadableCell, clipped

COLUMN = "time"
MAX_CELL = 100
"""Characters of a time."""
LOOK = "Times look like 2021-02-28 14:05, 14:05, 14:?? or 09:00 - 11:00."
_OPEN = r"(?:\?{1,2}|--|xx)"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?"
_DATED = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})(?:[T ,]+(?P<rest>.*))?")
_LIKE_A_DATE = re.compile(r"[\d?]+[-/.][\d?]+[-/.][\d?]+")
_ZONED = re.compile(
    r"(?P<rest>.*?)\s*(?P<zone>Z|[A-Z]{3,5}|(?:UTC|GMT)?\+\d{2}:\d{2}|(?:UTC|GMT)-\d{2}:\d{2})"
)
_AT = re.compile(rf"(?P<before>~|ca\.?|approx\.?|about)?\s*(?P<clock>{_CLOCK})\s*(?P<after>~)?")
_SPAN = re.compile(
    rf"(?P<clock>{_CLOCK})\s*-\s*(?:(?P<date>\d{{4}}-\d\d-\d\d)\s+)?(?P<to>{_CLOCK})"
)
_HOUR = re.compile(rf"(?P<hour>\d{{1,2}}):(?:{_OPEN}|(?P<ten>[0-5])[?x])")
_DAY = re.compile(rf"|-+|{_OPEN}(?::(?:{_OPEN}|\d\d))?")
_MINUTE = timedelta(minutes=1)


class Known(StrEnum):
    """How well a row knows its time."""

    EXACT = "exact"
    SPAN = "span"
    """From one instant to another: it is taken to be at the first."""
    ABOUT = "about"
    """The writer was not sure of the minute."""
    OPEN = "open"
    """At some time between two instants."""


@dataclass(frozen=True)
class Moment:
    """When a row says that it happened, in UTC."""

    earliest: datetime
    latest: datetime
    known: Known
    at: datetime
    """Where it stands in the timeline."""


class Clock:
    """Reads the times of one document, row after row: a row may leave out what the one above says.

    `zone` is the document's, `told` that of whoever imports, `now` the end of the past.
    """

    def __init__(self, zone: tzinfo, *, told: tzinfo, now: datetime) -> None:
        self._zone, self._told, self._now = zone, told, now
        self._day: date | None = None
        self._above: datetime | None = None
        """The local time of the row above."""
        self._floor: datetime | None = None
        """The latest certain instant so far."""

    def read(self, cell: str) -> Moment:
        """Return the moment that a cell says.

        Raises:
            UnreadableCell: it says none, or none that can have been.
        """
        try:
            return self._read(cell)
        except UnreadableCell:
            self._day = None
            raise
        except (ValueError, OverflowError) as error:
            self._day = None
            raise _unreadable(cell, "There is no such day or time.") from error

    def _read(self, cell: str) -> Moment:
        if len(cell) > MAX_CELL:
            raise _unreadable(cell, f"It is longer than {MAX_CELL} characters. {LOOK}")
        said = re.sub(r"[\u2010-\u2015]", "-", " ".join(cell.split()))
        dated = _DATED.fullmatch(said)
        if dated is None and _LIKE_A_DATE.match(said):
            raise _unreadable(cell, f"Dates have a year of four digits. {LOOK}")
        rest = (dated["rest"] or "") if dated else said
        day = date.fromisoformat(dated["date"]) if dated else self._day
        if day is None:
            advice = "It says no date, nor does a readable row above: write the date."
            raise _unreadable(cell, advice if rest else LOOK)
        if not dated and not rest:
            raise _unreadable(cell, f"It says no time. {LOOK}")
        zone, rest = self._zoned(rest)
        begins, ends, known = _between(cell, day, rest)
        if not dated and self._above is not None and ends < self._above:
            advice = "It is before the row above, and says no date: write the date."
            raise _unreadable(cell, advice)
        moment = self._placed(cell, zone, begins, ends, known)
        self._day, self._above = day, begins
        return moment

    def _zoned(self, rest: str) -> tuple[tzinfo, str]:
        zoned = None if _SPAN.fullmatch(rest) else _ZONED.fullmatch(rest)
        if zoned is None:
            return self._zone, rest
        return zone_named(zoned["zone"], self._told), zoned["rest"]

    def _placed(
        self, cell: str, zone: tzinfo, begins: datetime, ends: datetime, known: Known
    ) -> Moment:
        earliest, latest = (self._utc(cell, local, zone) for local in (begins, ends))
        if earliest > self._now:
            raise _unreadable(cell, "That is in the future.")
        if known is Known.OPEN:
            floor = self._floor
            inside = floor is not None and earliest <= floor <= latest
            return Moment(earliest, latest, known, floor if inside and floor else earliest)
        self._floor = max(earliest, self._floor) if self._floor else earliest
        return Moment(earliest, latest, known, earliest)

    def _utc(self, cell: str, local: datetime, zone: tzinfo) -> datetime:
        """Return the instant. Of an hour that the clocks showed twice, it is taken as the first."""
        instant = local.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) != local:
            raise _unreadable(cell, f"The clocks of {zone} never showed that: is the zone right?")
        return instant


def _between(cell: str, day: date, rest: str) -> tuple[datetime, datetime, Known]:
    """From when to when it may have been, on the clocks there, and how well that is known."""
    if found := _AT.fullmatch(rest):
        at = _local(day, found["clock"])
        return at, at, Known.ABOUT if found["before"] or found["after"] else Known.EXACT
    if found := _SPAN.fullmatch(rest):
        last = date.fromisoformat(found["date"]) if found["date"] else day
        begins, ends = _local(day, found["clock"]), _local(last, found["to"])
        if ends < begins:
            raise _unreadable(cell, "It ends before it begins: write the date of its end as well.")
        return begins, ends, Known.SPAN
    if found := _HOUR.fullmatch(rest):
        ten = found["ten"]
        begins = _local(day, f"{found['hour']}:{ten or 0}0")
        return begins, begins + (10 if ten else 60) * _MINUTE - _MINUTE, Known.OPEN
    if _DAY.fullmatch(rest):
        midnight = datetime.combine(day, time())
        return midnight, midnight + timedelta(days=1) - _MINUTE, Known.OPEN
    raise _unreadable(cell, LOOK)


def _local(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock.zfill(len("00:00"))))


def _unreadable(cell: str, advice: str) -> UnreadableCell:
    return UnreadableCell(COLUMN, clipped(cell), advice)
