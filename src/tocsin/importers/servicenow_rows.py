"""One row of a ServiceNow audit log, checked: nothing in it is guessed.

The log has one row per update of an incident, with every column as it stood after the update;
but `closed_code`, `resolved_by`, `resolved_at` and `closed_at` are the final values, written on
every row. Whoever reads them early knows the future, so nothing here reads them but the code on
the row that closes the incident. Times are `D/M/YYYY HH:MM` without a zone, `?` is missing.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from hashlib import sha256
from operator import itemgetter
from sys import intern
from typing import NamedTuple

from tocsin.domain.incident.values import HoldReason, Impact, Priority, Status, Urgency
from tocsin.importers.report import UnreadableCell, clipped

COLUMNS = (
    "number", "incident_state", "active", "reassignment_count", "reopen_count", "sys_mod_count",
    "made_sla", "caller_id", "opened_by", "opened_at", "sys_created_by", "sys_created_at",
    "sys_updated_by", "sys_updated_at", "contact_type", "location", "category", "subcategory",
    "u_symptom", "cmdb_ci", "impact", "urgency", "priority", "assignment_group", "assigned_to",
    "knowledge", "u_priority_confirmation", "notify", "problem_id", "rfc", "vendor", "caused_by",
    "closed_code", "resolved_by", "resolved_at", "closed_at",
)  # fmt: skip
FINAL = ("closed_code", "resolved_by", "resolved_at", "closed_at")
COUNTS = ("reassignment_count", "reopen_count", "sys_mod_count")
MISSING = frozenset({"?", ""})

NOBODY = "unknown"
"""The actor where the log names none."""
UNKNOWN_STATE = "-100"
"""ServiceNow's own word for a state that it could not name."""
STATES: dict[str, Status] = {
    "New": Status.NEW,
    "Active": Status.IN_PROGRESS,
    "Awaiting User Info": Status.ON_HOLD,
    "Awaiting Vendor": Status.ON_HOLD,
    "Awaiting Problem": Status.ON_HOLD,
    "Awaiting Change": Status.ON_HOLD,
    "Awaiting Evidence": Status.ON_HOLD,
    "Resolved": Status.RESOLVED,
    "Closed": Status.CLOSED,
}
HOLD_REASONS = {
    "Awaiting User Info": HoldReason.AWAITING_CALLER,
    "Awaiting Vendor": HoldReason.AWAITING_VENDOR,
    "Awaiting Problem": HoldReason.AWAITING_PROBLEM,
    "Awaiting Change": HoldReason.AWAITING_CHANGE,
    "Awaiting Evidence": HoldReason.AWAITING_EVIDENCE,
}
IMPACTS = dict(zip("123", Impact, strict=True))
URGENCIES = dict(zip("123", Urgency, strict=True))

NUMBER = re.compile(r"INC[0-9]{7,12}")
_TIME = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{1,2}):([0-9]{2})")
_RANK = re.compile(r"([1-5]) - \S.*", re.DOTALL)
_PLACE = {column: place for place, column in enumerate(COLUMNS)}
MAX_REMEMBERED = 50_000
"""Different values that are remembered, to read each only once."""


class AuditRow(NamedTuple):
    """An incident as it stood after one update."""

    number: str
    state: str
    """As the row says."""
    stands: str
    """The state that the events so far add up to: the row's own, or the last that made sense."""
    at: datetime
    actor: str
    made_sla: bool
    impact: Impact | None
    urgency: Urgency | None
    priority: Priority | None
    cells: tuple[str, ...]
    """The columns in the order of `COLUMNS`, as they came."""
    extra: tuple[tuple[str, str], ...]
    """Columns that this importer does not know, on any header that has some."""

    def get(self, column: str) -> str | None:
        """The value of a column, None where it is missing."""
        value = self.cells[_PLACE[column]]
        return None if value in MISSING else value

    def fingerprint(self, *, closes: bool) -> bytes:
        """What tells this row from one that was changed since. Final values are none of its own,
        except the code on the row that closes the incident."""
        own = list(_OWN(self.cells))
        if closes:
            own.append(self.cells[_PLACE["closed_code"]])
        return sha256("\x1f".join(own).encode()).digest()


class Reader:
    """Makes rows of cells under one header, in one time zone."""

    def __init__(self, header: Sequence[str], zone: tzinfo, latest: datetime) -> None:
        self._pick = itemgetter(*(header.index(column) for column in COLUMNS))
        self._width, self._number = len(header), header.index("number")
        self._extra = [(i, column) for i, column in enumerate(header) if column not in _PLACE]
        self._zone, self._latest = zone, latest
        self._times: dict[str, datetime] = {}
        self._meanings: dict[tuple[str, ...], _Meaning] = {}
        self._counts: set[str] = set()

    def read(self, cells: Sequence[str]) -> AuditRow:
        """Return the row.

        Raises:
            UnreadableCell: a value that events are made of cannot be read.
        """
        own = tuple(map(intern, self._pick(cells)))
        number, at, actor = _IDENTITY(own)
        if not NUMBER.fullmatch(number):
            raise _unreadable("number", number, "INC and 7 to 12 digits are expected.")
        words = _WORDS(own)
        meaning = self._meanings.get(words)
        if meaning is None:
            if len(self._meanings) >= MAX_REMEMBERED:
                self._meanings.clear()
            meaning = self._meanings[words] = _meaning(*words)
        if not self._counts.issuperset(_COUNTS(own)):
            if len(self._counts) >= MAX_REMEMBERED:
                self._counts.clear()
            self._counts.update(_count(column, own[_PLACE[column]]) for column in COUNTS)
        state, stands, made_sla, impact, urgency, priority = meaning
        return AuditRow(
            number=number,
            state=state,
            stands=stands,
            at=self.time("sys_updated_at", at),
            actor=actor if actor not in MISSING else NOBODY,
            made_sla=made_sla,
            impact=impact,
            urgency=urgency,
            priority=priority,
            cells=own,
            extra=tuple((column, cells[i]) for i, column in self._extra) if self._extra else (),
        )

    def number(self, cells: Sequence[str]) -> str | None:
        """The number in a damaged row. Behind a cell too few it may be another column's."""
        if (self._number and len(cells) != self._width) or len(cells) <= self._number:
            return None
        number = cells[self._number]
        return number if NUMBER.fullmatch(number) else None

    def time(self, column: str, value: str) -> datetime:
        """Return the instant. Of an hour that the clocks showed twice, it is taken as the first.

        Raises:
            UnreadableCell: not a time, not one that was on the clocks, or in the future.
        """
        known = self._times.get(value)
        if known is not None:
            return known
        match = _TIME.fullmatch(value)
        try:
            day, month, year, hour, minute = map(int, match.groups()) if match else (0,) * 5
            local = datetime(year, month, day, hour, minute, tzinfo=self._zone)
            moment = local.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            advice = "A time like 29/2/2016 09:48, day first, is expected."
            raise _unreadable(column, value, advice) from error
        if moment.astimezone(self._zone).replace(fold=0) != local:
            advice = f"The clocks of {self._zone} never showed it: is the time zone right?"
            raise _unreadable(column, value, advice)
        if moment > self._latest:
            raise _unreadable(column, value, "It is in the future: is the time zone right?")
        if len(self._times) >= MAX_REMEMBERED:
            self._times.clear()
        self._times[value] = moment
        return moment


def _places(*columns: str) -> Callable[[Sequence[str]], tuple[str, ...]]:
    return itemgetter(*(_PLACE[column] for column in columns))


_OWN = _places(*(column for column in COLUMNS if column not in FINAL))
_COUNTS = _places(*COUNTS)
_IDENTITY = _places("number", "sys_updated_at", "sys_updated_by")
_WORDS = _places("incident_state", "made_sla", "impact", "urgency", "priority")
_Meaning = tuple[str, str, bool, Impact | None, Urgency | None, Priority | None]


def _meaning(state: str, sla: str, impact: str, urgency: str, priority: str) -> _Meaning:
    """What the columns with few values say. Each combination of them is read once."""
    if state not in STATES and state != UNKNOWN_STATE:
        raise _unreadable("incident_state", state, f"Known are {', '.join(STATES)}.")
    if sla not in ("true", "false"):
        raise _unreadable("made_sla", sla, "true or false is expected.")
    rank = _rank("priority", priority, "12345")
    return (
        state,
        "New" if state == UNKNOWN_STATE else state,
        sla == "true",
        IMPACTS.get(_rank("impact", impact, "123")),
        URGENCIES.get(_rank("urgency", urgency, "123")),
        Priority(int(rank)) if rank else None,
    )


def _count(column: str, value: str) -> str:
    if not (value.isascii() and value.isdigit()) or len(value) > 9:
        raise _unreadable(column, value, "A whole number is expected.")
    return value


def _rank(column: str, value: str, ranks: str) -> str:
    if value in MISSING:
        return ""
    match = _RANK.fullmatch(value)
    if match is None or match[1] not in ranks:
        raise _unreadable(column, value, f"A rank from {ranks[0]} to {ranks[-1]} is expected.")
    return match[1]


def _unreadable(column: str, value: str, advice: str) -> UnreadableCell:
    return UnreadableCell(column, clipped(value), advice)
