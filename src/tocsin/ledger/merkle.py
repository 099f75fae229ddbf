"""The hash tree over the log, and short proofs about it: this event is in it, this is how it began.

A Merkle tree as in RFC 6962 and RFC 9162, section 2.1, over SHA-256. Leaf `n` is the event at
position `n + 1`, hashed as stored. A subtree is named by its height and its number among those of
that height: `(4, 2)` stands for leaves 32 to 47. Whoever makes a proof needs the tree, by way of a
function that knows the hash of any complete subtree. Whoever checks one needs nothing but the
proof: `verify_inclusion` and `verify_consistency` are the algorithms of RFC 9162, sections 2.1.3.2
and 2.1.4.2.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

EMPTY = sha256(b"").digest()
"""The root of a tree without leaves."""
HASH_BYTES = 32
KEPT_HEIGHTS = 4
"""Subtrees of 16, 256, 4,096, ... leaves are worth keeping: heights 4, 8, 12, ..."""
BLOCK = 1 << KEPT_HEIGHTS
"""Leaves of the smallest subtree that is kept."""

Node = tuple[int, int, bytes]
"""Height, number and hash of a complete subtree."""

LARGEST = 1 << 62
"""More leaves than any tree has: a bound for sizes that others claim."""
LONGEST = 64
"""More hashes than a proof about such a tree has."""

Range = tuple[int, int]
"""The leaves `first <= leaf < end`."""
Source = Callable[[int, int], bytes]
"""The hash of the complete subtree of a height and a number."""


class BadProof(Exception):
    """It does not prove what it should, or it is no proof at all."""


def leaf_hash(body: bytes) -> bytes:
    """The hash of one event as it is stored."""
    return sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbouring subtrees together."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree of which only the right edge is known: enough to go on, and to say its root.

    It holds the roots of the complete subtrees that the leaves fall into, largest first: one for
    each bit that is set in `size`.
    """

    __slots__ = ("hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count():
            raise ValueError(f"{len(hashes)} hashes are not the frontier of {size} leaves")
        if any(len(each) != HASH_BYTES for each in hashes):
            raise ValueError(f"a hash of the frontier is not {HASH_BYTES} bytes long")
        self.size = size
        self.hashes = list(hashes)

    def append(self, leaf: bytes) -> list[Node]:
        """Add one leaf by its hash; return the subtrees worth keeping that it completes."""
        if len(leaf) != HASH_BYTES:
            raise ValueError(f"the hash of a leaf has {HASH_BYTES} bytes, not {len(leaf)}")
        return self._grow((leaf,))

    def extend(self, bodies: Iterable[bytes]) -> list[Node]:
        """Add events as they are stored; return the subtrees worth keeping that they complete."""
        return self._grow([sha256(b"\x00" + body).digest() for body in bodies])

    def _grow(self, leaves: Sequence[bytes]) -> list[Node]:
        # This stands in the transaction of every command: hence no calls, and few names.
        size, hashes, completed = self.size, self.hashes, list[Node]()
        for leaf in leaves:
            size += 1
            node, height, number = leaf, 0, size
            while not number & 1:
                node = sha256(b"\x01" + hashes.pop() + node).digest()
                number >>= 1
                height += 1
                if not height & (KEPT_HEIGHTS - 1):
                    completed.append((height, number - 1, node))
            hashes.append(node)
        self.size = size
        return completed

    def root(self) -> bytes:
        """The hash that stands for all leaves and their order."""
        if not self.hashes:
            return EMPTY
        *larger, root = self.hashes
        for left in reversed(larger):
            root = node_hash(left, root)
        return root

    def copy(self) -> "Frontier":
        """One that grows by itself."""
        return Frontier(self.size, self.hashes)

    def to_bytes(self) -> bytes:
        """The hashes one behind the other, largest subtree first."""
        return b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> "Frontier":
        """The frontier of `size` leaves, as `to_bytes` wrote it.

        Raises:
            ValueError: these bytes are not the frontier of a tree of that size.
        """
        places = range(0, len(data), HASH_BYTES)
        return cls(size, [data[place : place + HASH_BYTES] for place in places])


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees whose roots prove leaf `index` to be in the tree of `size`, lowest first.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    found: list[Range] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first = middle
    return found[::-1]


def consistency_ranges(old: int, size: int) -> list[Range]:
    """The subtrees whose roots prove the tree of `old` leaves to be how that of `size` begins.

    Raises:
        ValueError: there are no such trees.
    """
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves never had {old}")
    if old in (0, size):
        return []
    found: list[Range] = []
    first, end, whole = 0, size, True
    while old != end:
        middle = first + _split(end - first)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first, whole = middle, False
    if not whole:
        found.append((first, end))
    return found[::-1]


def complete_subtrees(leaves: Range) -> Iterator[tuple[int, int]]:
    """Height and number of the complete subtrees that a range consists of, left to right.

    Raises:
        ValueError: it is not the range of a subtree of any tree.
    """
    first, end = leaves
    if not 0 <= first < end or first & ((1 << (end - first - 1).bit_length()) - 1):
        raise ValueError(f"no subtree has the leaves {first} to {end - 1}")
    while first < end:
        height = (end - first).bit_length() - 1
        yield height, first >> height
        first += 1 << height


def range_hash(leaves: Range, node: Source) -> bytes:
    """The root of a subtree that may lack leaves at its right edge."""
    *larger, (height, number) = complete_subtrees(leaves)
    root = node(height, number)
    for height, number in reversed(larger):
        root = node_hash(node(height, number), root)
    return root


def inclusion_path(index: int, size: int, node: Source) -> list[bytes]:
    """The proof that leaf `index` is in the tree of `size`."""
    return [range_hash(leaves, node) for leaves in inclusion_ranges(index, size)]


def consistency_path(old: int, size: int, node: Source) -> list[bytes]:
    """The proof that the tree of `old` leaves is how the tree of `size` begins."""
    return [range_hash(leaves, node) for leaves in consistency_ranges(old, size)]


def verify_inclusion(leaf: Any, index: Any, size: Any, path: Any, root: Any) -> None:
    """Make sure that a leaf with this hash is number `index` of the tree of `size` and `root`.

    Raises:
        BadProof: it is not proved. Nothing else is raised, whatever the arguments are.
    """
    hashes = _hashes(path)
    place, last = _number(index, "index"), _number(size, "size") - 1
    found, wanted = _hash(leaf, "leaf"), _hash(root, "root")
    if place > last:
        raise BadProof(f"A tree of {size} leaves has no leaf {index}.")
    for each in hashes:
        if not last:
            raise BadProof("The path has more hashes than it needs.")
        if place & 1 or place == last:
            found = node_hash(each, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, each)
        place, last = place >> 1, last >> 1
    if last:
        raise BadProof("The path has fewer hashes than it needs.")
    if found != wanted:
        raise BadProof(f"Leaf {index} with this path gives another root.")


def verify_consistency(old: Any, size: Any, old_root: Any, root: Any, path: Any) -> None:
    """Make sure that the tree of `old` leaves and `old_root` is how that of `size` began.

    Raises:
        BadProof: it is not proved. Nothing else is raised, whatever the arguments are.
    """
    hashes = _hashes(path)
    before, after = _number(old, "old size"), _number(size, "size")
    known, wanted = _hash(old_root, "old root"), _hash(root, "root")
    if before > after:
        raise BadProof(f"A tree of {size} leaves is not the beginning of one of {old}.")
    if not before or before == after:
        expected = wanted if before else EMPTY
        if hashes or known != expected or (not after and wanted != EMPTY):
            raise BadProof("The roots are not those of one tree.")
        return
    if not before & (before - 1):
        hashes.insert(0, known)
    if not hashes:
        raise BadProof("The path has fewer hashes than it needs.")
    if _both_roots(before - 1, after - 1, hashes) != (known, wanted):
        raise BadProof(f"The tree of {old} leaves is not how the tree of {size} begins.")


def _both_roots(place: int, last: int, hashes: list[bytes]) -> tuple[bytes, bytes]:
    """The roots that the hashes give for the older tree and for the newer one."""
    while place & 1:
        place, last = place >> 1, last >> 1
    older = newer = hashes[0]
    for each in hashes[1:]:
        if not last:
            raise BadProof("The path has more hashes than it needs.")
        if place & 1 or place == last:
            older, newer = node_hash(each, older), node_hash(each, newer)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            newer = node_hash(newer, each)
        place, last = place >> 1, last >> 1
    if last:
        raise BadProof("The path has fewer hashes than it needs.")
    return older, newer


def _split(leaves: int) -> int:
    """The largest power of two that is smaller: so many leaves go to the left."""
    return 1 << ((leaves - 1).bit_length() - 1)


def _number(value: Any, what: str) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise BadProof(f"The {what} is not a number from 0 to {LARGEST}.")
    return int(value)


def _hash(value: Any, what: str) -> bytes:
    if type(value) is not bytes or len(value) != HASH_BYTES:
        raise BadProof(f"The {what} is not {HASH_BYTES} bytes.")
    return bytes(value)


def _hashes(path: Any) -> list[bytes]:
    if type(path) not in (list, tuple) or len(path) > LONGEST:
        raise BadProof(f"The path is not a list of up to {LONGEST} hashes.")
    return [_hash(each, "hash in the path") for each in path]
