"""What is read within a moment, merged: one entry for each caller, route and purpose.

Only the loop that answers requests adds to it and empties it, so there is nothing to lock.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

from tocsin.access.records import INCIDENTS, Access, Kind, Through


class Reading(NamedTuple):
    """What reads have in common that are merged."""

    who: str
    key_id: str
    purpose: str
    what: str
    kind: Kind
    asked: str = ""


@dataclass(slots=True)
class _Sum:
    times: int = 0
    rows: int = 0
    named: dict[str, None] = field(default_factory=dict)
    """What it was about, as it was named, in order."""


class Gathered(NamedTuple):
    """Reads that became one entry, but for the ids of what they name."""

    access: Access
    named: tuple[str, ...]

    def about(self, whose: Callable[[str], UUID | None]) -> Access:
        """The access, with the ids of the incidents that it was about."""
        found = dict.fromkeys(map(whose, self.named))
        return replace(self.access, incidents=tuple(each for each in found if each is not None))


class Gathering:
    """Reads that are not written yet: no more than so many entries of them."""

    def __init__(self, entries: int) -> None:
        self._most = entries
        self._sums: dict[Reading, _Sum] = {}
        self._entries = 0
        self.held = 0
        """Entries that were handed over and could not be written yet: they take room as well."""
        self.lost = 0
        """Reads that found no room."""

    @property
    def full(self) -> bool:
        """Whether there is no room for another entry."""
        return self._entries + self.held >= self._most

    def add(self, reading: Reading, named: str = "", rows: int = 0) -> None:
        """Take in one read."""
        found = self._sums.get(reading)
        if found is None or (
            named and named not in found.named and len(found.named) % INCIDENTS == 0 and found.named
        ):
            if self.full:
                self.lost += 1
                return
            self._entries += 1
            if found is None:
                found = self._sums[reading] = _Sum()
        found.times += 1
        found.rows += rows
        if named:
            found.named[named] = None

    def take(self) -> list[Gathered]:
        """Hand over what was gathered, and begin anew."""
        sums, self._sums, self._entries = self._sums, {}, 0
        lost, self.lost = self.lost, 0
        taken: list[Gathered] = []
        for reading, found in sums.items():
            names = tuple(found.named)
            for start in range(0, max(len(names), 1), INCIDENTS):
                access = Access(
                    **reading._asdict(),
                    through=Through.HTTP,
                    rows=0 if start else found.rows,
                    times=0 if start else found.times,
                    lost=lost,
                )
                taken.append(Gathered(access, names[start : start + INCIDENTS]))
                lost = 0
        return taken
