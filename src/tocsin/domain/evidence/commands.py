"""A piece of evidence is handed on, and discarded in the end."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar

from annotated_types import Len, Predicate

from tocsin.domain.evidence.events import (
    EvidenceAccessed,
    EvidenceAttached,
    EvidenceChecked,
    EvidenceDiscarded,
    EvidenceEvent,
    EvidenceTransferred,
)
from tocsin.domain.evidence.record import Evidence
from tocsin.domain.evidence.refusals import EvidenceFull, EvidenceGone, EvidenceHeld
from tocsin.domain.evidence.state import EVIDENCE
from tocsin.domain.evidence.values import PIECES, Condition, Custody
from tocsin.domain.kernel import Command, Line, Name
from tocsin.domain.policy import Policy
from tocsin.domain.printing import printable

FileName = Annotated[str, Len(1, 255), Predicate(printable)]
MaybeLine = Annotated[str, Len(0, 500), Predicate(printable)]
MaybeText = Annotated[str, Len(0, 4_000), Predicate(printable)]


class EvidenceCommand(Command[Evidence]):
    """Something that is asked about a piece of evidence. That it was attached, handed over or
    checked is recorded by whoever does it: nobody asks for that by itself."""

    aggregate = EVIDENCE

    @classmethod
    def possible(cls, state: Evidence) -> bool:
        """Whether it is there to have something done to it."""
        return state.status is Custody.KEPT

    def is_kept(self, evidence: Evidence) -> None:
        """Let pass what is not discarded.

        Raises:
            EvidenceGone: it is.
        """
        if evidence.status is Custody.DISCARDED:
            raise EvidenceGone(self.path)


class AttachEvidence(EvidenceCommand):
    """Keep something that shows what happened, with the incident. It is asked for by sending the
    content: it has no path of its own."""

    path: ClassVar[str] = "attach-evidence"
    creates: ClassVar[bool] = True
    filled_by_desk = (
        *("incident_id", "known_as", "number", "size", "stored_size", "sha256"),
        *("content_sha256", "key"),
    )

    name: FileName
    media_type: Name
    description: MaybeText = ""
    source: MaybeLine = ""
    """Where it comes from."""
    collected_by: Name | None = None
    collected_at: datetime | None = None
    incident_id: str = ""
    """What follows is filled in by whoever has looked for the incident and stored the content."""
    known_as: str | None = None
    number: int = 0
    size: int = 0
    stored_size: int = 0
    sha256: str = ""
    content_sha256: str = ""
    key: str | None = None

    def decide(self, evidence: Evidence, policy: Policy) -> Iterator[EvidenceEvent]:
        assert self.incident_id, "nobody attaches to what nobody has looked for"
        if self.number > PIECES:
            raise EvidenceFull(PIECES)
        yield EvidenceAttached(
            incident_id=self.incident_id,
            reference=self.known_as,
            number=self.number,
            name=self.name,
            media_type=self.media_type,
            size=self.size,
            stored_size=self.stored_size,
            sha256=self.sha256,
            content_sha256=self.content_sha256,
            key=self.key,
            description=self.description,
            source=self.source,
            collected_by=self.collected_by,
            collected_at=self.collected_at,
        )


class HandOver(EvidenceCommand):
    """Put on record that the content is about to be handed over, each time."""

    path: ClassVar[str] = "hand-over"

    purpose: Line

    def decide(self, evidence: Evidence, policy: Policy) -> Iterator[EvidenceEvent]:
        self.is_kept(evidence)
        yield EvidenceAccessed(purpose=self.purpose)


class RecordCheck(EvidenceCommand):
    """Put on record what a look at the stored content came to, each time."""

    path: ClassVar[str] = "record-check"

    condition: Condition

    def decide(self, evidence: Evidence, policy: Policy) -> Iterator[EvidenceEvent]:
        self.is_kept(evidence)
        yield EvidenceChecked(condition=self.condition)


class Transfer(EvidenceCommand, path="transfer"):
    """Have somebody else answer for it from now on."""

    to: Name
    reason: Line

    def decide(self, evidence: Evidence, policy: Policy) -> Iterator[EvidenceEvent]:
        self.is_kept(evidence)
        if evidence.custodian != self.to:
            yield EvidenceTransferred(to=self.to, reason=self.reason)


class Discard(EvidenceCommand, path="discard"):
    """Keep the content no longer. What it was, and who had it, stays on record."""

    filled_by_desk = ("holds",)

    reason: Line
    holds: tuple[str, ...] = ()
    """The legal holds that stand on the incident, filled in by whoever has looked."""

    def decide(self, evidence: Evidence, policy: Policy) -> Iterator[EvidenceEvent]:
        if evidence.status is Custody.DISCARDED:
            return
        if self.holds:
            raise EvidenceHeld(self.holds)
        yield EvidenceDiscarded(reason=self.reason)
