"""What part of history came to: counts that add up, and the first of those who differ, by name.

Tallies of parts merge into that of the whole, in any order, and however many parts there were.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

SIDES = ("before", "after")
LISTS = ("verdicts", "priorities", "escalations")
"""In what an incident may differ, and where it is listed."""
_Key = tuple[Any, ...]


def place(entry: dict[str, Any]) -> tuple[int, str, str]:
    """By this a list is sorted: by reference, shorter ones first."""
    reference = entry["reference"] or ""
    return len(reference), reference, entry["incident_id"]


class Tally:
    """Counts by key, and for each list how many incidents are in it and the first of them."""

    def __init__(self, listed: int) -> None:
        self.listed = listed
        self.counts: Counter[_Key] = Counter()
        """Keys begin with what is counted: `incidents`, `timers`, `decisions`, `moves` from one
        priority to another, steps that `fell-due` and the incidents that were `escalated` by them,
        and, alone, a list's name for the incidents in it."""
        self._lists: dict[str, list[dict[str, Any]]] = {name: [] for name in LISTS}

    def add(self, name: str, entry: dict[str, Any]) -> None:
        """Put an incident into a list."""
        self.counts[name,] += 1
        kept = self._lists[name]
        kept.append(entry)
        if len(kept) > 2 * self.listed + 1_000:
            self._cut(name)

    def _cut(self, name: str) -> None:
        self._lists[name] = sorted(self._lists[name], key=place)[: self.listed]

    def list(self, name: str) -> list[dict[str, Any]]:
        """The first incidents of a list, by reference."""
        self._cut(name)
        return self._lists[name]

    def merge(self, other: "Tally") -> None:
        """Add what another part of history came to."""
        self.counts.update(other.counts)
        for name in LISTS:
            self._lists[name] += other._lists[name]
            self._cut(name)

    def counted(self, what: str) -> Iterator[tuple[_Key, int]]:
        """The counts of one kind, without its name."""
        return ((key[1:], count) for key, count in self.counts.items() if key[0] == what)

    @property
    def text(self) -> bytes:
        """All of it, as JSON."""
        counts = [([*key], count) for key, count in self.counts.items()]
        lists = {name: self.list(name) for name in LISTS}
        return orjson.dumps({"counts": counts, "lists": lists}, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def read(cls, text: bytes, listed: int) -> "Tally":
        """The tally that a text is.

        Raises:
            ValueError: it is none.
        """
        raw = orjson.loads(text)
        tally = cls(listed)
        tally.counts.update({tuple(key): count for key, count in raw["counts"]})
        for name in LISTS:
            tally._lists[name] = raw["lists"][name]
        return tally


def merged(tallies: Iterable[Tally], listed: int) -> Tally:
    """The tally of the whole."""
    whole = Tally(listed)
    for each in tallies:
        whole.merge(each)
    return whole
