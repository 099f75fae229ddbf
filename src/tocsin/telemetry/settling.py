"""What became of one batch of commands, and when: told once, after its commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Settled:
    """A batch that went through the desk. Its moments are those of the performance counter."""

    decisions: Sequence[Any]
    """What each of its commands came to, with the `ask` that it was."""
    outcomes: Sequence[Any]
    """What the log said to each of them."""
    waiting: int
    """Commands that came too late for it."""
    began: float
    prepared: float
    decided: float
    committed: float

    @property
    def asked_at(self) -> list[float]:
        """When each command came."""
        return [decision.ask.asked_at for decision in self.decisions]
