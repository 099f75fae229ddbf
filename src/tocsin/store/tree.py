"""The hash tree as a store keeps it: its right edge with the head, its larger subtrees as rows.

Heights 4, 8, 12, ... are kept, one row for sixteen events. Whatever lies between is worked out when
somebody asks for a proof: from at most fifteen neighbours of a row, or from sixteen events. So a
proof costs two questions and a few hundred rows, however long the log is.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from tocsin.ledger.merkle import (
    EMPTY,
    KEPT_HEIGHTS,
    Frontier,
    Node,
    Range,
    complete_subtrees,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    range_hash,
)
from tocsin.store.entries import StoreUnavailable

logger = logging.getLogger(__name__)

SUBTREES_AT_ONCE = 400
"""Subtrees that one question asks about."""
CATCH_UP_EVENTS = 5_000
"""Events that one transaction adds to a tree that was left behind."""
SAY_SECONDS = 5.0
"""How often a catching up says how far it is."""

Place = tuple[int, int]
"""A height, and a number at it: one complete subtree."""
Span = tuple[int, int, int]
"""A height, and the first and the last number at it."""


class NotInTree(LookupError):
    """There is no such tree, or no such event in it. The sentence says how far the tree goes."""


class Altered(StoreUnavailable):
    """What is there cannot have come about by itself, so nothing is added to it."""

    def __init__(self, place: str, what: str) -> None:
        super().__init__(
            f"{place} was changed from outside: {what}. `tocsin verify` says where; restore a"
            " backup."
        )


@dataclass(frozen=True)
class Checkpoint:
    """What was said, and signed, about the tree when it had so many events."""

    size: int
    note: str
    made_at: datetime


@dataclass(frozen=True)
class Attestation:
    """What somebody outside said about a checkpoint: that they have it, or when they saw it."""

    size: int
    place: str
    """Who or where: a file, an address."""
    kind: str
    body: bytes
    made_at: datetime


class Tree(ABC):
    """The tree of one log, what was said about it, and proofs of any tree that it ever was."""

    def __init__(self, place: str) -> None:
        self.place = place
        self._seen = 0

    @abstractmethod
    def frontier(self) -> Frontier:
        """The right edge of the tree as it is committed."""

    @abstractmethod
    def nodes(self, spans: Sequence[Span]) -> list[Node]:
        """The kept subtrees within these spans."""

    @abstractmethod
    def leaves(self, spans: Sequence[Span]) -> list[tuple[int, bytes]]:
        """Positions and stored bytes of the events that are the leaves of these spans."""

    @abstractmethod
    def add_checkpoint(self, size: int, note: str, made_at: datetime) -> bool:
        """Keep a checkpoint for ever. False, and nothing is kept, when that size has one."""

    @abstractmethod
    def checkpoints(self, after: int, limit: int) -> list[Checkpoint]:
        """The checkpoints of more than `after` events, smallest first."""

    @abstractmethod
    def latest_checkpoint(self) -> Checkpoint | None:
        """The checkpoint of the most events."""

    @abstractmethod
    def add_attestation(self, attestation: Attestation) -> None:
        """Keep an attestation for ever. Keeping the same again changes nothing."""

    @abstractmethod
    def attestations(
        self, size: int | None, limit: int, place: str = "", kind: str = ""
    ) -> list[Attestation]:
        """The latest attestations by size and then by time: of one checkpoint or of all, of a place
        and a kind or of all."""

    def size(self, size: int | None = None) -> int:
        """That of the tree as it is committed, or this one, if the tree ever had it.

        Raises:
            NotInTree: it has not so many events yet.
        """
        if size is None or size > self._seen:
            self._seen = self.frontier().size
        if size is None:
            return self._seen
        if not 0 <= size <= self._seen:
            raise NotInTree(f"The tree has {self._seen} events; there is none of {size}.")
        return size

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree as it is committed, or as it was with so many events.

        Raises:
            NotInTree: it never had so many.
        """
        if size is None:
            return self.frontier().root()
        return self.hashes([(0, size)])[0] if self.size(size) else EMPTY

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """The proof that the event at this position is in the tree of so many events.

        Raises:
            NotInTree: it is not, or there is no such tree.
        """
        if not 1 <= position <= self.size(size):
            raise NotInTree(f"The tree of {size} events has no position {position}.")
        return self.hashes(inclusion_ranges(position - 1, size))

    def consistency(self, old: int, size: int) -> list[bytes]:
        """The proof that the tree of `old` events is how the tree of `size` begins.

        Raises:
            NotInTree: there are no such trees.
        """
        if not 0 <= old <= self.size(size):
            raise NotInTree(f"The tree of {size} events never had {old}.")
        return self.hashes(consistency_ranges(old, size))

    def hashes(self, ranges: Iterable[Range]) -> list[bytes]:
        """The roots of these subtrees, each of the leaves `first <= leaf < end`.

        Raises:
            StoreUnavailable: rows are missing that must be there.
        """
        ranges = list(ranges)
        wanted = list(dict.fromkeys(part for each in ranges for part in complete_subtrees(each)))
        known: dict[Place, bytes] = {}
        for start in range(0, len(wanted), SUBTREES_AT_ONCE):
            known.update(self._known(wanted[start : start + SUBTREES_AT_ONCE]))

        def node(height: int, number: int) -> bytes:
            found = known.get((height, number))
            if found is not None:
                return found
            if not height % KEPT_HEIGHTS:
                first, last = number << height, ((number + 1) << height) - 1
                raise StoreUnavailable(
                    f"{self.place}: nothing is kept about positions {first + 1} to {last + 1} of"
                    " the tree: `tocsin verify` says what is wrong."
                )
            return node_hash(node(height - 1, 2 * number), node(height - 1, 2 * number + 1))

        return [range_hash(each, node) for each in ranges]

    def _known(
        self, subtrees: Iterable[tuple[int, int]]
    ) -> Iterator[tuple[tuple[int, int], bytes]]:
        spans = set(map(_span, subtrees))
        if above := [span for span in spans if span[0]]:
            for height, number, found in self.nodes(above):
                yield (height, number), found
        if below := [span for span in spans if not span[0]]:
            for position, body in self.leaves(below):
                yield (0, position - 1), leaf_hash(body)


def _span(subtree: Place) -> Span:
    """What of the rows that are kept makes up a subtree."""
    height, number = subtree
    up = height % KEPT_HEIGHTS
    return height - up, number << up, ((number + 1) << up) - 1


def edge(place: str, position: int, size: int, data: bytes) -> Frontier:
    """The right edge as the head has it.

    Raises:
        Altered: it does not fit the log, so that somebody changed one of the two.
    """
    try:
        if size > position:
            raise ValueError(f"the tree has {size} events, the log {position}")
        return Frontier.from_bytes(size, data)
    except ValueError as error:
        raise Altered(place, str(error)) from error


def extended(
    place: str, frontier: Frontier, rows: Sequence[tuple[int, bytes]], limit: int
) -> tuple[Frontier, list[Node]]:
    """The edge and the new nodes, with these further events, of which there must be `limit`.

    Raises:
        Altered: an event is missing.
    """
    first = frontier.size + 1
    if [position for position, _ in rows] != list(range(first, first + limit)):
        raise Altered(place, f"not all of the positions {first} to {first + limit - 1} are there")
    grown = frontier.copy()
    return grown, grown.extend(bytes(body) for _, body in rows)


def catch_up(place: str, page: Callable[[], tuple[int, int]]) -> None:
    """Add the events that the tree was left without, page by page, each in its transaction.

    `page` adds the next `CATCH_UP_EVENTS` at most, and says how far the tree and the log are.
    Whoever is stopped goes on where they were; several may do it at the same time.
    """
    began = said = monotonic()
    size, position = page()
    if size == position and position <= CATCH_UP_EVENTS:
        return
    logger.info("%s: the hash tree has %d of %d events; adding the rest", place, size, position)
    while size != position:
        size, position = page()
        if (now := monotonic()) - said > SAY_SECONDS:
            said = now
            logger.info("%s: the hash tree has %d of %d events", place, size, position)
    logger.info("%s: the hash tree is complete after %.1f s", place, monotonic() - began)
