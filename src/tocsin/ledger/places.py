"""What a place outside is: somewhere that has our checkpoints and that we cannot change unseen."""

from dataclasses import dataclass
from typing import Protocol

from tocsin.store.log import Log


class Refused(Exception):
    """The place answers, and does not take it. The sentence says what it says."""


class Disagrees(Refused):
    """The place has seen another log than ours: one of the two was altered."""


@dataclass(frozen=True)
class Attested:
    """What a place gave us for a checkpoint, to be kept."""

    size: int
    body: bytes


class Place(Protocol):
    """Somewhere outside."""

    name: str
    kind: str
    """Of what it attests."""
    every_seconds: float
    """How long it is left alone after it took one."""

    def publish(self, log: Log, known: int) -> Attested | None:
        """Hand over the checkpoints that it lacks, as far as it wants them.

        `known` is the size of the last one that it took, 0 if it took none. None is returned when
        the place has them already.

        Raises:
            Unanswered: it cannot be reached.
            Refused: it does not take them.
            Contradicted: it holds one that we signed, and that our log contradicts.
        """
        ...
