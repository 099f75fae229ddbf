"""One proof for many events: the hashes of what lies between them.

Leaf `n` is the event at position `n + 1`. The leaves that are not exported are split into the
largest subtrees that hold none of the exported ones and that end at every size whose root is to be
compared; their hashes, from left to right, are the proof. So the root of the whole tree, and of
each of these smaller ones, follows from the events and these hashes alone.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from tocsin.ledger.merkle import Range


def between(positions: Sequence[int], size: int, cuts: Iterable[int] = ()) -> Iterator[Range]:
    """The subtrees whose hashes prove these positions to be in the tree of this size, which
    began with the trees of the sizes `cuts`."""
    ends = sorted({cut for cut in cuts if 0 < cut < size} | {size})
    for first, end in _gaps(positions, size):
        start = first
        for cut in ends[bisect_right(ends, first) : bisect_left(ends, end)]:
            yield from _subtrees(start, cut, size)
            start = cut
        yield from _subtrees(start, end, size)


def _gaps(positions: Sequence[int], size: int) -> Iterator[Range]:
    if isinstance(positions, range):
        runs: Iterable[Range] = [(positions.start - 1, positions.stop - 1)] if positions else []
    else:
        runs = ((position - 1, position) for position in positions)
    before = 0
    for first, end in runs:
        if before < first:
            yield before, first
        before = end
    if before < size:
        yield before, size


def _subtrees(first: int, end: int, size: int) -> Iterator[Range]:
    while first < end:
        highest = first & -first or 1 << 64
        step = min(highest, 1 << ((end - first).bit_length() - 1))
        if end == size and step < highest:
            yield first, end  # the right edge: what there is of one subtree
            return
        yield first, first + step
        first += step
