"""Every stored event hashed again, against the tree that is kept and what was signed of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tocsin.audit.report.facts import MOST, Listed, Outside, Signed, Verification
from tocsin.ledger.checkpoints import Signed as SignedNote
from tocsin.ledger.merkle import Frontier
from tocsin.ledger.notary import ADOPTED, KEY
from tocsin.ledger.vkeys import BadNote, Vkey
from tocsin.store.tree import Attestation, Checkpoint

CHECKPOINTS_AT_ONCE = 500
OUTSIDE = 20
"""Places outside that one checkpoint names."""


class Kept(Protocol):
    """What is read of the log and its tree."""

    def tree(self) -> tuple[int, list[bytes]]: ...

    def checkpoints(self, after: int = 0, limit: int = ..., /) -> list[Checkpoint]: ...

    def attestations(self, size: int | None = None, limit: int = ..., /) -> list[Attestation]: ...


Wanted = Callable[[Checkpoint], bool]
"""Whether a checkpoint belongs into the period."""


@dataclass
class Check:
    """The tree worked out anew, page by page, and compared at every checkpoint on the way."""

    log: Kept
    keys: Sequence[Vkey]
    wanted: Wanted
    tree: Frontier = field(default_factory=Frontier)
    compared: int = 0
    faulty: int = 0
    faults: list[str] = field(default_factory=list)
    count: int = 0
    named: list[Signed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ahead = self._checkpoints()
        self._next = next(self._ahead, None)

    def _checkpoints(self) -> Iterator[Checkpoint]:
        after = 0
        while page := self.log.checkpoints(after, CHECKPOINTS_AT_ONCE):
            yield from page
            after = page[-1].size

    def add(self, bodies: Sequence[bytes]) -> None:
        """Take in the next events of the log."""
        done, end = 0, self.tree.size + len(bodies)
        while (point := self._next) is not None and point.size <= end:
            until = done + point.size - self.tree.size
            self.tree.extend(bodies[done:until])
            done = until
            self._compare(point)
            self._next = next(self._ahead, None)
        self.tree.extend(bodies[done:])

    def _compare(self, point: Checkpoint) -> None:
        try:
            said = SignedNote.trusted(point.note, self.keys).checkpoint
        except BadNote as error:
            self.fault(f"The checkpoint of {point.size} events is not sound: {error}")
            return
        if (said.size, said.root) != (point.size, self.tree.root()):
            self.fault(
                f"The first {point.size} events give the root {self.tree.root().hex()}; its"
                f" checkpoint says {said.root.hex()} of {said.size}."
            )
        self.compared += 1
        if self.wanted(point):
            self.count += 1
            if len(self.named) < MOST:
                self.named.append(self.signed(point))

    def signed(self, point: Checkpoint) -> Signed:
        """A checkpoint, with those outside who have it."""
        found = [
            each
            for each in self.log.attestations(point.size, OUTSIDE)
            if each.kind not in (KEY, ADOPTED)
        ]
        return Signed(
            size=point.size,
            root=SignedNote.read(point.note).checkpoint.root.hex(),
            made_at=point.made_at,
            outside=[Outside(place=a.place, kind=a.kind, at=a.made_at) for a in found],
        )

    def fault(self, says: str) -> None:
        """Note that something is wrong."""
        self.faulty += 1
        if len(self.faults) < MOST:
            self.faults.append(says)

    def outcome(self, last: int | None) -> Verification:
        """What came of it. `last` is the position of the period's last event."""
        unread = [*filter(None, [self._next]), *self._ahead]
        # Behind the checkpoints, so that one that is just being made is of no more than there is.
        size, hashes = self.log.tree()
        if size and size == self.tree.size and hashes != self.tree.hashes:
            self.fault(
                f"The {size} events do not give the tree that is kept: they were changed, or it."
            )
        for point in unread:
            if point.size > max(size, self.tree.size):
                self.fault(
                    f"A checkpoint is of {point.size} events, and there are only {self.tree.size}:"
                    " events are missing at the end."
                )
        covering = self.log.checkpoints(last - 1, 1) if last else []
        sound = [point for point in covering if _readable(point)]
        return Verification(
            events=self.tree.size,
            root=self.tree.root().hex(),
            kept=bool(size) or not self.tree.size,
            checkpoints=self.compared,
            keys=[str(key) for key in self.keys],
            covering=self.signed(sound[0]) if sound else None,
            faults=Listed(count=self.faulty, named=self.faults),
        )


def _readable(point: Checkpoint) -> bool:
    try:
        SignedNote.read(point.note)
    except BadNote:
        return False
    return True
