"""A lake drawn by lot: what its columns may say, in more and odder ways than any log would.

Statements are made and taken back over several segments and a tail; every dimension has nulls and
texts beyond ASCII; times cross the changes of clocks, lie before 1970 and run backwards.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import orjson

from tocsin.domain.calendar import Calendar, ClosedDate, week
from tocsin.domain.incident.values import Status
from tocsin.domain.openings import DAY_US, microseconds
from tocsin.domain.policy import DEFAULT_POLICY
from tocsin.domain.policy.record import Policy
from tocsin.domain.policy.state import POLICY_STREAM
from tocsin.domain.policy.values import Measure
from tocsin.lake import columns
from tocsin.lake.placing import Placing
from tocsin.lake.segments import FORMAT, IDENTITY, Segments
from tocsin.lake.tables import EVENTS, FLAG, INCIDENTS, INTEGER, SPELLS, TIMERS, Column, Table

SEGMENT, SEGMENTS, TAIL = 600, 3, 250
INCIDENTS_DRAWN = 600
BEGIN = microseconds(datetime(2023, 2, 20, tzinfo=UTC))
END = microseconds(datetime(2023, 11, 20, tzinfo=UTC))
"""Two changes of the clocks in Europe, in America, and on Lord Howe Island."""
OFFICE, NIGHT = "büro", "night"
TEXTS = (
    *("Netz", "netz", "Ärger", "ärger", "é", "e\u0301", "ß", "ss", "İ", "日本", "😀", "", " lead"),
    *("tab\tx", "back\\slash", "quo'te", '"', "{b}", "%", "NULL", "null", "NaN", "0", "-1", "a,b"),
)
"""Texts that some engine might take for each other, or for something else than a text."""
WORDS = {
    "status": tuple(map(str, Status)),
    "status_before": tuple(map(str, Status)),
    "measure": tuple(map(str, Measure)),
    "agreement": ("SLA", "OLA"),
    "verdict": ("met", "breached"),
    "spell": ("state", "group", "hold", "open", "major"),
}
Row = tuple[Any, ...]
Rows = dict[str, list[Row]]


def draw(lake: Path, seed: int = 7) -> None:
    """Write such a lake into a folder; the same seed gives the same one."""
    segments, lot = Segments(lake), _Lot(Random(seed))
    placing = Placing(segments)
    with placing.held():
        mark = sha256(str(seed).encode()).hexdigest()
        identity = {"format": FORMAT, "segment": SEGMENT, "log": mark}
        (segments.folder / IDENTITY).write_bytes(orjson.dumps(identity))
        for number in range(SEGMENTS):
            first, last = number * SEGMENT + 1, (number + 1) * SEGMENT
            placing.seal(first, last, mark, columns.of(lot.rows(first, last)))
        first = SEGMENTS * SEGMENT + 1
        placing.trail(first, first + TAIL - 1, mark, columns.of(lot.rows(first, first + TAIL - 1)))


class _Lot:
    """What was said so far, and what is said next."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._stands: dict[int, list[tuple[Table, Row]]] = {}

    def rows(self, first: int, last: int) -> Rows:
        """The rows of a range: its events, and what they made true or no longer true."""
        found: Rows = {EVENTS.name: [self._event(at) for at in range(first, last + 1)]}
        found |= {table.name: [] for table in (INCIDENTS, SPELLS, TIMERS)}
        touched = self._dice.sample(range(INCIDENTS_DRAWN), k=INCIDENTS_DRAWN // 3)
        for incident in touched:
            position = self._dice.randint(first, last)
            for table, row in self._stands.pop(incident, []):
                found[table.name].append((position, -1, *row[2:]))
            if self._dice.random() < 0.97:
                stands = list(self._statements(incident, position))
                self._stands[incident] = stands
                for table, row in stands:
                    found[table.name].append(row)
        return found

    def _statements(self, incident: int, position: int) -> Iterator[tuple[Table, Row]]:
        reported = self._moment()
        tables = [INCIDENTS, *[SPELLS] * self._dice.randint(0, 6)]
        tables += [TIMERS] * self._dice.randint(0, 3)
        for table in tables:
            fixed = {
                "position": position,
                "sign": 1,
                "incident_id": f"incident-{incident}",
                "reported_us": reported,
            }
            yield table, self._row(table, fixed, reported)

    def _event(self, position: int) -> Row:
        fixed: dict[str, Any] = {"position": position, "version": 1, "data": "{}"}
        if position == 17:
            event = {"version": 2, "document": "", "compiled": policy().compiled}
            told = orjson.dumps(event).decode()
            fixed |= {"stream": str(POLICY_STREAM), "event": "policy.published", "data": told}
        now = BEGIN + (END - BEGIN) * position // (SEGMENTS * SEGMENT + TAIL)
        fixed |= {"recorded_us": max(now, 0)}
        return self._row(EVENTS, fixed, self._moment())

    def _row(self, table: Table, fixed: dict[str, Any], near: int) -> Row:
        return tuple(
            fixed[column.name] if column.name in fixed else self._value(column, near)
            for column in table.columns
        )

    def _value(self, column: Column, near: int) -> Any:
        dice = self._dice
        if not column.required and dice.random() < 0.2:
            return None
        if column.type == FLAG:
            return dice.random() < 0.3
        if column.type == INTEGER:
            if column.name in ("goal_us", "spent_us", "paused_us", "major_us"):
                return dice.choice((0, 1, 999_999, dice.randrange(10**12)))
            return self._after(near) if column.name.endswith("_us") else dice.randint(0, 5)
        return dice.choice(WORDS.get(column.name, TEXTS))

    def _moment(self) -> int:
        """Some instant of the time that is drawn, a few of another."""
        dice = self._dice.random()
        if dice < 0.01:
            return self._dice.choice((-1, -DAY_US, 0, 1, -5 * DAY_US - 1))
        if dice < 0.3:
            # By the hour, when clocks change and days begin.
            return self._dice.randrange(BEGIN, END) // (DAY_US // 48) * (DAY_US // 48)
        return self._dice.randrange(BEGIN, END)

    def _after(self, moment: int) -> int:
        """A while after a moment: often short, sometimes very long, now and then before it."""
        length = self._dice.choice((1, 60, 3_600, 86_400, 40 * 86_400)) * 1_000_000
        return moment + self._dice.randrange(-length // 50, length + 1)


def policy() -> Policy:
    """Rules with two calendars: hours with a break where clocks change, and shifts of the night."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday")
    office = Calendar(
        name=OFFICE,
        zone="Europe/Berlin",
        week=week(dict.fromkeys(days, ("08:30-12:00", "12:45-17:15"))),
        closed=(ClosedDate(date(2023, 10, 3), "Tag der Einheit"),),
    )
    night = Calendar(
        name=NIGHT,
        zone="America/New_York",
        week=week(dict.fromkeys((*days, "saturday", "sunday"), ("22:00-06:00",))),
    )
    known = {**DEFAULT_POLICY.calendars, OFFICE: office, NIGHT: night}
    return Policy(calendars=known, groups=DEFAULT_POLICY.groups, levels=DEFAULT_POLICY.levels)
