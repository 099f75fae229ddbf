"""The sums of all rows of an answer, side by side: one array for each sum, one place for each row.

Rows are told apart by period and dimensions, and stand in the order of those. What a part of a
trend has no sum for is 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tocsin.domain.openings import SECOND_US
from tocsin.trends.lengths import Lengths
from tocsin.trends.question import Grain, Resolution
from tocsin.trends.scene import Partials, Scene
from tocsin.trends.sums import LENGTH, PERIOD

Array = NDArray[np.int64] | NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Cells:
    """One place for each row of the answer."""

    scene: Scene
    keys: Mapping[str, Sequence[Any]]
    """The period, unless the answer is about all of them, and the dimensions: a value a row."""
    size: int
    totals: Mapping[tuple[str, str], Whole] = field(default_factory=dict)
    """Of each part and each of its sums."""
    lengths: Mapping[str, Lengths] = field(default_factory=dict)
    """Of each part that measures: how long things lasted."""

    @property
    def ends_seconds(self) -> Whole:
        """When the period of each row ends, or the present, if that comes first."""
        periods = np.array(self.keys.get(PERIOD, [0] * self.size), np.int64)
        known, back = np.unique(periods, return_inverse=True)
        ends = self.scene.ends_us(self.scene.last_days(known)) // SECOND_US
        found: Whole = ends[back]
        return found

    def total(self, part: str, sum: str = "n") -> Whole:  # noqa: A002 - what it is called
        """One sum of one part."""
        found = self.totals.get((part, sum))
        return np.zeros(self.size, np.int64) if found is None else found


def gathered(partials: Partials, scene: Scene) -> Cells:
    """The sums of all parts, side by side."""
    names = [f"d_{name}" for name in scene.by]
    if scene.question.grain is not Grain.ALL:
        names = [PERIOD, *names]
        partials = {part: visible(rows, scene) for part, rows in partials.items()}
    places, keys, size = placed(list(partials.values()), names)
    totals: dict[tuple[str, str], Whole] = {}
    lengths: dict[str, Lengths] = {}
    for (part, rows), place in zip(partials.items(), places, strict=True):
        for name in rows.column_names:
            if name.startswith("s_"):
                totals[part, name[2:]] = summed(place, numbers(rows, name), size)
        if LENGTH in rows.column_names:
            exact = scene.question.resolution is Resolution.EXACT
            lengths[part] = Lengths.of(
                place, numbers(rows, LENGTH), numbers(rows, "s_n"), size, exact=exact
            )
    return occupied(Cells(scene=scene, keys=keys, size=size, totals=totals, lengths=lengths))


def occupied(cells: Cells) -> Cells:
    """Without the rows of which nothing is left, as when all that was there was corrected."""
    there = np.zeros(cells.size, np.bool_)
    for total in cells.totals.values():
        there |= total != 0
    if there.all():
        return cells
    kept = np.flatnonzero(there)
    places = kept.tolist()
    return Cells(
        scene=cells.scene,
        keys={name: [values[place] for place in places] for name, values in cells.keys.items()},
        size=len(kept),
        totals={name: total[kept] for name, total in cells.totals.items()},
        lengths={part: each.of_rows(kept) for part, each in cells.lengths.items()},
    )


def visible(rows: pa.Table, scene: Scene) -> pa.Table:
    """The rows of the periods that the answer shows."""
    return rows.filter(pa.array(scene.shown(numbers(rows, PERIOD)), pa.bool_()))


def numbers(rows: pa.Table, name: str) -> Whole:
    """A column of whole numbers, none of them missing."""
    found: Whole = rows.column(name).to_numpy()
    return found


def summed(places: Whole, values: Whole, size: int) -> Whole:
    """The values of each place added up, as whole numbers."""
    found = np.zeros(size, np.int64)
    np.add.at(found, places, values)
    return found


def placed(
    tables: Sequence[pa.Table], names: Sequence[str]
) -> tuple[list[Whole], dict[str, list[Any]], int]:
    """Of each row of each table the place that its keys have among all keys in order, and the keys
    of each place, by the names of the columns without their prefix."""
    lengths = [rows.num_rows for rows in tables]
    codes = np.zeros(sum(lengths), np.int64)
    words: list[list[Any]] = []
    for name in names:
        values, ranks = ranked(pa.concat_tables([t.select([name]) for t in tables]).column(name))
        codes = codes * max(1, len(values)) + ranks
        words.append(values)
    if not names:
        size = 1 if len(codes) else 0
        return _cut(codes, lengths), {}, size
    known, place = np.unique(codes, return_inverse=True)
    keys: dict[str, list[Any]] = {}
    rest = known
    for name, values in zip(reversed(names), reversed(words), strict=True):
        rest, rank = np.divmod(rest, max(1, len(values)))
        keys[name.removeprefix("d_")] = [values[each] for each in rank]
    ordered = {name.removeprefix("d_"): keys[name.removeprefix("d_")] for name in names}
    return _cut(place.astype(np.int64), lengths), ordered, len(known)


def ranked(column: pa.ChunkedArray) -> tuple[list[Any], Whole]:
    """The values of a column in order, the missing one last, and the rank of each row's value."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    words = encoded.dictionary.to_pylist()
    order = sorted(range(len(words)), key=lambda place: words[place])
    ranks = np.empty(len(words) + 1, np.int64)
    ranks[order] = np.arange(len(words))
    ranks[len(words)] = len(words)
    codes = encoded.indices.fill_null(len(words)).to_numpy(zero_copy_only=False).astype(np.int64)
    values = [words[place] for place in order]
    if len(codes) and encoded.null_count:
        values.append(None)
    return values, ranks[codes]


def _cut(places: Whole, lengths: Sequence[int]) -> list[Whole]:
    return np.split(places, np.cumsum(lengths)[:-1]) if lengths else []
