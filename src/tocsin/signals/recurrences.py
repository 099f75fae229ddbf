"""Which incidents come back so often that a problem record would be worth its while?"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

import numpy as np
from scipy.special import betainc

from tocsin.signals.limits import MOST_INCIDENTS, BadParameter, between
from tocsin.signals.series import Counts
from tocsin.signals.tails import adjusted

DAY = 86_400_000_000
"""Microseconds of a day."""


class Occurrence(NamedTuple):
    """One incident, as far as it matters here; times in microseconds since 1970, UTC."""

    incident_id: str
    reference: str
    reported_us: int
    service: str | None
    item: str | None
    category: str | None
    linked_to_problem: bool


Kind = tuple[str | None, str | None, str | None]
"""Service, item and category."""


@dataclass(frozen=True)
class Recurring:
    """The same happened `count` times, `most_in_window` of them within the window.

    `usual_per_window` would be in a window, had all of the kind come evenly. `by_chance` bounds the
    probability that any window of all that time had so many. `false_discovery` is the share of
    false ones among all clusters that are reported with a probability no larger.
    `interval_days` is the median between one and the next. `linked` of them belong to a problem
    already. Times are microseconds since 1970; references are in order of time.
    """

    service: str | None
    item: str | None
    category: str | None
    count: int
    linked: int
    most_in_window: int
    first_us: int
    last_us: int
    interval_days: float
    usual_per_window: float
    by_chance: float
    false_discovery: float
    references: tuple[str, ...]
    incident_ids: tuple[str, ...]


def recurring(
    incidents: Iterable[Occurrence],
    window_days: float = 30.0,
    least: int = 3,
    *,
    false_discovery: float = 0.1,
) -> tuple[Recurring, ...]:
    """Candidates for a problem record, the least probable first, then the most recent.

    A cluster is the longest run of incidents of the same service, item and category of which any
    `least` neighbours lie within the window. Incidents with neither a service nor an item are left
    out: they have nothing in common but a category. So are clusters that belong to problems whole.
    With `false_discovery=1` every cluster is reported, however usual it is for its kind.

    A kind is held against itself: it happened so often in all that time, so how likely is it that
    so many of these fall into one window? What is always frequent is therefore not reported.

    Raises:
        BadParameter: a number is out of its range, or there are too many incidents.
    """
    between("window_days", window_days, 0.01, 366)
    between("least", least, 2, 1_000)
    between("false_discovery", false_discovery, 0.0, 1.0)
    kinds = _by_kind(incidents)
    if not kinds:
        return ()
    clusters = list(_Time(kinds, window_days * DAY).clusters(int(least)))
    # A kind that could have had a cluster and has none was tested too; others could prove nothing
    # (Tarone, "A modified Bonferroni method for discrete data", Biometrics 46, 1990).
    able = sum(len(rows) >= least for rows in kinds.values())
    silent = able - len({each[0] for each in clusters})
    chances = np.array([each[-1] for each in clusters] + [1.0] * silent)
    shares = adjusted(np.minimum(chances, 1.0))
    found = [
        _described(*cluster, float(share))
        for cluster, share in zip(clusters, shares, strict=False)
        if share <= false_discovery and not all(each.linked_to_problem for each in cluster[1])
    ]
    return tuple(sorted(found, key=lambda each: (each.by_chance, -each.last_us, each.references)))


def _by_kind(incidents: Iterable[Occurrence]) -> dict[Kind, list[Occurrence]]:
    kinds: dict[Kind, list[Occurrence]] = defaultdict(list)
    for number, each in enumerate(incidents, 1):
        if number > MOST_INCIDENTS:
            raise BadParameter("incidents", f"must be at most {MOST_INCIDENTS:,}: ask by time.")
        if each.service or each.item:
            kinds[each.service, each.item, each.category].append(each)
    for rows in kinds.values():
        rows.sort(key=lambda each: (each.reported_us, each.reference))
    return kinds


Cluster = tuple[Kind, list[Occurrence], int, float, float]
"""The kind, its incidents, most in a window, the usual number in a window, and by chance."""


class _Time:
    """All the time that was looked at, and the share of it that one window can hold.

    Where incidents of all kinds come unevenly, it is the share of them that the fullest window has,
    less what chance may have put there (three standard deviations of a Poisson count).
    """

    def __init__(self, kinds: dict[Kind, list[Occurrence]], window: float) -> None:
        self.kinds, self.window = kinds, window
        times = np.sort([each.reported_us for rows in kinds.values() for each in rows])
        span = max(float(times[-1] - times[0]), window)
        fullest = _most(times, window)
        self.share = min(max(window / span, (fullest - 3.0 * fullest**0.5) / times.size), 1.0)

    def clusters(self, least: int) -> Iterator[Cluster]:
        for kind, rows in self.kinds.items():
            times = np.array([each.reported_us for each in rows], dtype=np.int64)
            for first, end in _runs(times, least, self.window):
                most = _most(times[first:end], self.window)
                usual = times.size * self.share
                yield kind, rows[first:end], most, usual, self._chance(times.size, most)

    def _chance(self, count: int, most: int) -> float:
        """How many of `count` incidents at random times are followed by `most` - 1 in a window.

        Given how many there were, a Poisson process puts them anywhere. The expectation is never
        smaller than the probability that there is one (Markov; Naus, "The distribution of the size
        of the maximum cluster of points on a line", JASA 60, 1965, has the exact one).
        """
        following = float(betainc(most - 1, count - most + 1, self.share)) if self.share < 1 else 1
        return count * following


def _runs(times: Counts, least: int, window: float) -> Iterator[tuple[int, int]]:
    """Start and end of each longest run whose every `least` neighbours lie within the window."""
    if times.size < least:
        return
    close = times[least - 1 :] - times[: times.size - least + 1] <= window
    edges = np.diff(np.r_[0, close.astype(np.int8), 0])
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    reach = -1
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        # Two runs may share an incident, which then belongs to the first.
        begin, reach = max(start, reach), end + least - 1
        if reach - begin >= least:
            yield begin, reach


def _most(times: Counts, window: float) -> int:
    ends = np.searchsorted(times, times + int(window), side="right")
    return int((ends - np.arange(times.size)).max())


def _described(
    kind: Kind,
    rows: Sequence[Occurrence],
    most: int,
    usual: float,
    chance: float,
    false_discovery: float,
) -> Recurring:
    times = [each.reported_us for each in rows]
    gaps = [after - before for before, after in pairwise(times)]
    return Recurring(
        *kind,
        count=len(rows),
        linked=sum(each.linked_to_problem for each in rows),
        most_in_window=most,
        first_us=times[0],
        last_us=times[-1],
        interval_days=median(gaps) / DAY,
        usual_per_window=usual,
        by_chance=chance,
        false_discovery=false_discovery,
        references=tuple(each.reference for each in rows),
        incident_ids=tuple(each.incident_id for each in rows),
    )
