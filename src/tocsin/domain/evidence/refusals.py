"""Why something about evidence is refused: one sentence each."""

from collections.abc import Sequence

from tocsin.domain.kernel import Refused


class EvidenceGone(Refused, code="evidence-discarded"):
    """What was discarded cannot be looked at or handed on any more."""

    def __init__(self, attempt: str) -> None:
        words = attempt.replace("-", " ")
        super().__init__(f"Cannot {words}: the evidence was discarded. Attach it anew.")
        self.attempt = attempt


class EvidenceFull(Refused, code="evidence-full"):
    """One incident holds only so much evidence."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"The incident has {limit} pieces of evidence: pack what belongs together into one."
        )
        self.limit = limit


class EvidenceHeld(Refused, code="evidence-held"):
    """What is under a legal hold is not discarded."""

    def __init__(self, holds: Sequence[str]) -> None:
        super().__init__(
            f"The incident is under legal hold ({', '.join(holds)}): lift the hold first."
        )
        self.holds = tuple(holds)
