"""What one process hands over to the one that writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Values = list[tuple[Any, ...]]
"""Rows, or keys, as the driver takes them."""


@dataclass(frozen=True)
class Harvest:
    """What has to be written of one projection."""

    new: Values = field(default_factory=list)
    changed: Values = field(default_factory=list)
    gone: Values = field(default_factory=list)

    @classmethod
    def together(cls, shares: Sequence["Harvest"]) -> "Harvest":
        """What several shares want to be written: no two of them have a row in common."""
        if len(shares) == 1:
            return shares[0]
        return cls(
            [row for each in shares for row in each.new],
            [row for each in shares for row in each.changed],
            [key for each in shares for key in each.gone],
        )


@dataclass(frozen=True)
class Page:
    """What a share hands over for the positions up to one."""

    until: int
    harvests: Mapping[str, Harvest]
    """By the name of the projection; only of those whose rows are due."""
    failed: Sequence[str] = ()
    """The projections that an event could not be applied to. A follower finds which, and why."""

    @property
    def names(self) -> set[str]:
        """The projections of which it says anything."""
        return {*self.harvests, *self.failed}

    def plain(self) -> tuple[Any, ...]:
        """The same, of tuples, lists and dicts alone, so that it crosses over at little cost."""
        harvests = {name: (h.new, h.changed, h.gone) for name, h in self.harvests.items()}
        return self.until, harvests, list(self.failed)

    @classmethod
    def read(cls, plain: tuple[Any, ...]) -> "Page":
        """What `plain` gave."""
        until, harvests, failed = plain
        return cls(until, {name: Harvest(*parts) for name, parts in harvests.items()}, failed)
