"""How much there was at the end of each period: what came and what went, added up day by day."""

from collections.abc import Mapping, Sequence

import numpy as np

from tocsin.trends.cells import Cells, Whole, numbers, occupied, placed
from tocsin.trends.question import BadQuestion, Grain
from tocsin.trends.scene import Partials, Scene
from tocsin.trends.sums import PERIOD

LEVEL = "level"
MOST_PLACES = 20_000_000
"""Values of the dimensions times periods: more would not fit into memory."""
_FAR = 1 << 32
"""Farther than any two days are apart."""


class Changes:
    """What comes and goes, of each value of the dimensions on each day."""

    def __init__(self, partials: Partials, scene: Scene) -> None:
        names = [f"d_{name}" for name in scene.by]
        self.scene = scene
        self.parts = dict(partials)
        places, self.keys, self.size = placed(list(partials.values()), names)
        self.places = dict(zip(partials, places, strict=True))
        self._taken: list[tuple[Whole, Whole, str, Whole]] = []

    def add(self, part: str, name: str, to: str, *, sign: int = 1, later: int = 0) -> None:
        """Add a sum of a part to a level, so many days later, or take it away."""
        rows = self.parts[part]
        days = numbers(rows, PERIOD) + later
        self._taken.append((self.places[part], days, to, sign * numbers(rows, f"s_{name}")))

    def levels(self) -> Cells:
        """Each level at the end of each period."""
        days = np.concatenate([days for _, days, _, _ in self._taken] or [np.zeros(0, np.int64)])
        days = days[days <= self.scene.today]
        if not days.size:
            return Cells(scene=self.scene, keys=_no_keys(self.scene), size=0)
        first, last = int(days.min()), self.scene.today
        if not self.scene.by and not self._lasting():
            last = int(days.max())
        periods = self.scene.periods_between(first, last)
        if self.size * len(periods) > MOST_PLACES:
            raise BadQuestion(
                "by",
                f"{self.size:,} values in {len(periods):,} periods are too many. Ask for fewer"
                " dimensions, a longer grain or a shorter time.",
            )
        ends = self.scene.last_days(periods)
        totals = {(LEVEL, to): self._level(to, ends) for _, _, to, _ in self._taken}
        keys = _keys(self.keys, self.scene, periods, self.size)
        cells = Cells(scene=self.scene, keys=keys, size=self.size * len(periods), totals=totals)
        return occupied(cells) if self.scene.by else cells

    def _lasting(self) -> bool:
        """Whether anything is left at last."""
        left: dict[str, int] = {}
        for _, _, to, values in self._taken:
            left[to] = left.get(to, 0) + int(values.sum())
        return any(left.values())

    def _level(self, to: str, ends: Whole) -> Whole:
        """One level, of the first period for each value, then of the next."""
        mine = [(place, days, values) for place, days, name, values in self._taken if name == to]
        places, days, values = (np.concatenate(each) for each in zip(*mine, strict=True))
        stamps = places * _FAR + days
        order = np.argsort(stamps, kind="stable")
        reached = np.concatenate([[0], np.cumsum(values[order])])
        stamps = stamps[order]
        values_of = np.arange(self.size, dtype=np.int64) * _FAR
        before = reached[np.searchsorted(stamps, values_of - _FAR // 2, "right")]
        after = reached[np.searchsorted(stamps, values_of[None, :] + ends[:, None], "right")]
        found: Whole = (after - before[None, :]).reshape(-1)
        return found


def _no_keys(scene: Scene) -> dict[str, list[object]]:
    names = scene.by if scene.question.grain is Grain.ALL else (PERIOD, *scene.by)
    return {name: [] for name in names}


def _keys(
    known: Mapping[str, Sequence[object]], scene: Scene, periods: Whole, size: int
) -> dict[str, list[object]]:
    """The keys of each place: by period, then by the values of the dimensions."""
    found: dict[str, list[object]] = {}
    if scene.question.grain is not Grain.ALL:
        found[PERIOD] = [period for period in periods.tolist() for _ in range(size)]
    for name, values in known.items():
        found[name] = [*values] * len(periods)
    return found
