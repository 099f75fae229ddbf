"""The three moments that time to detection and time to recovery are measured between.

- The impact *begins* with the first row, up to the detection, that says that something broke.
  Where none does, it is inferred: the last thing that happened before anybody knew, unless that
  says that all was fine.
- It is *known* with the first row that says that somebody, or monitoring, knows.
- It is *relieved* with the first row after that which says that service is back, or that users can
  work again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from tocsin.importers.post_mortem.documents import Row
from tocsin.importers.post_mortem.times import Known
from tocsin.importers.post_mortem.wording import Sign, signs

RELIEF = frozenset({Sign.MITIGATED, Sign.RESTORED, Sign.LASTING})
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Figure:
    """Whole minutes from one row to another; two numbers where a time is open."""

    low: int
    high: int
    begins: Row
    ends: Row

    @property
    def minutes(self) -> int | None:
        """The figure, if there is but one."""
        return self.low if self.low == self.high else None

    @property
    def about(self) -> bool:
        """Whether a writer was not sure of a minute that it rests on."""
        return Known.ABOUT in (self.begins.moment.known, self.ends.moment.known)

    def __str__(self) -> str:
        said = str(self.low) if self.low == self.high else f"{self.low}-{self.high}"
        return f"~{said}" if self.about else said


@dataclass(frozen=True)
class Around:
    """The rows beside what is measured, and how many minutes they reach beyond it."""

    rows: int
    minutes: int


@dataclass(frozen=True)
class Course:
    """The rows of a timeline in the order in which it happened, and what three of them are."""

    rows: tuple[Row, ...]
    began: Row | None
    inferred: bool
    """Whether no row says that the impact began there."""
    known: Row | None
    relieved: Row | None

    @property
    def detection(self) -> Figure | None:
        """From the beginning of the impact until somebody knew."""
        return figure(self.began, self.known)

    @property
    def recovery(self) -> Figure | None:
        """From the beginning of the impact until users could work again."""
        return figure(self.began, self.relieved)

    @property
    def minutes(self) -> int:
        """From the first row to the last."""
        return (self.rows[-1].at - self.rows[0].at) // MINUTE if self.rows else 0

    @property
    def before(self) -> Around | None:
        """What stands before the impact: what led to it, long before or by the way."""
        if self.began is None:
            return None
        earlier = [row for row in self.rows if row.at < self.began.at]
        return Around(len(earlier), (self.began.at - self.rows[0].at) // MINUTE)

    @property
    def after(self) -> Around | None:
        """What stands after the recovery: the permanent repair, and what followed."""
        if self.relieved is None:
            return None
        later = [row for row in self.rows if row.at > self.relieved.at]
        return Around(len(later), (self.rows[-1].at - self.relieved.at) // MINUTE)


def figure(begins: Row | None, ends: Row | None) -> Figure | None:
    """The minutes between two rows, as far as their times are known."""
    if begins is None or ends is None:
        return None
    first, last = begins.moment, ends.moment
    open_from = first.latest if first.known is Known.OPEN else first.at
    open_to = last.latest if last.known is Known.OPEN else last.at
    low = max(last.earliest - open_from, timedelta())
    return Figure(low // MINUTE, (open_to - first.earliest) // MINUTE, begins, ends)


def course(rows: Iterable[Row]) -> Course:
    """Find the three moments among rows that stand in the order in which they happened."""
    told = [(row, signs(row.text)) for row in rows]
    known = next((n for n, (_, said) in enumerate(told) if Sign.KNOWN in said), None)
    began, inferred = _began([said for _, said in told], known)
    since = max((n for n in (known, began) if n is not None), default=-1)
    relieved = next((n for n, (_, said) in enumerate(told) if n > since and said & RELIEF), None)

    def row(place: int | None) -> Row | None:
        return None if place is None else told[place][0]

    return Course(
        rows=tuple(row for row, _ in told),
        began=row(began),
        inferred=inferred,
        known=row(known),
        relieved=row(relieved),
    )


def _began(told: list[frozenset[Sign]], known: int | None) -> tuple[int | None, bool]:
    upto = told if known is None else told[:known]
    broke = (n for n, said in enumerate(upto) if Sign.BROKE in said and Sign.KNOWN not in said)
    if (first := next(broke, None)) is not None or known is None:
        return first, False
    quiet = (n for n in reversed(range(known)) if not told[n] & (RELIEF | {Sign.FINE}))
    change = next(quiet, None)
    return change, change is not None
