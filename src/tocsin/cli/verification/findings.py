"""What a verification found: every fault by name, as far as a report can hold them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

MOST = 1_000
"""Faults that are named. More are counted only."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as it must be."""

    check: str
    """One of a few words to count by."""
    says: str
    position: int | None = None
    stream: UUID | None = None

    def __str__(self) -> str:
        place = f"position {self.position}" if self.position is not None else ""
        where = ", ".join(filter(None, [place, str(self.stream or "")]))
        return f"{self.check}: {self.says}" + (f" ({where})" if where else "")


@dataclass
class Findings:
    """All that was found, and how much was looked at."""

    faults: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Faults by check, those included that are not named."""

    def add(self, check: str, says: str, **where: Any) -> None:
        """Name a fault, or only count it when there are too many."""
        self.counts[check] += 1
        if len(self.faults) < MOST:
            self.faults.append(Finding(check=check, says=says, **where))

    @property
    def unnamed(self) -> int:
        """Faults that are counted only."""
        return self.counts.total() - len(self.faults)
