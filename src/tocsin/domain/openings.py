"""Between which instants is a calendar open? Its local hours as spans of UTC microseconds.

A local time stands for *the first instant at which the clock on the wall shows that time or a later
one*. So of a time that comes twice, as clocks go back, the first counts (`fold=0` of PEP 495); a
time that never comes, as clocks go forward, is the moment of the jump; and a date that a country
skipped has no hours. A later local time is thus never an earlier instant, and touching spans stay
touching on every night of the year.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from tocsin.domain.calendar import Calendar, Hours

Span = tuple[int, int]
"""From one instant to another, in microseconds since 1970 in UTC."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
DAY_US = 24 * 60 * MINUTE_US

_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a reading of a wall clock has no zone
_FIRST_DAY = date(1970, 1, 1).toordinal()
_END_OF_TIME = 1 << 62


def microseconds(moment: datetime) -> int:
    """Microseconds from 1970 to an instant, exact. A time without a zone is a `TypeError`."""
    return (moment - EPOCH) // MICROSECOND


def instant(since_epoch: int) -> datetime:
    """The instant, in UTC, that many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=since_epoch)


def clock_shows(zone: ZoneInfo, day: int, minutes: int) -> int:
    """The first instant at which clocks in `zone` show that time, or a later one.

    `day` is the ordinal of a date, `minutes` counts from its midnight and may lead to the next day.
    """
    wall = (day - _FIRST_DAY) * DAY_US + minutes * MINUTE_US
    reading = (_NAIVE_EPOCH + timedelta(microseconds=wall)).replace(tzinfo=zone)
    before, after = _offset(reading), _offset(reading.replace(fold=1))
    if before >= after:
        return wall - before
    jump = range((wall - after) // SECOND_US, (wall - before) // SECOND_US + 1)
    second = bisect_left(
        jump,
        True,
        key=lambda s: _offset(instant(s * SECOND_US).astimezone(zone)) != before,
    )
    return jump[second] * SECOND_US


def _offset(local: datetime) -> int:
    offset = local.utcoffset()
    assert offset is not None, "every zone knows its offset"
    return offset // MICROSECOND


@dataclass(frozen=True, eq=False)
class Openings:
    """The spans in which a calendar is open, over a range of years, and the work up to each.

    Exact for every instant from `begins` to `ends`, and to be asked about no other.
    """

    years: range
    begins: int
    ends: int
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    before: tuple[int, ...]
    """The working time from `begins` until each span opens."""
    total: int = field(repr=False)

    def worked(self, moment: int) -> int:
        """Working time from `begins` until `moment`: W(t)."""
        place = bisect_right(self.opens, moment) - 1
        if place < 0:
            return 0
        return self.before[place] + min(moment, self.closes[place]) - self.opens[place]

    def reached(self, worked: int) -> int:
        """The first instant at which that much was worked (more than nothing, at most `total`)."""
        place = bisect_left(self.before, worked) - 1
        return self.opens[place] + worked - self.before[place]

    def is_open(self, moment: int) -> bool:
        """Whether it is open then: at the opening instant yes, at the closing instant no more."""
        place = bisect_right(self.opens, moment) - 1
        return place >= 0 and moment < self.closes[place]

    def within(self, begin: int, end: int) -> Iterator[Span]:
        """The spans from `begin` to `end`, cut off there."""
        for place in range(bisect_right(self.closes, begin), bisect_left(self.opens, end)):
            yield max(begin, self.opens[place]), min(end, self.closes[place])


def openings(calendar: Calendar, years: range) -> Openings:
    """Lay out the local years from `years.start` up to, without, `years.stop`."""
    zone = ZoneInfo(calendar.zone)
    first, end = (date(year, 1, 1).toordinal() for year in (years.start, years.stop))
    begins, ends = clock_shows(zone, first, 0), clock_shows(zone, end, 0)
    # The last shift of the year before may still be at work.
    spans = merged(sorted(_rostered(calendar, zone, range(first - 1, end))))
    shut = [(microseconds(c.begins), microseconds(c.ends)) for c in calendar.closures]
    outside = [(-_END_OF_TIME, begins), (ends, _END_OF_TIME)]
    kept = list(without(spans, merged(sorted([*shut, *outside]))))
    worked = list(accumulate((close - open_ for open_, close in kept), initial=0))
    return Openings(
        years=years,
        begins=begins,
        ends=ends,
        opens=tuple(open_ for open_, _ in kept),
        closes=tuple(close for _, close in kept),
        before=tuple(worked[:-1]),
        total=worked[-1],
    )


def _rostered(calendar: Calendar, zone: ZoneInfo, days: range) -> Iterator[Span]:
    """The spans that begin on each date. One that falls into skipped time is empty."""
    closed = {each.on.toordinal() for each in calendar.closed}
    extra: dict[int, list[Hours]] = {}
    for each in calendar.extra:
        extra.setdefault(each.on.toordinal(), []).append(each.hours)
    for day in days:
        regular = () if day in closed else calendar.week[(day - 1) % 7]
        for hours in (*regular, *extra.get(day, ())):
            yield clock_shows(zone, day, hours.opens), clock_shows(zone, day, hours.closes)


def merged(spans: Iterable[Span]) -> list[Span]:
    """Join spans, sorted by their beginnings, where they touch or overlap."""
    joined: list[Span] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((begin, end))
    return joined


def without(spans: Iterable[Span], shut: Sequence[Span]) -> Iterator[Span]:
    """Cut the second spans out of the first, both sorted and merged; what is empty goes too."""
    first = 0
    for opens, closes in spans:
        begin = opens
        while first < len(shut) and shut[first][1] <= begin:
            first += 1
        place = first
        while place < len(shut) and shut[place][0] < closes:
            if begin < shut[place][0]:
                yield begin, shut[place][0]
            begin = shut[place][1]
            place += 1
        if begin < closes:
            yield begin, closes
