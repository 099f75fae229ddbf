"""Why something about a subject is refused: one sentence each."""

from collections.abc import Sequence

from tocsin.domain.kernel import Refused
from tocsin.domain.subject.values import SubjectKind


class SubjectHeld(Refused, code="subject-held"):
    """What is under a legal hold is not forgotten."""

    def __init__(self, holds: Sequence[str]) -> None:
        named = ", ".join(holds)
        super().__init__(f"It is under legal hold ({named}): lift the hold first.")
        self.holds = tuple(holds)


class NothingSealed(Refused, code="nothing-sealed"):
    """Only what is sealed can be forgotten."""

    def __init__(self) -> None:
        super().__init__(
            "None of its texts is sealed, so none can be forgotten: what is legible in the log"
            " stays legible."
        )


class SubjectGone(Refused, code="subject-forgotten"):
    """What is forgotten cannot be kept any more."""

    def __init__(self, kind: SubjectKind) -> None:
        super().__init__(f"The {kind} is forgotten already: there is nothing left to hold.")
        self.kind = kind


class NoSuchHold(Refused, code="no-such-hold"):
    """There was never a hold of that name."""

    def __init__(self, hold: str) -> None:
        super().__init__(f"There is no legal hold {hold} here: look at those that stand.")
        self.hold = hold


class HoldsFull(Refused, code="holds-full"):
    """Only so many legal holds stand on one subject."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"There are {limit} legal holds already: lift one that is over first.")
        self.limit = limit
