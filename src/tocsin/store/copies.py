"""A piece of another log on its way into this one: the very bytes, at the very positions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from tocsin.domain.kernel import Claim
from tocsin.store.entries import Name, changed_claims, highest_reference, settle

Answer = tuple[UUID, bytes, bytes]
"""A command's id, the fingerprint of what was asked, and what was answered."""


class NotNext(Exception):
    """The log does not end where the piece begins: somebody else writes to it."""


@dataclass(frozen=True, kw_only=True)
class StoredEvent:
    """One event as another log has stored it."""

    stream: UUID
    version: int
    topic: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Events that follow each other, and what goes with them. All of it is stored, or nothing."""

    after: int
    """The position behind which the events stand, in that log as in this one."""
    events: Sequence[StoredEvent] = ()
    answers: Sequence[Answer] = ()
    """Those that are here already stay as they are."""
    claims: Sequence[tuple[UUID, Claim]] = ()
    """What the streams of these events take and give back, in order."""

    @property
    def names(self) -> set[Name]:
        """The names whose holders it may change."""
        return {(claim.kind, claim.key) for _, claim in self.claims}

    @property
    def reference(self) -> int:
        """The highest native number that it takes, or 0."""
        return highest_reference(self.names, 0)

    def settled(
        self, holders: Mapping[Name, UUID]
    ) -> tuple[list[tuple[str, str, UUID]], list[Name]]:
        """The claims to insert and those to delete, for who held these names before."""
        after = dict(holders)
        for stream, claim in self.claims:
            settle(claim, stream, after)
        return changed_claims(holders, after)


def behind(piece: Piece, position: int, place: str) -> int:
    """The position of the last event of a piece.

    Raises:
        NotNext: the log does not end where it begins.
    """
    if piece.after != position:
        raise NotNext(f"{place} ends at position {position}, not at {piece.after}: who writes it?")
    return position + len(piece.events)


def unknown(answers: Iterable[Answer], known: Mapping[UUID, object]) -> list[Answer]:
    """The answers that are not here yet."""
    return [answer for answer in answers if answer[0] not in known]
