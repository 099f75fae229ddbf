"""Counting where it happens: an index and an addition, for every request and every batch."""

import threading
from bisect import bisect_left
from time import perf_counter

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SHORT = (0.0001, 0.00025, 0.0005, *SECONDS)
"""For what takes less than a millisecond when all is well."""
LATENESS = (*SECONDS, 60.0, 300.0, 3_600.0, 86_400.0)
SIZES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)
MANY = (0.0, *SIZES, 512.0, 1_024.0, 2_048.0, 4_096.0, 8_192.0)


class Spread:
    """How many observations fell below each bound, and their sum. As a context it observes how
    long what stands in it takes, whatever becomes of it; several threads may be in it at a time."""

    __slots__ = ("_began", "bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._began = threading.local()
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def __enter__(self) -> None:
        self._began.at = perf_counter()

    def __exit__(self, *_: object) -> None:
        self.observe(perf_counter() - self._began.at)

    @property
    def cells(self) -> list[float]:
        """The count below each bound alone, that above all, and the sum."""
        return [*self.counts, self.total]


class Spent:
    """Where the time of one store goes: each store has its own, whoever reads it."""

    __slots__ = ("commit", "head", "reader")

    def __init__(self) -> None:
        self.commit = Spread(SHORT)
        """Seconds of the COMMIT: on SQLite alone, on PostgreSQL with what travels with it."""
        self.head = Spread(SHORT)
        """Seconds until a transaction had the head, for which writers of other servers wait."""
        self.reader = Spread(SHORT)
        """Seconds until a reading connection was free."""
