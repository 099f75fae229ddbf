"""How long things lasted, row by row of an answer: how many of each length, and percentiles."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tocsin.domain.openings import SECOND_US
from tocsin.trends.question import Resolution
from tocsin.trends.scene import Scene
from tocsin.trends.sums import BUCKET, LENGTH

Whole = NDArray[np.int64]
Real = NDArray[np.float64]
BASE = 1.02
"""Lengths in one bucket differ by 2 % at most: in bucket b are those of which the seconds and one
more are from `BASE**b` up to, without, `BASE**(b+1)`."""


def middle(buckets: Whole) -> Real:
    """The whole seconds nearest to the geometric middle of each bucket."""
    found: Real = np.rint(BASE ** (buckets + 0.5) - 1)
    return found


def bounds(buckets: Whole) -> tuple[Real, Real]:
    """Between which seconds a length in each bucket lies."""
    low: Real = BASE ** buckets.astype(np.float64) - 1
    return low, (low + 1) * BASE - 1


def measured(rows: pa.Table, since: str, scene: Scene) -> pa.Table:
    """The rows with how long it is since a second that one of their columns names."""
    begins = rows.column(since).to_numpy() * SECOND_US
    lasted = scene.elapsed_us(begins, np.full(len(begins), scene.as_of_us))
    marks = np.maximum(lasted, 0) // SECOND_US
    if scene.question.resolution is Resolution.LOG:
        marks = np.floor(np.log(marks + 1.0) / BUCKET).astype(np.int64)
    return rows.append_column(LENGTH, pa.array(marks))


@dataclass(frozen=True, eq=False)
class Lengths:
    """The lengths of all rows of an answer, sorted by row, then by length."""

    rows: Whole
    marks: Whole
    """Seconds, or buckets of them."""
    counts: Whole
    size: int
    """How many rows the answer has."""
    exact: bool

    @classmethod
    def of(cls, rows: Whole, marks: Whole, counts: Whole, size: int, *, exact: bool) -> "Lengths":
        """From rows, lengths and counts in any order."""
        order = np.lexsort((marks, rows))
        rows, marks, counts = rows[order], marks[order], counts[order]
        new = np.ones(len(rows), np.bool_)
        new[1:] = (rows[1:] != rows[:-1]) | (marks[1:] != marks[:-1])
        firsts = np.flatnonzero(new)
        together = np.add.reduceat(counts, firsts) if len(firsts) else counts
        there = together != 0
        kept = firsts[there]
        return cls(rows[kept], marks[kept], together[there], size, exact)

    def of_rows(self, kept: Whole) -> "Lengths":
        """Those of some rows of the answer, which are all there will be."""
        place = np.full(self.size, -1, np.int64)
        place[kept] = np.arange(len(kept))
        rows = place[self.rows]
        there = rows >= 0
        return Lengths(rows[there], self.marks[there], self.counts[there], len(kept), self.exact)

    @property
    def seconds(self) -> Real:
        """The length that each mark stands for."""
        return self.marks.astype(np.float64) if self.exact else middle(self.marks)

    @property
    def number(self) -> Whole:
        """How many there are in each row."""
        found = np.zeros(self.size, np.int64)
        np.add.at(found, self.rows, self.counts)
        return found

    def quantile(self, share: float) -> Real:
        """The continuous quantile of each row (linear between neighbours), in seconds; NaN where
        there is nothing."""
        seconds = self.seconds
        below, between = self._neighbours(share)
        found = np.full(self.size, np.nan)
        there = self.number > 0
        low, high = (seconds[self._at(place[there], there)] for place in below)
        found[there] = low + (high - low) * between[there]
        return found if self.exact else np.rint(found)

    def within(self, share: float) -> tuple[Real, Real]:
        """Between which seconds that quantile of each row lies."""
        if self.exact:
            return self.quantile(share), self.quantile(share)
        (low, high), _ = self._neighbours(share)
        there = self.number > 0
        found = np.full((2, self.size), np.nan)
        found[0, there] = bounds(self.marks[self._at(low[there], there)])[0]
        found[1, there] = bounds(self.marks[self._at(high[there], there)])[1]
        return found[0], found[1]

    def up_to(self, seconds: float) -> Real:
        """The share of each row, from 0 to 1, that lasted so long at most; NaN where there is
        nothing."""
        short = np.zeros(self.size, np.int64)
        there = self.seconds <= seconds
        np.add.at(short, self.rows[there], self.counts[there])
        number = self.number
        found: Real = np.full(self.size, np.nan)
        np.divide(short, number, out=found, where=number > 0)
        return found

    def _neighbours(self, share: float) -> tuple[tuple[Whole, Whole], Real]:
        """The ranks, from 0, that a quantile lies between, and how far from the first."""
        rank = np.maximum(self.number - 1, 0) * share
        low = np.floor(rank).astype(np.int64)
        return (low, np.ceil(rank).astype(np.int64)), rank - low

    def _at(self, ranks: Whole, there: "NDArray[np.bool_]") -> Whole:
        """Where the length of a rank of each of these rows stands."""
        before = np.concatenate([[0], np.cumsum(self.number)[:-1]])[there]
        return np.searchsorted(np.cumsum(self.counts), before + ranks, side="right")
