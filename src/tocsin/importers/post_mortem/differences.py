"""Why a figure that engineers wrote differs from the one that the rows give.

Nearly always because they counted from another row, or to another row: one before the impact, a
later alarm, the repair of the last account. The rows that give exactly their figures are looked
for, beginning with those that are ours as well.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tocsin.importers.post_mortem.course import MINUTE, Course, Figure
from tocsin.importers.post_mortem.documents import Row
from tocsin.importers.post_mortem.stats import Written
from tocsin.importers.post_mortem.times import Known

HOUR = 60
ROUND = 5
"""Minutes that people round to."""


class Why(StrEnum):
    """What a figure that was written has to do with the one that was computed."""

    SAME = "same"
    NEITHER = "neither"
    """None was written, and the rows do not say it either."""
    NOT_WRITTEN = "not-written"
    UNREADABLE = "unreadable"
    """Something was written that is no number of minutes."""
    FROM_A_ROW_BEFORE = "from-a-row-before"
    """They count from a row before the impact as computed."""
    FROM_A_ROW_AFTER = "from-a-row-after"
    TO_A_ROW_BEFORE = "to-a-row-before"
    TO_A_ROW_AFTER = "to-a-row-after"
    """They count to a row after the detection, or the recovery, as computed."""
    NO_CERTAIN_ROW = "no-certain-row"
    """They count to a row that does not say for certain what it was."""
    OPEN_TIME = "open-time"
    """It lies between what the open time of a row allows."""
    ROUNDED = "rounded"
    ZONE = "zone"
    """Exactly one or two hours apart: two clocks."""
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Difference:
    """A pair of figures, and what tells them apart."""

    written: Written
    computed: Figure | None
    why: tuple[Why, ...]
    says: str = ""
    """In a sentence, with the lines of the document that explain it."""


@dataclass(frozen=True)
class _Goal:
    """One of the two figures: as written, as computed, and where the computed one ends."""

    name: str
    written: Written
    computed: Figure | None
    end: Row | None


def differences(
    course: Course, detection: Written, recovery: Written
) -> tuple[Difference, Difference]:
    """Both figures, each with its explanation. Engineers count both from the same row."""
    goals = (
        _Goal("the detection", detection, course.detection, course.known),
        _Goal("the recovery", recovery, course.recovery, course.relieved),
    )
    begins, ends = _rows_of(course, goals)
    first, second = (
        _difference(course, goal, begins, end) for goal, end in zip(goals, ends, strict=True)
    )
    return first, second


def _rows_of(course: Course, goals: Sequence[_Goal]) -> tuple[Row | None, list[Row | None]]:
    """The row that the engineers counted from, and those that they counted to, if any fit.

    Both figures must fit the same beginning. Where several do, the one that leaves most of our
    rows in place is it; then the nearest.
    """
    certain = [row for row in course.rows if row.moment.known is not Known.OPEN]
    best: tuple[int, Row | None, list[Row | None]] = (len(goals) + 2, None, [None] * len(goals))
    for begins in _nearest(certain, course.began):
        ends = [_end(certain, goal, begins) for goal in goals]
        stated = [
            (end, goal)
            for end, goal in zip(ends, goals, strict=True)
            if goal.written.minutes is not None
        ]
        if any(end is None for end, _ in stated):
            continue
        cost = sum(end is not goal.end for end, goal in stated) + (begins is not course.began)
        if cost < best[0]:
            best = cost, begins, ends
    return best[1], best[2]


def _end(certain: Sequence[Row], goal: _Goal, begins: Row) -> Row | None:
    """The row that is exactly as many whole minutes after this beginning as was written."""
    if goal.written.minutes is None:
        return None
    until = begins.at + goal.written.minutes * MINUTE
    first = bisect_left(certain, until, key=_at)
    fitting = certain[first : bisect_left(certain, until + MINUTE, lo=first, key=_at)]
    return next(_nearest(fitting, goal.end), None)


def _at(row: Row) -> datetime:
    return row.at


def _nearest(rows: Sequence[Row], to: Row | None) -> Iterator[Row]:
    """The rows, those nearest to this one first."""
    if to is None:
        yield from rows
        return
    yield from sorted(rows, key=lambda row: (row is not to, abs(row.at - to.at)))


def _difference(course: Course, goal: _Goal, begins: Row | None, end: Row | None) -> Difference:
    written, computed = goal.written, goal.computed
    if written.minutes is None:
        if not written.readable:
            says = f"{written.text!r} is no number of minutes: write it as 54 minutes."
            return Difference(written, computed, (Why.UNREADABLE,), says)
        return Difference(written, computed, (Why.NOT_WRITTEN if computed else Why.NEITHER,))
    if computed is not None and computed.minutes == written.minutes:
        return Difference(written, computed, (Why.SAME,))
    if computed and computed.low <= written.minutes <= computed.high:
        says = "The time of a row that it rests on is open."
        return Difference(written, computed, (Why.OPEN_TIME,), says)
    if begins is not None and end is not None:
        found = list(_moved(course, goal, begins, end))
        says = " ".join(sentence for _, sentence in found)
        return Difference(written, computed, tuple(why for why, _ in found), says)
    return Difference(written, computed, *_otherwise(written.minutes, computed))


def _moved(course: Course, goal: _Goal, begins: Row, end: Row) -> Iterator[tuple[Why, str]]:
    """Which rows the engineers took instead of ours."""
    if course.began is None:
        yield (
            Why.NO_CERTAIN_ROW,
            f"No row says that the impact began; they count from line {begins.line}.",
        )
    elif begins is not course.began:
        earlier = begins.at < course.began.at
        why = Why.FROM_A_ROW_BEFORE if earlier else Why.FROM_A_ROW_AFTER
        yield why, _instead("They count from", begins, course.began)
    if goal.end is None:
        yield (
            Why.NO_CERTAIN_ROW,
            f"No row says {goal.name} for certain; they count to line {end.line}.",
        )
    elif end is not goal.end:
        why = Why.TO_A_ROW_BEFORE if end.at < goal.end.at else Why.TO_A_ROW_AFTER
        yield why, _instead("They count to", end, goal.end)


def _instead(who: str, row: Row, ours: Row) -> str:
    apart = (row.at - ours.at) // MINUTE
    side = "after" if apart >= 0 else "before"
    return f"{who} line {row.line}, {abs(apart)} min {side} ours (line {ours.line})."


def _otherwise(written: int, computed: Figure | None) -> tuple[tuple[Why, ...], str]:
    """Where no rows give the figure."""
    if computed is None or computed.minutes is None:
        return (Why.UNEXPLAINED,), "No two rows give it."
    apart = abs(written - computed.minutes)
    if apart in (HOUR, 2 * HOUR):
        return (Why.ZONE,), f"They are exactly {apart} min apart: is the zone of all rows right?"
    if apart < ROUND and written % ROUND == 0:
        return (Why.ROUNDED,), f"It is rounded to {ROUND} minutes."
    return (Why.UNEXPLAINED,), f"No two rows give it: it is {apart} min off."
