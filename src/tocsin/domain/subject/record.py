"""How a subject stands: whether it may be forgotten, is, and how far that has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tocsin.domain.kernel import COMMANDS
from tocsin.domain.subject.values import Basis, SubjectKind


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A legal hold."""

    hold: str
    reason: str
    placed_at: datetime
    placed_by: str
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    lifted_because: str | None = None

    @property
    def stands(self) -> bool:
        """Whether nobody has lifted it."""
        return self.lifted_at is None


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A person, or the texts of an incident, as far as the log tells of forgetting them."""

    subject_id: UUID
    version: int = 0
    kind: SubjectKind | None = None
    """None until something has happened."""
    incident_id: UUID | None = None

    holds: Mapping[str, Hold] = field(default_factory=dict)

    forgotten: int = 0
    """Version of the event that says so; 0 while it is not forgotten."""
    forgotten_at: datetime | None = None
    forgotten_by: str | None = None
    basis: Basis | None = None
    request: str | None = None
    values: int = 0
    until: int = 0
    purged_at: datetime | None = None
    places: tuple[str, ...] = ()

    @property
    def standing(self) -> tuple[str, ...]:
        """The names of the holds that nobody has lifted."""
        return tuple(name for name, hold in self.holds.items() if hold.stands)

    @property
    def gone(self) -> bool:
        """Whether nothing is left that could be kept: texts may be written again, people not."""
        return bool(self.forgotten) and self.kind is SubjectKind.PERSON

    def earliest(self) -> datetime | None:
        """Subjects were always there."""
        return None

    def possible(self) -> tuple[str, ...]:
        """The paths of the commands that could record something now."""
        paths = (
            path
            for (kind, path), ask in COMMANDS.items()
            if kind == "subject" and ask.possible(self)
        )
        return tuple(sorted(paths))
