"""What is asked of a trend: sliced by what, in which periods, by whose clocks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from typing import Any
from zoneinfo import available_timezones

NONE = ""
"""What `where` says of a dimension that is empty."""
MOST_ROWS = 1_000_000
"""More than this nobody reads; a table of that size is a matter for the lake itself."""


class Grain(StrEnum):
    """How long a period is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    ALL = "all"


class Resolution(StrEnum):
    """How finely durations are told apart for percentiles."""

    LOG = "log"
    EXACT = "exact"


class BadQuestion(ValueError):
    """A question that has no answer. The sentence says what is possible instead."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question to one trend."""

    trend: str
    by: tuple[str, ...] = ()
    """Dimensions of the trend, each value of which gets rows of its own."""
    grain: Grain = Grain.WEEK
    zone: str = "UTC"
    """IANA name: whose days, weeks and months."""
    calendar: str | None = None
    """Durations in working time of this calendar of the policy; none: every hour counts."""
    where: tuple[tuple[str, str], ...] = ()
    """Only these values of dimensions; several of one dimension: any of them."""
    since: date | None = None
    """First period shown begins on this date or later."""
    until: date | None = None
    """Periods that begin on this date or later are not shown."""
    resolution: Resolution = Resolution.LOG
    """Percentiles from buckets of 2 %, or from exact seconds."""
    limit: int = 10_000
    """Most rows; what has more is refused."""

    def __post_init__(self) -> None:
        """Words will do where a grain or a resolution is meant, and lists for tuples."""
        by: Any = self.by
        for name, value in (
            ("by", (by,) if isinstance(by, str) else tuple(by)),
            ("where", tuple((name, value) for name, value in self.where)),
            ("grain", _grain("grain", [self.grain])),
            ("resolution", _resolution("resolution", [self.resolution])),
        ):
            object.__setattr__(self, name, value)
        if self.zone not in available_timezones():
            near = get_close_matches(self.zone, available_timezones(), 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise BadQuestion("zone", f"{self.zone!r} is no time zone of the IANA list.{hint}")
        if not 1 <= self.limit <= MOST_ROWS:
            raise BadQuestion("limit", f"is from 1 to {MOST_ROWS:,}, not {self.limit}.")
        if self.since and self.until and self.until <= self.since:
            raise BadQuestion("to", f"{self.until} is not after {self.since}: nothing is between.")
        for name in self.by:
            if self.by.count(name) > 1:
                raise BadQuestion("by", f"names {name} twice.")

    @classmethod
    def read(cls, trend: str, texts: Mapping[str, str | Sequence[str]]) -> "Question":
        """A question in the words of a request: `by`, `grain`, `from`, `to`, `zone`, `calendar`,
        `where` (as in `priority=1`), `resolution`, `limit`; lists, or texts with commas.

        Raises:
            BadQuestion: a field is unknown, or says what cannot be.
        """
        asked = cls(trend=trend)
        for field, said in texts.items():
            reader = _READERS.get(field)
            if reader is None:
                known = ", ".join(_READERS)
                raise BadQuestion(field, f"is not a part of a question. Those are {known}.")
            name, read = reader
            values = [said] if isinstance(said, str) else list(said)
            asked = replace(asked, **{name: read(field, values)})
        return asked

    def said(self) -> dict[str, Any]:
        """The question in plain values, in the words of a request."""
        return {
            "trend": self.trend,
            "by": list(self.by),
            "grain": self.grain.value,
            "zone": self.zone,
            "calendar": self.calendar,
            "where": [f"{name}={value}" for name, value in self.where],
            "from": self.since.isoformat() if self.since else None,
            "to": self.until.isoformat() if self.until else None,
            "resolution": self.resolution.value,
            "limit": self.limit,
        }


def _one(field: str, values: list[str]) -> str:
    if len(values) != 1:
        raise BadQuestion(field, f"is said once, not {len(values)} times.")
    return values[0].strip()


def _list(_: str, values: list[str]) -> tuple[str, ...]:
    return tuple(part.strip() for value in values for part in value.split(",") if part.strip())


def _date(field: str, values: list[str]) -> date:
    text = _one(field, values)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadQuestion(field, f"is a date as in 2026-03-01, not {text!r}.") from None


def _grain(field: str, values: list[str]) -> Grain:
    return Grain(_word(field, values, Grain))


def _resolution(field: str, values: list[str]) -> Resolution:
    return Resolution(_word(field, values, Resolution))


def _word(field: str, values: list[str], words: Iterable[str]) -> str:
    text, known = _one(field, values), [str(word) for word in words]
    if text not in known:
        raise BadQuestion(field, f"is one of {', '.join(known)}, not {text!r}.")
    return text


def _number(field: str, values: list[str]) -> int:
    text = _one(field, values)
    if not text.isdecimal():
        raise BadQuestion(field, f"is a whole number, not {text!r}.")
    return int(text)


def _where(field: str, values: list[str]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for value in values:
        name, equals, wanted = value.partition("=")
        if not equals:
            raise BadQuestion(field, f"is as in priority=1, not {value!r}.")
        pairs.append((name.strip(), wanted.strip()))
    return tuple(pairs)


def _calendar(field: str, values: list[str]) -> str | None:
    return _one(field, values) or None


_READERS: dict[str, tuple[str, Any]] = {
    "by": ("by", _list),
    "grain": ("grain", _grain),
    "from": ("since", _date),
    "to": ("until", _date),
    "zone": ("zone", _one),
    "calendar": ("calendar", _calendar),
    "where": ("where", _where),
    "resolution": ("resolution", _resolution),
    "limit": ("limit", _number),
}
