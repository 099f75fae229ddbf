"""How a long history is divided: by incident, into shares that fit into memory and go on alone."""

from dataclasses import dataclass

NUMBERS = 65_536
"""The last two bytes of an incident's id: chance, or a hash."""
MOST = 64
"""Shares of a log, while that keeps them in memory: every share looks at every row's name."""
EVENTS_AT_MOST = 2_000_000


@dataclass(frozen=True)
class Share:
    """One of several."""

    number: int
    """From 0."""
    of: int

    @property
    def part(self) -> range:
        """Which incidents: the numbers that their ids end in."""
        return range(self.number * NUMBERS // self.of, (self.number + 1) * NUMBERS // self.of)

    @property
    def name(self) -> str:
        """Under which its tally is kept."""
        return f"share-{self.number + 1}-of-{self.of}.json"


def shares(events: int, size: int) -> list[Share]:
    """The shares of a log of so many events, of about `size` events each."""
    wanted = -(-events // max(size, 1))
    if wanted > MOST:
        wanted = max(MOST, -(-events // max(size, EVENTS_AT_MOST)))
    count = min(max(wanted, 1), NUMBERS)
    return [Share(number, count) for number in range(count)]
