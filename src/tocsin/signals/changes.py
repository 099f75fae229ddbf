"""When did a series come to another level, and stay there?

Candidates come from an exact segmentation (Killick, Fearnhead and Eckley, "Optimal detection of
changepoints with a linear computational cost", JASA 107, 2012; KernelCPD of `ruptures`, whose
linear kernel is the cost of a Gaussian mean) of weekly counts, variance-stabilised (Anscombe,
1948). Each must then stand against permutations of its own surroundings: how often would the best
split of the same weeks in another order be as good?
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from tocsin.signals.limits import BadParameter, between
from tocsin.signals.series import Floats, Series

PENALTY = 2.0
"""Of one more segment, times log(weeks): lets through what the permutations then judge."""
PERMUTATIONS = 1_999
SEED = 20_160_229
"""Of the permutations, so that the same series always gives the same answer."""
STRONGEST_MEMORY = 0.8
"""From one week to the next: a series that remembers more has no level to speak of."""
MOST_CANDIDATES = 60


@dataclass(frozen=True)
class ChangePoint:
    """From the week of `when` on, so many a week instead of so many.

    `before` and `after` are the mean counts per week of the `weeks_before` and `weeks_after`
    between this change point and its neighbours. `ratio` is after by before, none after a
    silence. `p_value`: the share of orders of the same weeks that have a split as good as this.
    """

    when: date
    before: float
    after: float
    ratio: float | None
    p_value: float
    weeks_before: int
    weeks_after: int


def change_points(
    series: Series, *, significance: float = 0.01, least_weeks: int = 4
) -> tuple[ChangePoint, ...]:
    """Every week from which on the level was another one, in order of time.

    A series of days is asked by whole weeks from Monday on, so that weekdays cannot matter. A level
    counts from `least_weeks` on. In a series whose level never changes, one is found with about
    the probability `significance`. A yearly season is a change of level too: it is not told apart.

    Raises:
        BadParameter: `significance` is not from 0.001 to 0.2, or `least_weeks` not from 2 to 52.
    """
    between("significance", significance, 0.001, 0.2)
    between("least_weeks", least_weeks, 2, 52)
    if int(least_weeks) != least_weeks:
        raise BadParameter("least_weeks", "must be a whole number.")
    weeks = series.mondays()
    if len(weeks) < 2 * least_weeks or weeks.counts.min() == weeks.counts.max():
        return ()
    level, memory = _stabilised(weeks.counts.astype(np.float64))
    places = _candidates(level, least_weeks, PENALTY * memory)
    stands = _Standing(level, memory, least_weeks)
    return tuple(_described(weeks, *each) for each in stands.of(places, significance))


def _stabilised(counts: Floats) -> tuple[Floats, float]:
    """Values with a noise of about 1 around their level, and by how much weeks repeat the last.

    Both are taken from the differences of neighbours, in which a change of level is one value
    among many: the scale by their median; the memory by their autocorrelation, which is
    -(1 - r) / 2 when a week remembers r of the one before (an AR(1) process), after each is cut to
    the usual size, so that a fall over several weeks is not taken for memory. The second number
    is (1 + r) / (1 - r), by which such a memory widens the variance of a mean.
    """
    level = 2.0 * np.sqrt(counts + 0.375)
    steps = np.diff(level)
    usual = 1.4826 * float(np.median(np.abs(steps - np.median(steps))))
    clipped = np.clip(steps, -max(usual, 1.0), max(usual, 1.0))
    clipped = clipped - clipped.mean()
    power = float(clipped @ clipped)
    echo = float(clipped[1:] @ clipped[:-1]) / power if power else -0.5
    memory = min(max(1.0 + 2.0 * echo, 0.0), STRONGEST_MEMORY)
    noise = max(1.0, usual / np.sqrt(2.0 * (1.0 - memory)))
    return level / noise, (1.0 + memory) / (1.0 - memory)


def _candidates(level: Floats, least: int, penalty: float) -> list[int]:
    """Where the cheapest segmentation cuts; dearer, where it would cut more than can be judged."""
    import ruptures

    cuts = ruptures.KernelCPD(kernel="linear", min_size=least).fit(level.reshape(-1, 1))
    while True:
        places = [int(each) for each in cuts.predict(pen=penalty * np.log(level.size))[:-1]]
        if len(places) <= MOST_CANDIDATES:
            return places
        penalty *= 2.0


class _Standing:
    """Which candidates stand: the weakest falls first, and its neighbours are judged anew."""

    def __init__(self, level: Floats, memory: float, least: int) -> None:
        self.level, self.memory, self.least = level, memory, least
        self.known: dict[tuple[int, int, int], float] = {}

    def of(self, places: list[int], significance: float) -> list[tuple[int, int, int, float]]:
        """Start, place, end and p-value of what is left when none is weaker than that."""
        while places:
            edges = [0, *places, self.level.size]
            spans = list(zip(edges, places, edges[2:], strict=False))
            judged = [(*span, self.p_value(*span)) for span in spans]
            weakest = max(judged, key=lambda each: each[3])
            if weakest[3] <= significance:
                return judged
            places = [place for place in places if place != weakest[1]]
        return []

    def p_value(self, start: int, place: int, end: int) -> float:
        span = (start, place, end)
        if span not in self.known:
            self.known[span] = self._permuted(self.level[start:end], place - start)
        return self.known[span]

    def _permuted(self, values: Floats, place: int) -> float:
        """The share of orders in which some split is as good, the order that happened included."""
        dice = np.random.default_rng(SEED)
        found = _gains(values[np.newaxis], slice(place - 1, place))[0] / self.memory - 1e-9
        splits = slice(self.least - 1, values.size - self.least)
        # Two thousand orders of a long series would take much memory at a time.
        portion = max(1, 400_000 // values.size)
        as_good, left = 0, PERMUTATIONS
        while left:
            orders = np.tile(values, (min(portion, left), 1))
            left -= len(orders)
            as_good += int((_gains(dice.permuted(orders, axis=1), splits) >= found).sum())
        return (as_good + 1) / (PERMUTATIONS + 1)


def _gains(rows: Floats, splits: slice) -> Floats:
    """What the best of the splits explains of each row's squares, by what it leaves."""
    length = rows.shape[1]
    first = np.arange(1, length)[splits]
    centred = rows - rows.mean(axis=1, keepdims=True)
    sums = np.cumsum(centred, axis=1)[:, :-1][:, splits]
    explained = (sums**2 * (length / (first * (length - first)))).max(axis=1)
    left = np.maximum((centred**2).sum(axis=1) - explained, 1e-9)
    gains: Floats = explained / left
    return gains


def _described(weeks: Series, start: int, place: int, end: int, p_value: float) -> ChangePoint:
    before = float(weeks.counts[start:place].mean())
    after = float(weeks.counts[place:end].mean())
    ratio = after / before if before else None
    return ChangePoint(weeks.when(place), before, after, ratio, p_value, place - start, end - place)
