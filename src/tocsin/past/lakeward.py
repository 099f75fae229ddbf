"""Which incidents a list could tell of, as the lake knows it: in a fraction of a second.

The lake says when each incident was open, in the order of the world, and takes back what turned out
otherwise; so its rows up to the end of a segment are what was known there. Everything that is shown
is then folded from the log, as it is without a lake: the answer is the same.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tocsin.domain.incident.values import OPEN
from tocsin.domain.kernel import EVENTS, IMPORTS
from tocsin.past.scan import CORRECTED, LEADING, REOPENED
from tocsin.past.wanted import NUMBERS, Wanted
from tocsin.store.log import Log

if TYPE_CHECKING:
    from tocsin.lake.lake import Lake

GAP = 20_000
"""Positions that the lake may not know yet."""
_WHILE_OPEN = "open"


class NotCovered(Exception):
    """The lake cannot help to answer this."""


def candidates(lake: "Lake", log: Log, wanted: Wanted) -> list[UUID]:
    """The incidents that could have been open at a moment, and a few more.

    Raises:
        NotCovered: the lake does not reach that far.
    """
    with lake.alone():
        position, tables = lake.position, lake.tables
        if not {"events", "incidents", "spells"} <= tables.keys():
            raise NotCovered("The lake is empty.")
        first, last = _known(lake, tables["events"], wanted, position)
        end = _end(lake, first, position)
        found = set(_names(lake, _open(tables, wanted, end)))
        found |= set(_names(lake, _doubtful(tables["events"])))
        if end < last:
            found |= set(_names(lake, _led(tables["events"], wanted, end, last)))
    touched = {UUID(each) for each in found}
    return sorted(touched | _touched(log, position, wanted.until))


def _known(lake: "Lake", events: Any, wanted: Wanted, position: int) -> tuple[int, int]:
    """Up to which position everything was known at the moment, and up to which something was."""
    if wanted.known_us is None:
        return position, position
    over = events.via.startswith(IMPORTS)
    learnt = over.ifelse(events.occurred_us, events.recorded_us)
    later = events.filter(learnt > wanted.known_us).position.min()
    known = events.filter(learnt <= wanted.known_us).position.max()
    first, last = _number(lake, later, position + 1) - 1, _number(lake, known, 0)
    return min(first, last), max(first, last)


def _end(lake: "Lake", first: int, position: int) -> int:
    """The last position, up to the first, after which the lake has said all that was known."""
    if first >= position:
        return position
    return max((each.last for each in lake.segments.sealed() if each.last <= first), default=0)


def _led(events: Any, wanted: Wanted, after: int, until: int) -> Any:
    """What came to stand elsewhere within a segment: of that, the lake says only what it came to
    at the end of the segment."""
    rows = events.filter((events.position > after) & (events.position <= until))
    rows = rows.filter(rows.event.isin(LEADING))
    at = wanted.as_of_us
    if at is None:
        rows = rows.filter(rows.status.isin([each.value for each in OPEN]))
    else:
        rows = rows.filter(rows.reported_us <= at)
    return rows.select("incident_id").distinct()


def _number(lake: "Lake", expression: Any, otherwise: int) -> int:
    (value,) = lake.engine.arrow(expression.name("n").as_table()).column("n").to_pylist()
    return otherwise if value is None else int(value)


def _names(lake: "Lake", expression: Any) -> Iterable[str]:
    names: list[str] = lake.engine.arrow(expression).column("incident_id").to_pylist()
    return names


def _open(tables: dict[str, Any], wanted: Wanted, position: int) -> Any:
    at = wanted.as_of_us
    if at is None:
        rows = tables["incidents"]
        rows = rows.filter(rows.open & (rows.position <= position))
    else:
        rows = tables["spells"]
        begun = (rows.spell == _WHILE_OPEN) & (rows.position <= position) & (rows.began_us <= at)
        rows = rows.filter(begun & (rows.ended_us.isnull() | (rows.ended_us > at)))
    sums = rows.group_by("incident_id").agg(held=rows.sign.sum())
    return sums.filter(sums.held > 0).select("incident_id")


def _doubtful(events: Any) -> Any:
    """Whose end was corrected and that were reopened: only their history says what came first."""
    reopened = events.filter(events.event == REOPENED).incident_id
    rows = events.filter((events.event == CORRECTED) & events.incident_id.isin(reopened))
    return rows.select("incident_id").distinct()


def _touched(log: Log, after: int, until: int) -> set[UUID]:
    if until - after > GAP:
        raise NotCovered(f"The lake lacks {until - after:,} events.")
    if until <= after:
        return set()
    names = sorted(name for name in EVENTS if name.startswith("incident."))
    share = log.raw_share(names, range(NUMBERS), after, until)
    return {UUID(bytes=stream) for stream, _ in share}
