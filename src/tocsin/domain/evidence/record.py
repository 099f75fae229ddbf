"""How a piece of evidence stands: what it is, who answers for it, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tocsin.domain.evidence.values import Condition, Custody
from tocsin.domain.kernel import COMMANDS


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A link of the chain of custody: who took it over, from whom, when and why."""

    to: str
    by: str
    at: datetime
    reason: str = ""
    """Empty where it begins."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A piece of evidence as it stands after some of its history."""

    evidence_id: UUID
    version: int = 0
    status: Custody = Custody.UNATTACHED
    incident_id: UUID | None = None
    reference: str | None = None
    """Of the incident, as of when it was attached."""
    number: int = 0

    name: str = ""
    media_type: str = ""
    size: int = 0
    stored_size: int = 0
    sha256: str = ""
    """Of the bytes as they are stored."""
    content_sha256: str = ""
    key: str | None = None
    description: str = ""
    source: str = ""
    collected_by: str | None = None
    collected_at: datetime | None = None
    attached_at: datetime | None = None
    attached_by: str | None = None

    custodian: str | None = None
    """Who answers for it now."""
    chain: tuple[Handover, ...] = ()
    """Everybody who ever did, in order."""
    accesses: int = 0
    accessed_at: datetime | None = None
    accessed_by: str | None = None
    """The last time."""
    condition: Condition | None = None
    """As the last check found it."""
    checked_at: datetime | None = None
    discarded_at: datetime | None = None
    discarded_by: str | None = None
    discarded_because: str | None = None

    def earliest(self) -> datetime | None:
        """Nothing happens to it before it is attached."""
        return self.attached_at

    def possible(self) -> tuple[str, ...]:
        """The paths of the commands that could record something now."""
        paths = (
            path
            for (kind, path), ask in COMMANDS.items()
            if kind == "evidence" and ask.possible(self)
        )
        return tuple(sorted(paths))
