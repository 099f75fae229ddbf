"""The hash tree: do the events, read again, give the tree that was kept and signed?

A root alone says that some event is another one. Which, is known to sixteen events where the store
kept their subtree, and to the events between two checkpoints where somebody altered that, too.
"""

from base64 import b64encode
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tocsin.cli.verification.findings import Findings
from tocsin.ledger.checkpoints import Signed
from tocsin.ledger.merkle import Frontier, Node, complete_subtrees
from tocsin.ledger.vkeys import BadNote
from tocsin.store.log import Log
from tocsin.store.tree import Altered, Checkpoint

CHECK = "tree"
CHECKPOINTS = 1_000
"""Checkpoints that are fetched at a time."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """How far the tree was followed, and what it was compared with."""

    kept: int
    """The events that it has in the store."""
    followed: int
    """The events that were hashed again, from the first."""
    root: str
    """The root that they give, in base64 as in a checkpoint."""
    checkpoints: int
    """The checkpoints whose root they give, too."""


@dataclass
class TreeCheck:
    """Grows the tree anew from the events in order, and compares it wherever it can."""

    log: Log
    findings: Findings
    kept: Frontier = field(default_factory=Frontier)
    _grown: Frontier = field(default_factory=Frontier)
    _checkpoints: "Iterator[Checkpoint]" = field(init=False)
    _next: Checkpoint | None = field(init=False)
    _agreed: int = 0
    """The size of the last checkpoint that agreed."""
    _agreeing: int = 0
    _apart: bool = False
    """A checkpoint did not agree, so that no later one can."""
    _altered: list[int] = field(default_factory=list)
    """The first leaves of subtrees that are not what was kept, in order."""
    _gap: bool = False

    def __post_init__(self) -> None:
        """What is kept is read first: whatever is committed later leaves it as it is."""
        self._checkpoints = _all_checkpoints(self.log)
        self._next = next(self._checkpoints, None)
        try:
            self.kept = Frontier(*self.log.tree())
        except Altered as fault:
            self.findings.add(CHECK, str(fault))

    def add(self, page: Sequence[tuple[int, bytes]]) -> None:
        """Take the next events. Behind a gap there is nothing to compare any more."""
        while page and not self._gap:
            stops = [self.kept.size, self._next.size if self._next else 0]
            room = min((stop for stop in stops if stop > self._grown.size), default=1 << 62)
            some, page = page[: room - self._grown.size], page[room - self._grown.size :]
            first = self._grown.size + 1
            if [position for position, _ in some] != list(range(first, first + len(some))):
                self._gap = True
                return
            self._compare_nodes(self._grown.extend(bytes(body) for _, body in some))
            if self._grown.size == self.kept.size:
                self._compare_edge()
            while self._next and self._next.size <= self._grown.size:
                self._compare_checkpoint(self._next)
                self._next = next(self._checkpoints, None)

    def finish(self) -> Followed:
        """Say how far it went. A checkpoint of more events than there are is a fault."""
        head = self.log.head()
        if self._next and self._next.size > head:
            says = f"a checkpoint of {self._next.size:,} events was made, the log has {head:,}"
            self.findings.add(CHECK, f"{says}: its end is gone")
        return Followed(
            kept=self.kept.size,
            followed=self._grown.size,
            root=b64encode(self._grown.root()).decode(),
            checkpoints=self._agreeing,
        )

    def _compare_nodes(self, completed: list[Node]) -> None:
        """Compare the subtrees that are kept as rows, the smallest first: they say most."""
        for height, nodes in groupby(sorted(completed), key=lambda node: node[0]):
            ours = {number: found for _, number, found in nodes}
            spans = [(height, min(ours), max(ours))]
            theirs = {number: found for _, number, found in self.log.tree_nodes(spans)}
            for number, found in ours.items():
                first, end = number << height, (number + 1) << height
                if number not in theirs:
                    if end <= self.kept.size:
                        self._lacks(first, end)
                elif theirs[number] != found:
                    self._differs(first, end)

    def _lacks(self, first: int, end: int) -> None:
        says = f"nothing is kept about positions {first + 1} to {end}, though they are in the tree"
        self.findings.add(CHECK, says, position=first + 1)

    def _differs(self, first: int, end: int) -> None:
        place = bisect_left(self._altered, first)
        if place < len(self._altered) and self._altered[place] < end:
            return  # it is a part of these that differs, and that is named
        self._altered.insert(place, first)
        some = f"an event from position {first + 1} to {end}"
        says = f"{some} was altered, or what the tree keeps of them"
        self.findings.add(CHECK, says, position=first + 1)

    def _compare_edge(self) -> None:
        """Compare the right edge that the head keeps."""
        if self._grown.hashes == self.kept.hashes or not self.kept.size:
            return
        parts = list(complete_subtrees((0, self.kept.size)))
        for (height, number), ours, theirs in zip(
            parts, self._grown.hashes, self.kept.hashes, strict=True
        ):
            if ours != theirs:
                self._differs(number << height, (number + 1) << height)

    def _compare_checkpoint(self, kept: Checkpoint) -> None:
        """Compare what was signed. The signatures are another matter."""
        try:
            said = Signed.read(kept.note).checkpoint
        except BadNote as fault:
            says = f"the checkpoint of {kept.size:,} events cannot be read: {fault}"
            self.findings.add(CHECK, says, position=kept.size)
            return
        if (said.size, said.root) == (kept.size, self._grown.root()):
            self._agreed, self._agreeing = kept.size, self._agreeing + 1
        elif not self._apart:
            self._apart = True
            since = self._agreed + 1
            some = f"an event from position {since} to {kept.size}"
            says = f"{some} was altered since the checkpoint of {kept.made_at:%Y-%m-%d %H:%M} UTC"
            self.findings.add(CHECK, says, position=since)


def _all_checkpoints(log: Log) -> Iterator[Checkpoint]:
    after = 0
    while page := log.checkpoints(after, CHECKPOINTS):
        yield from page
        after = page[-1].size
