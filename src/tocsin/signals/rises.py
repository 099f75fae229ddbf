"""Which categories, services or groups rise: against their own past, and more than all others do?

A key has to do both. Against its own past alone, everything rises when the company grows; against
the others alone, what stays where it is rises when they fall.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tocsin.signals.limits import MOST_KEYS, BadParameter, between
from tocsin.signals.series import Floats, Series
from tocsin.signals.tails import adjusted, at_least, dispersions


@dataclass(frozen=True)
class Rising:
    """So many in the last `recent_weeks` weeks, where so many were to be expected.

    `expected` is the larger of what its own past lets one expect (`expected_by_own_past`) and what
    it would be had it grown like all the others (`expected_by_the_others`, none when there are no
    others). `ratio` is its weekly rate now by that of its past, none after a silence. `p_value` is
    the larger of the two tests' and `false_discovery` the share of false ones among all keys that
    are reported with one no larger (Benjamini-Hochberg).
    """

    key: str
    recent: int
    past: int
    recent_weeks: int
    past_weeks: int
    expected: float
    expected_by_own_past: float
    expected_by_the_others: float | None
    ratio: float | None
    share_before: float
    share_now: float
    p_value: float
    false_discovery: float


def rising(
    counts_by_key: Mapping[str, Series],
    *,
    recent_weeks: int = 4,
    past_weeks: int = 26,
    false_discovery: float = 0.05,
    least: int = 5,
) -> tuple[Rising, ...]:
    """The keys that rise, the least probable first.

    All series must cover the same time. The last `recent_weeks` weeks, which end with the series,
    are held against the up to `past_weeks` weeks before them; at least as many weeks of past as of
    recent ones have to be there. A key with fewer than `least` recent incidents is not reported,
    but is among those whose number makes the others prove more.

    Each test is the exact one for two Poisson rates, given the counts of the past (a gamma
    distributed rate with Jeffreys' prior makes the count negative binomial), with a variance that
    is widened by the dispersion of the key's past, or of all keys' when that is larger.

    Raises:
        BadParameter: a number is out of its range, or the series differ in time.
    """
    between("recent_weeks", recent_weeks, 1, 26)
    between("past_weeks", past_weeks, 4, 520)
    between("false_discovery", false_discovery, 0.0, 0.5)
    between("least", least, 1, 1_000_000)
    table = _table(counts_by_key, recent_weeks + past_weeks)
    if table.shape[1] < 2 * recent_weeks:
        return ()
    rows = _Rows(table, int(recent_weeks))
    wrong = adjusted(rows.p_values)
    keys = list(counts_by_key)
    order = sorted(range(len(keys)), key=lambda n: (rows.p_values[n], keys[n]))
    return tuple(
        rows.described(n, keys[n], float(wrong[n]))
        for n in order
        if wrong[n] <= false_discovery and rows.now[n] >= least
    )


def _table(counts_by_key: Mapping[str, Series], most: int) -> Floats:
    """The last weeks, one row per key."""
    if len(counts_by_key) > MOST_KEYS:
        raise BadParameter("counts_by_key", f"must be at most {MOST_KEYS:,} keys.")
    spans = {(each.start, each.grain, len(each)) for each in counts_by_key.values()}
    if len(spans) > 1:
        odd = next(k for k, s in counts_by_key.items() if (s.start, s.grain, len(s)) != min(spans))
        raise BadParameter(
            f"counts_by_key[{odd!r}]", "must have the start, grain and length of all the others."
        )
    weeks = [each.weeks_to_the_end().counts[-most:] for each in counts_by_key.values()]
    return np.asarray(weeks, dtype=np.float64) if weeks else np.zeros((0, 0))


class _Rows:
    """All keys' figures at once: `now` and `past` are sums over the two spans of weeks."""

    def __init__(self, table: Floats, recent: int) -> None:
        self.weeks, self.recent = table.shape[1] - recent, recent
        self.before, after = table[:, : self.weeks], table[:, self.weeks :]
        self.now, self.past = after.sum(axis=1), self.before.sum(axis=1)
        self.all_now, self.all_past = float(self.now.sum()), float(self.past.sum())
        self.own, own_p = self._against_own_past()
        self.others, others_p = self._against_the_others()
        self.alone = (self.all_past - self.past <= 0) | (self.all_now - self.now <= 0)
        self.p_values = np.where(self.alone, own_p, np.maximum(own_p, others_p))

    def _against_own_past(self) -> tuple[Floats, Floats]:
        mean = (self.past + 0.5) * self.recent / self.weeks
        usual = self.past[:, np.newaxis] / self.weeks + np.zeros(self.weeks)
        return mean, self._tail(mean, usual, 1.0 / (self.past + 0.5))

    def _against_the_others(self) -> tuple[Floats, Floats]:
        rest_now, rest_past = self.all_now - self.now, self.all_past - self.past
        mean = (self.past + 0.5) * (rest_now + 0.5) / (rest_past + 0.5)
        total = self.before.sum(axis=0)
        usual = self.past[:, np.newaxis] * total / max(self.all_past, 1.0)
        worth = 1.0 / (self.past + 0.5) + 1.0 / (rest_now + 0.5) + 1.0 / (rest_past + 0.5)
        return mean, self._tail(mean, usual, worth)

    def _tail(self, mean: Floats, usual: Floats, worth: Floats) -> Floats:
        """P(at least as many), for a mean that is worth one by `worth` incidents."""
        spread = dispersions(self.before, usual)
        return at_least(self.now, mean, spread * mean * (1.0 + mean * worth))

    def described(self, row: int, key: str, false_discovery: float) -> Rising:
        now, past = float(self.now[row]), float(self.past[row])
        own, others = float(self.own[row]), float(self.others[row])
        alone = bool(self.alone[row])
        return Rising(
            key=key,
            recent=int(now),
            past=int(past),
            recent_weeks=self.recent,
            past_weeks=self.weeks,
            expected=own if alone else max(own, others),
            expected_by_own_past=own,
            expected_by_the_others=None if alone else others,
            ratio=(now / self.recent) / (past / self.weeks) if past else None,
            share_before=past / self.all_past if self.all_past else 0.0,
            share_now=now / self.all_now,
            p_value=float(self.p_values[row]),
            false_discovery=false_discovery,
        )
