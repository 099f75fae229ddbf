"""The moment that a list is asked of, and what of a history counts for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import pairwise
from typing import Any

from tocsin.domain.incident.chronicle import happened_by
from tocsin.domain.incident.events import IncidentCorrected, IncidentReported
from tocsin.domain.incident.values import OPEN, Status
from tocsin.domain.kernel import Recorded, utc
from tocsin.domain.openings import microseconds
from tocsin.domain.worktime import EARLIEST, LATEST
from tocsin.past.moments import Moment, NothingKnown
from tocsin.readmodels import Projection

SECONDS = len("2026-03-01T14:05:00")
_OCCURRED = b'"occurred_at":"'
_CORRECTED, _REPORTED = (
    b'"event":"%b"' % kind.event_name.encode() for kind in (IncidentCorrected, IncidentReported)
)
NUMBERS = 65_536
"""The last two bytes of an incident's id: chance, or a hash."""


@dataclass(frozen=True)
class Wanted:
    """A moment, and the last position that counts."""

    moment: Moment
    until: int

    @property
    def as_of_us(self) -> int | None:
        """In microseconds since 1970; as clocks know it, within the years of their calendars."""
        at = _us(self.moment.as_of)
        return None if at is None else min(max(at, EARLIEST), LATEST)

    @property
    def known_us(self) -> int | None:
        """In microseconds since 1970."""
        return _us(self.moment.known_at)

    def counting(self, bodies: Sequence[bytes]) -> Sequence[bytes]:
        """Stored events of one incident without most of those that cannot count, which then need
        not be decoded: what happened in a later second. A correction, or a report, can move any."""
        if self.moment.as_of is None or any(_CORRECTED in body for body in bodies):
            return bodies
        limit = utc(self.moment.as_of).isoformat()[:SECONDS].encode()
        return [body for body in bodies if _second(body) <= limit or _REPORTED in body]

    def row(self, projection: Projection, history: Sequence[Recorded[Any]]) -> Any:
        """The row of one incident, as the projection would have made it then; none if it makes
        none of it."""
        try:
            course = self.moment.known([each for each in history if each.position <= self.until])
        except NothingKnown:
            return None
        if self.moment.as_of is not None:
            course = [deed.recorded for deed in happened_by(course, self.moment.as_of)]
        mine = (each for each in course if type(each.event) in projection.events)
        return reduce(projection.fold, mine, None)


def tells(shows: Callable[..., bool] | None) -> bool:
    """Whether the lake knows more incidents than a list that shows these: it knows the open."""
    others = frozenset(Status) - OPEN
    return shows is not None and not any(shows(each, logged=True) for each in others)


def _second(body: bytes) -> bytes:
    """Of its time in the world: after the last place that looks like the field, which is it."""
    place = body.rfind(_OCCURRED) + len(_OCCURRED)
    return body[place : place + SECONDS]


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def parts(count: int) -> list[range]:
    """So many parts of all streams."""
    ends = [NUMBERS * number // count for number in range(count + 1)]
    return [range(*pair) for pair in pairwise(ends)]
