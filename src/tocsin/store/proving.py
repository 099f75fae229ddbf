"""What the log proves: its hash tree, proofs from it, and what was said and signed about it."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from tocsin.ledger.merkle import Node, Range
from tocsin.store.recorder import LogRecorder
from tocsin.store.tree import Attestation, Checkpoint, Span

NOTES_AT_ONCE = 1_000
"""Checkpoints or attestations that one question returns."""


class Proving:
    """The part of a log that is about its hash tree: leaf `n` is the event at position `n + 1`."""

    _recorder: LogRecorder

    def tree(self) -> tuple[int, list[bytes]]:
        """Size and right edge of the hash tree as they are committed: the roots of the complete
        subtrees that its leaves fall into, largest first."""
        frontier = self._recorder.tree.frontier()
        return frontier.size, frontier.hashes

    def tree_root(self, size: int | None = None) -> bytes:
        """The root of the tree as it is committed, or as it was with so many events.

        Raises:
            NotInTree: it never had so many.
        """
        return self._recorder.tree.root(size)

    def tree_hashes(self, ranges: Iterable[Range]) -> list[bytes]:
        """The roots of these subtrees, each of the leaves `first <= leaf < end`, where leaf
        `n` is the event at position `n + 1`.

        Raises:
            ValueError: no tree has such a subtree.
            StoreUnavailable: the tree does not go so far.
        """
        return self._recorder.tree.hashes(ranges)

    def tree_nodes(self, spans: Sequence[Span]) -> list[Node]:
        """The subtrees that are kept at a height, from one number to another."""
        return self._recorder.tree.nodes(spans)

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """The proof that the event at this position is in the tree of so many events.

        Raises:
            NotInTree: it is not, or there is no such tree yet.
        """
        return self._recorder.tree.inclusion(position, size)

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the tree of `old` events is how the tree of `size` begins.

        Raises:
            NotInTree: there are no such trees.
        """
        return self._recorder.tree.consistency(old, size)

    def add_checkpoint(self, size: int, note: str, made_at: datetime) -> bool:
        """Keep a checkpoint for ever, durably. False, and nothing is kept, when that size has one.

        Raises:
            StoreUnavailable: it is not known whether it is kept, or this is only a reader.
        """
        return self._recorder.tree.add_checkpoint(size, note, made_at.astimezone(UTC))

    def checkpoints(self, after: int = 0, limit: int = NOTES_AT_ONCE) -> list[Checkpoint]:
        """The first checkpoints of more than `after` events, smallest first."""
        return self._recorder.tree.checkpoints(after, limit)

    def latest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the most events."""
        return self._recorder.tree.latest_checkpoint()

    def add_attestation(
        self, size: int, place: str, kind: str, body: bytes, made_at: datetime
    ) -> None:
        """Keep for ever, durably, what somebody outside said about a checkpoint.

        Raises:
            StoreUnavailable: it is not known whether it is kept, or this is only a reader.
        """
        at = made_at.astimezone(UTC)
        self._recorder.tree.add_attestation(Attestation(size, place, kind, body, at))

    def attestations(
        self,
        size: int | None = None,
        limit: int = NOTES_AT_ONCE,
        *,
        place: str = "",
        kind: str = "",
    ) -> list[Attestation]:
        """The latest attestations by size and then by time: of one checkpoint or of all, of a place
        and a kind or of all."""
        return self._recorder.tree.attestations(size, limit, place, kind)
